#include "gateway/form.h"

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_' || c == '~';
}

/* ---- reading ---- */

/* In place: what is decoded is never longer. */
static struct str decode(char *piece, size_t len)
{
    struct str whole = str_from(piece, len);
    size_t kept = 0;

    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)piece[i];
        if (byte == '+')
            byte = ' ';
        else if (byte == '%' && hex_decode(str_sub(whole, i + 1, 2), &byte, 1))
            i += 2;
        piece[kept++] = (char)byte;
    }
    return str_from(piece, kept);
}

/* Decoded bytes are never written behind the place that is read next. */
static struct form_field read_field(char *copy, struct str whole, struct str piece)
{
    char *name = copy + (piece.ptr - whole.ptr);
    struct str value = piece;
    size_t name_len = str_cut(&value, '=').len;
    size_t skipped = piece.len - value.len;

    return (struct form_field){decode(name, name_len),
                               decode(name + skipped, value.len)};
}

static size_t count_fields(struct str text)
{
    size_t count = 0;

    while (text.len > 0)
        count += str_cut(&text, '&').len > 0;
    return count;
}

enum status form_parse(struct str text, size_t max, struct arena *arena,
                       struct form *out, struct error *err)
{
    size_t count = count_fields(text);

    *out = (struct form){0};
    if (count > max)
        return fail(err, STATUS_TOO_LARGE, "a form of %zu fields: at most %zu are read",
                    count, max);
    if (count == 0)
        return STATUS_OK;
    char *copy = arena_try_alloc(arena, text.len);
    out->fields = arena_try_alloc(arena, count * sizeof(*out->fields));
    if (copy == NULL || out->fields == NULL)
        return fail(err, STATUS_TOO_LARGE, "the form is too large to be read");
    memcpy(copy, text.ptr, text.len);
    for (struct str rest = text; rest.len > 0;) {
        struct str piece = str_cut(&rest, '&');
        if (piece.len > 0)
            out->fields[out->count++] = read_field(copy, text, piece);
    }
    return STATUS_OK;
}

static const struct form_field *find(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (str_is(form->fields[i].name, name))
            return &form->fields[i];
    return NULL;
}

struct str form_get(const struct form *form, const char *name)
{
    const struct form_field *field = find(form, name);
    return field == NULL ? STR_NONE : field->value;
}

bool form_has(const struct form *form, const char *name)
{
    return find(form, name) != NULL;
}

/* ---- writing ---- */

void percent_encode(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = (uint8_t)text.ptr[i];
        if (is_unreserved(text.ptr[i]))
            buf_add_char(out, text.ptr[i]);
        else
            buf_printf(out, "%%%02X", byte);
    }
}

/* "%20" is read as a space too, and '~' needs no escape for anyone who reads forms. */
void form_add(struct buf *out, const char *name, struct str value)
{
    if (out->len > 0)
        buf_add_char(out, '&');
    percent_encode(out, str_of(name));
    buf_add_char(out, '=');
    percent_encode(out, value);
}
