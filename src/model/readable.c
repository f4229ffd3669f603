#include "gateway/readable.h"

/* Code points of a name in a note. */
#define NAME_SHOWN 80

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

void readable_fallback(struct buf *out, const struct content *content)
{
    readable_line(out, content->fallback);
}

static struct str name_of(const struct attachment *attachment)
{
    if (attachment->name.len > 0)
        return attachment->name;
    return attachment->mime.len > 0 ? attachment->mime : STR("without a name");
}

void readable_missing(struct buf *out, const struct attachment *attachment,
                      const struct file *file)
{
    struct str name = name_of(attachment);
    readable_begin(out);
    buf_printf(out, "[file %.*s is missing: %.*s]", (int)utf8_prefix(name, NAME_SHOWN),
               name.ptr, STR_ARG(file->missing));
    if (attachment->text.len > 0)
        buf_printf(out, " %.*s", STR_ARG(attachment->text));
}

void readable_link(struct buf *out, struct str caption, const struct file *file)
{
    readable_line(out, caption);
    readable_begin(out);
    buf_printf(out, "%.*s: %.*s", STR_ARG(file->name), STR_ARG(file->link));
}

void readable_content(struct buf *out, const struct content *content)
{
    readable_fallback(out, content);
    for (size_t i = 0; i < content->attachment_count; i++)
        add_attachment(out, &content->attachments[i]);
}
