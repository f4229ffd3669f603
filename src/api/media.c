/*
 * media: what a link to an attachment is answered. The link says everything; no
 * database is asked.
 */
#include "front.h"

#include "gateway/form.h"

#include <stdio.h>

#define DAY_S ((int64_t)24 * 3600)
/* "attachment; filename*=UTF-8''" and a name of escapes. */
#define DISPOSITION_BYTES (64 + 4 * MEDIA_NAME_BYTES)
#define CACHE_BYTES 64

/* Nothing in a customer's file may run in a browser that shows it.
 * Source: RFC 6266, section 4; RFC 8187 of filename*; read 2026-12-01. */
static void write_disposition(const struct media_ticket *ticket, struct buf *out)
{
    buf_printf(out, "%s; filename*=UTF-8''",
               ticket->is_shown ? "inline" : "attachment");
    percent_encode(out, str_of(ticket->name));
}

static void serve(struct request *request, const struct front *front,
                  const struct media_ticket *ticket, int64_t now_ms)
{
    CLEANUP(buf_release) struct buf disposition;
    char etag[MEDIA_FILE_BYTES + 2];
    char cache[CACHE_BYTES];
    int64_t size = 0;
    int64_t left_s = (ticket->expires_ms - now_ms) / 1000;
    int descriptor = media_descriptor(front->media, ticket->file, &size);

    buf_init(&disposition, DISPOSITION_BYTES);
    if (descriptor < 0) {
        struct error err;
        request_respond_problem(
            request,
            fail(&err, STATUS_NOT_FOUND, "there is no such file, or no longer"), &err);
        return;
    }
    write_disposition(ticket, &disposition);
    (void)snprintf(etag, sizeof(etag), "\"%s\"", ticket->file);
    (void)snprintf(cache, sizeof(cache), "private, max-age=%lld",
                   (long long)(left_s < DAY_S ? left_s : DAY_S));
    const struct http_header headers[] = {
        {STR("Content-Disposition"),     buf_str(&disposition)             },
        {STR("Content-Security-Policy"), STR("default-src 'none'; sandbox")},
        {STR("Cache-Control"),           str_of(cache)                     },
    };
    request_respond_file(request, descriptor, size, str_of(etag), ticket->mime, headers,
                         COUNT_OF(headers));
}

enum handled front_media(struct request *request, void *context)
{
    const struct front *front = context;
    struct media_ticket ticket;
    struct error err;
    int64_t now_ms = clock_now().wall_ms;
    enum status status = media_ticket_read(
        front->media, request_argument(request, "token"), now_ms, &ticket, &err);

    if (status == STATUS_OK)
        serve(request, front, &ticket, now_ms);
    else
        request_respond_problem(request, status, &err);
    return HANDLED_ANSWERED;
}
