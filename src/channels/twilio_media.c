/*
 * twilio_media: files. A customer's has a URL of the REST API, which may want the
 * account's credentials and answers with a redirect to where the file is: nobody there
 * is told of them. An agent's goes as a link of ours, which Twilio fetches.
 *
 * Source: channels/twilio.md sections 5 and 6; read 2026-12-01.
 */
#include "twilio.h"

/* ---- what a customer sent ---- */

void twilio_credentials(const struct twilio_settings *own, struct exchange *exchange,
                        struct arena *arena)
{
    if (own->api_key != NULL)
        exchange_basic(exchange, own->api_key, own->api_key_secret, arena);
    else
        exchange_basic(exchange, own->account_sid, own->auth_tokens.items[0], arena);
}

enum fetch_step twilio_fetch_next(struct fetch *fetch, const struct reply *last,
                                  struct now now, struct fetch_result *out)
{
    const struct twilio_settings *own = fetch->bridge->settings;
    struct str url = fetch->attachment->url;
    struct str api = arena_printf(fetch->arena, "%s/", own->api_url);

    if (!str_starts(url, api))
        return fetch_url(fetch, last, now, out);
    if (last != NULL)
        return fetch_refused(fetch, last, out);
    enum fetch_step step = fetch_get(fetch, url, false, out);
    twilio_credentials(own, &out->exchange, fetch->arena);
    return step;
}

/* ---- what an agent sends ---- */

static const struct file_form mms_forms[] = {
    {"image/jpeg", MEBIBYTES(5),   0, TWILIO_TEXT_MAX},
    {"image/png",  MEBIBYTES(5),   0, TWILIO_TEXT_MAX},
    {"image/gif",  MEBIBYTES(5),   0, TWILIO_TEXT_MAX},
    {"audio/",     KIBIBYTES(500), 0, TWILIO_TEXT_MAX},
    {"video/",     KIBIBYTES(500), 0, TWILIO_TEXT_MAX},
};

/* *unsure*: the types; those that WhatsApp itself takes. There pictures and films have
 * captions. */
static const struct file_form whatsapp_forms[] = {
    {"image/jpeg",      MEBIBYTES(16), 0, TWILIO_TEXT_MAX},
    {"image/png",       MEBIBYTES(16), 0, TWILIO_TEXT_MAX},
    {"audio/mpeg",      MEBIBYTES(16), 0, 0              },
    {"audio/ogg",       MEBIBYTES(16), 0, 0              },
    {"video/mp4",       MEBIBYTES(16), 0, TWILIO_TEXT_MAX},
    {"application/pdf", MEBIBYTES(16), 0, 0              },
};

/* Where MMS is not there, a message with a file would be refused as a whole. */
void twilio_file_forms(const struct twilio_settings *own, struct str to,
                       struct capabilities *out)
{
    bool is_whatsapp = str_starts(to, TWILIO_WHATSAPP);

    out->file_forms = is_whatsapp ? whatsapp_forms : mms_forms;
    out->file_form_count = is_whatsapp ? COUNT_OF(whatsapp_forms) : COUNT_OF(mms_forms);
    if (!is_whatsapp && !own->mms)
        out->file_form_count = 0;
}
