#include "multipart.h"

#include "gateway/limits.h"

void multipart_begin(struct multipart *multipart, const struct file *file,
                     struct arena *arena)
{
    buf_init(&multipart->head, LIMIT_EXCHANGE_BYTES);
    multipart->boundary =
        arena_printf(arena, "omgw-%.*s", STR_ARG(str_sub(file->sha256, 0, 40)));
}

void multipart_release(struct multipart *multipart)
{
    buf_release(&multipart->head);
}

static void begin_part(struct multipart *multipart, const char *name)
{
    buf_printf(&multipart->head,
               "--%.*s\r\nContent-Disposition: form-data; name=\"%s\"",
               STR_ARG(multipart->boundary), name);
}

void multipart_field(struct multipart *multipart, const char *name, struct str value)
{
    begin_part(multipart, name);
    buf_add(&multipart->head, STR("\r\n\r\n"));
    buf_add(&multipart->head, value);
    buf_add(&multipart->head, STR("\r\n"));
}

/* The name holds nothing that a quoted text could not: see media/name.c. */
enum status multipart_file(struct multipart *multipart, const char *name,
                           const struct file *file, struct arena *arena,
                           struct exchange *out, struct error *err)
{
    begin_part(multipart, name);
    buf_printf(&multipart->head, "; filename=\"%.*s\"\r\nContent-Type: %.*s\r\n\r\n",
               STR_ARG(file->name), STR_ARG(file->mime));
    if (!buf_ok(&multipart->head))
        return fail(err, STATUS_TOO_LARGE, "the fields beside the file are too long");
    out->body = arena_copy(arena, buf_str(&multipart->head));
    out->file = file;
    out->body_end =
        arena_printf(arena, "\r\n--%.*s--\r\n", STR_ARG(multipart->boundary));
    exchange_header(out, STR("Content-Type"),
                    arena_printf(arena, "multipart/form-data; boundary=%.*s",
                                 STR_ARG(multipart->boundary)));
    return STATUS_OK;
}
