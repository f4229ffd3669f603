/*
 * telegram_media: files of the Bot API. A customer's is looked up by its id and has the
 * bot's token in its URL; an agent's is uploaded, for by link the service takes few
 * types only.
 *
 * Source: channels/telegram.md sections 6 and 7; read 2026-12-01.
 */
#include "telegram.h"

#include "gateway/json.h"
#include "gateway/limits.h"
#include "gateway/member.h"
#include "gateway/reply.h"
#include "multipart.h"
#include "saying.h"

#define UPLOAD_MAX MEBIBYTES(50)
#define PHOTO_MAX MEBIBYTES(10)
#define CAPTION_MAX 1024

/* ---- what a customer sent ---- */

enum step { STEP_LOOK_UP, STEP_GET };

static enum fetch_step look_up(struct fetch *fetch, struct fetch_result *out)
{
    const struct telegram_settings *own = fetch->bridge->settings;
    CLEANUP(json_freep) struct json *body = json_new_object();
    struct error err;

    json_add_str(body, "file_id", fetch->attachment->ref);
    if (exchange_post(&out->exchange, telegram_url(own, "getFile", fetch->arena), body,
                      fetch->arena, &err) == STATUS_OK)
        return FETCH_EXCHANGE;
    out->outcome = OUTCOME_RETRY;
    out->reason = arena_copy(fetch->arena, str_of(err.text));
    return FETCH_OVER;
}

/* A path below the bot's folder; a server of one's own may name one of its disk. */
static bool is_path(struct str path)
{
    if (path.len == 0 || path.len > LIMIT_ID_BYTES || path.ptr[0] == '/')
        return false;
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] <= ' ' || path.ptr[i] > '~' ||
            strchr("?#\\", path.ptr[i]) != NULL ||
            str_starts(str_sub(path, i, 2), STR("..")))
            return false;
    return true;
}

static enum fetch_step get(struct fetch *fetch, const struct reply *reply,
                           struct fetch_result *out)
{
    const struct telegram_settings *own = fetch->bridge->settings;
    CLEANUP(json_freep) struct json *body = fetch_read(reply);
    struct str path = member_text(json_get(body, "result"), "file_path");

    if (!is_path(path))
        return fetch_missing(out, REASON_GENERAL_ERROR,
                             STR("Telegram did not say where it is"));
    bool is_below = own->file_url == NULL;
    struct str url = arena_printf(fetch->arena, "%s%s/bot%s/%.*s",
                                  is_below ? own->api_url : own->file_url,
                                  is_below ? "/file" : "", own->token, STR_ARG(path));
    fetch->step = STEP_GET;
    return fetch_get(fetch, url, false, out);
}

static enum fetch_step refused(const struct fetch *fetch, const struct reply *reply,
                               struct fetch_result *out)
{
    CLEANUP(json_freep) struct json *body = fetch_read(reply);
    struct str description = member_text(body, "description");

    if (str_holds_nocase(description, STR("too big")))
        return fetch_missing(out, REASON_INVALID_MEDIA_CONTENT_LENGTH,
                             STR("it is larger than Telegram gives to bots"));
    return fetch_refused(fetch, reply, out);
}

enum fetch_step telegram_fetch_next(struct fetch *fetch, const struct reply *last,
                                    struct now now, struct fetch_result *out)
{
    (void)now;
    if (last == NULL)
        return look_up(fetch, out);
    if (fetch->step == STEP_LOOK_UP && reply_is_success(last))
        return get(fetch, last, out);
    return refused(fetch, last, out);
}

/* ---- what an agent sends ---- */

enum form { PHOTO, ANIMATION, VIDEO, AUDIO, VOICE, DOCUMENT };

/* The method, and the field that holds the file. */
static const struct upload {
    const char *method;
    const char *field;
} uploads[] = {
    [PHOTO] = {"sendPhoto",     "photo"    },
      [ANIMATION] = {"sendAnimation", "animation"},
    [VIDEO] = {"sendVideo",     "video"    },
      [AUDIO] = {"sendAudio",     "audio"    },
    [VOICE] = {"sendVoice",     "voice"    },
      [DOCUMENT] = {"sendDocument",  "document" },
};

const struct file_form telegram_file_forms[TELEGRAM_FILE_FORMS] = {
    {"image/jpeg", PHOTO_MAX,  PHOTO,     CAPTION_MAX},
    {"image/png",  PHOTO_MAX,  PHOTO,     CAPTION_MAX},
    {"image/gif",  UPLOAD_MAX, ANIMATION, CAPTION_MAX},
    {"video/mp4",  UPLOAD_MAX, VIDEO,     CAPTION_MAX},
    {"audio/mpeg", UPLOAD_MAX, AUDIO,     CAPTION_MAX},
    {"audio/mp4",  UPLOAD_MAX, AUDIO,     CAPTION_MAX},
    {"audio/ogg",  UPLOAD_MAX, VOICE,     CAPTION_MAX},
    {"",           UPLOAD_MAX, DOCUMENT,  CAPTION_MAX},
};

enum status telegram_say_file(const struct attempt *attempt,
                              const struct saying *saying, struct exchange *out,
                              struct error *err)
{
    const struct telegram_settings *own = attempt->bridge->settings;
    const struct upload *upload = &uploads[saying->form];
    CLEANUP(multipart_release) struct multipart multipart;

    *out = (struct exchange){
        .method = "POST",
        .url = telegram_url(own, upload->method, attempt->arena).ptr,
    };
    multipart_begin(&multipart, saying->file, attempt->arena);
    multipart_field(&multipart, "chat_id", attempt->delivery->event.contact_id);
    if (saying->caption.len > 0)
        multipart_field(&multipart, "caption", saying->caption);
    return multipart_file(&multipart, upload->field, saying->file, attempt->arena, out,
                          err);
}
