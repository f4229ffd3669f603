#include "gateway/readable.h"

void readable_begin(struct buf *out)
{
    if (out->len > 0)
        buf_add_char(out, '\n');
}

void readable_line(struct buf *out, struct str line)
{
    if (line.len == 0)
        return;
    readable_begin(out);
    buf_add(out, line);
}

/* "[file: terms.pdf (application/pdf)] the caption" with whatever of it is known. */
static void add_attachment(struct buf *out, const struct attachment *attachment)
{
    struct str name = attachment->name.len > 0 ? attachment->name : attachment->mime;

    readable_line(out, STR("[file"));
    if (name.len > 0)
        buf_printf(out, ": %.*s", STR_ARG(name));
    if (attachment->name.len > 0 && attachment->mime.len > 0)
        buf_printf(out, " (%.*s)", STR_ARG(attachment->mime));
    buf_add_char(out, ']');
    if (attachment->text.len > 0)
        buf_printf(out, " %.*s", STR_ARG(attachment->text));
}

void readable_content(struct buf *out, const struct content *content)
{
    readable_line(out, content->fallback);
    for (size_t i = 0; i < content->attachment_count; i++)
        add_attachment(out, &content->attachments[i]);
}
