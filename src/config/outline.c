#include "outline.h"

/* Bytes of `name` that are maps which are open already. */
static size_t open_maps(struct str previous, struct str name)
{
    size_t open = 0;
    for (size_t i = 0; i < previous.len && i < name.len; i++) {
        if (previous.ptr[i] != name.ptr[i])
            break;
        if (name.ptr[i] == '.')
            open = i + 1;
    }
    return open;
}

struct outline outline_of(const char *previous, const char *name)
{
    struct str whole = str_of(name);
    size_t open = open_maps(str_of(previous), whole);
    struct outline outline = {.rest = str_sub(whole, open, whole.len)};
    for (size_t i = 0; i < open; i++)
        outline.depth += whole.ptr[i] == '.' ? 1 : 0;
    return outline;
}

bool outline_next(struct outline *outline)
{
    if (outline->is_started)
        outline->depth++;
    outline->is_started = true;
    bool opens_map = str_find_byte(outline->rest, '.') >= 0;
    outline->key = str_cut(&outline->rest, '.');
    return opens_map;
}

void outline_indent(struct buf *out, size_t depth, bool is_commented, bool is_entry)
{
    for (size_t i = is_entry ? 1 : 0; i < depth; i++)
        buf_add(out, STR("  "));
    if (is_commented)
        buf_add_char(out, '#');
    if (is_entry)
        buf_add(out, STR("- "));
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Nothing in it means something to YAML, in a list or map on one line either. */
static bool is_plain(struct str text)
{
    if (text.len == 0 || str_is(text, "null") || text.ptr[text.len - 1] == ':')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_letter_or_digit(c) && (strchr("._/:@%+-", c) == NULL || c == '\0'))
            return false;
    }
    return is_letter_or_digit(text.ptr[0]) || text.ptr[0] == '/';
}

void outline_scalar(struct buf *out, struct str text)
{
    if (is_plain(text)) {
        buf_add(out, text);
        return;
    }
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, text.ptr[i]);
    }
    buf_add_char(out, '"');
}
