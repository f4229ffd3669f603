/*
 * whatsapp_media: files of the Cloud API. A customer's has an id that lives a week and
 * leads to a URL for five minutes; both want the token. An agent's goes by link.
 *
 * Source: channels/whatsapp.md sections 5 and 6; read 2026-12-01.
 */
#include "whatsapp.h"

#include "gateway/form.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"
#include "saying.h"

/* Source: section 5, "Limits". */
#define CAPTION_MAX 1024
/* An id, each byte escaped. */
#define FETCH_ID_BYTES ((size_t)3 * LIMIT_ID_BYTES)

/* ---- what a customer sent ---- */

enum step { STEP_LOOK_UP, STEP_GET };

static void add_token(const struct fetch *fetch, struct exchange *exchange)
{
    const struct whatsapp_settings *own = fetch->bridge->settings;
    exchange_bearer(exchange, str_of(own->app.access_token), fetch->arena);
}

static enum fetch_step look_up(struct fetch *fetch, struct fetch_result *out)
{
    const struct whatsapp_settings *own = fetch->bridge->settings;
    CLEANUP(buf_release) struct buf id;

    buf_init(&id, FETCH_ID_BYTES);
    percent_encode(&id, fetch->attachment->ref);
    out->exchange = (struct exchange){
        .method = "GET",
        .url = arena_printf(fetch->arena, "%s/%s/%.*s", own->app.graph_url,
                            own->app.graph_version, STR_ARG(buf_str(&id)))
                   .ptr,
    };
    add_token(fetch, &out->exchange);
    return FETCH_EXCHANGE;
}

/* Where the token may go: Meta's host of files, and the one of the configuration. */
static bool knows_host(const struct whatsapp_settings *own, struct str url,
                       bool *out_is_outside)
{
    struct str graph = str_of(own->app.graph_url);
    size_t len = strlen(own->media_host);
    struct str secure = STR("https://");

    *out_is_outside = true;
    if (str_starts(url, graph) && url.len > graph.len && url.ptr[graph.len] == '/') {
        *out_is_outside = false;
        return true;
    }
    if (!str_starts(url, secure))
        return false;
    struct str host = str_sub(url, secure.len, url.len);
    return str_starts(host, str_of(own->media_host)) && host.len > len &&
           host.ptr[len] == '/';
}

static enum fetch_step get(struct fetch *fetch, const struct reply *reply,
                           struct fetch_result *out)
{
    const struct whatsapp_settings *own = fetch->bridge->settings;
    CLEANUP(json_freep) struct json *body = fetch_read(reply);
    struct str url = member_text(body, "url");
    bool is_outside = true;

    if (url.len == 0)
        return fetch_missing(out, REASON_GENERAL_ERROR,
                             STR("WhatsApp did not say where it is"));
    if (!knows_host(own, url, &is_outside))
        return fetch_missing(
            out, REASON_GENERAL_ERROR,
            STR("it is on a host that is not media_host of the bridge"));
    fetch->step = STEP_GET;
    enum fetch_step step = fetch_get(fetch, url, is_outside, out);
    add_token(fetch, &out->exchange);
    return step;
}

enum fetch_step whatsapp_fetch_next(struct fetch *fetch, const struct reply *last,
                                    struct now now, struct fetch_result *out)
{
    (void)now;
    if (last == NULL)
        return look_up(fetch, out);
    if (fetch->step == STEP_LOOK_UP && reply_is_success(last))
        return get(fetch, last, out);
    return fetch_refused(fetch, last, out);
}

/* ---- what an agent sends ---- */

enum whatsapp_form { FORM_IMAGE, FORM_AUDIO, FORM_VIDEO, FORM_DOCUMENT };

static const char *const types[] = {
    [FORM_IMAGE] = "image",
    [FORM_AUDIO] = "audio",
    [FORM_VIDEO] = "video",
    [FORM_DOCUMENT] = "document",
};

const struct file_form whatsapp_file_forms[WHATSAPP_FILE_FORMS] = {
    {"image/jpeg", MEBIBYTES(5),   FORM_IMAGE,    CAPTION_MAX},
    {"image/png",  MEBIBYTES(5),   FORM_IMAGE,    CAPTION_MAX},
    {"audio/aac",  MEBIBYTES(16),  FORM_AUDIO,    0          },
    {"audio/amr",  MEBIBYTES(16),  FORM_AUDIO,    0          },
    {"audio/mpeg", MEBIBYTES(16),  FORM_AUDIO,    0          },
    {"audio/mp4",  MEBIBYTES(16),  FORM_AUDIO,    0          },
    {"audio/ogg",  MEBIBYTES(16),  FORM_AUDIO,    0          },
    {"video/mp4",  MEBIBYTES(16),  FORM_VIDEO,    CAPTION_MAX},
    {"video/3gpp", MEBIBYTES(16),  FORM_VIDEO,    CAPTION_MAX},
    {"",           MEBIBYTES(100), FORM_DOCUMENT, CAPTION_MAX},
};

const char *whatsapp_file_type(int form)
{
    return types[form];
}

void whatsapp_add_file(struct json *body, const struct saying *saying)
{
    struct json *part = json_add_object(body, types[saying->form]);

    json_add_str(part, "link", saying->file->link);
    member_add_text(part, "caption", saying->caption);
    if (saying->form == FORM_DOCUMENT)
        json_add_str(part, "filename", saying->file->name);
}
