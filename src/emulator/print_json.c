#include "print_json.h"

/* A comma, unless this is the first thing inside its object, array or document. */
static void separate(struct buf *out)
{
    if (out->len == 0)
        return;
    char last = out->ptr[out->len - 1];
    if (last != '{' && last != '[' && last != ':')
        buf_add_char(out, ',');
}

static void escape_char(struct buf *out, unsigned char c)
{
    if (c == '"' || c == '\\') {
        buf_add_char(out, '\\');
        buf_add_char(out, (char)c);
    } else if (c < 0x20) {
        buf_printf(out, "\\u%04x", c);
    } else {
        buf_add_char(out, (char)c);
    }
}

static void quote(struct buf *out, struct str text)
{
    buf_add_char(out, '"');
    size_t clean = 0; /* start of what needs no escape */
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add_bytes(out, text.ptr + clean, i - clean);
        escape_char(out, c);
        clean = i + 1;
    }
    if (text.len > clean)
        buf_add_bytes(out, text.ptr + clean, text.len - clean);
    buf_add_char(out, '"');
}

static void begin_named(struct buf *out, struct str name)
{
    separate(out);
    quote(out, name);
    buf_add_char(out, ':');
}

static void begin(struct buf *out, const char *name)
{
    if (name == NULL)
        separate(out);
    else
        begin_named(out, str_of(name));
}

void print_object(struct buf *out, const char *name)
{
    begin(out, name);
    buf_add_char(out, '{');
}

void print_array(struct buf *out, const char *name)
{
    begin(out, name);
    buf_add_char(out, '[');
}

void print_end_object(struct buf *out)
{
    buf_add_char(out, '}');
}

void print_end_array(struct buf *out)
{
    buf_add_char(out, ']');
}

void print_str(struct buf *out, const char *name, struct str value)
{
    begin(out, name);
    quote(out, value);
}

void print_text(struct buf *out, const char *name, const char *value)
{
    print_str(out, name, str_of(value));
}

void print_i64(struct buf *out, const char *name, int64_t value)
{
    begin(out, name);
    buf_add_i64(out, value);
}

void print_bool(struct buf *out, const char *name, bool value)
{
    begin(out, name);
    buf_add(out, value ? STR("true") : STR("false"));
}

void print_time(struct buf *out, const char *name, int64_t unix_ms)
{
    if (unix_ms == 0)
        return;
    char text[TIME_TEXT_BYTES];
    time_format(unix_ms, text);
    print_text(out, name, text);
}

void print_raw(struct buf *out, const char *name, struct str json)
{
    if (json.len == 0)
        return;
    begin(out, name);
    buf_add(out, json);
}

void print_raw_open(struct buf *out, const char *name, struct str json)
{
    while (json.len > 0 && json.ptr[json.len - 1] != '}')
        json.len--;
    print_raw(out, name, str_sub(json, 0, json.len - 1));
}

static void add_node(struct buf *out, const struct json *node)
{
    struct error err;
    if (json_print(node, out, &err) != STATUS_OK)
        out->overflowed =
            true; /* the whole answer is then given up, as past a ceiling */
}

void print_node(struct buf *out, const char *name, const struct json *node)
{
    if (node == NULL)
        return;
    begin(out, name);
    add_node(out, node);
}

void print_member(struct buf *out, const struct json *member)
{
    begin_named(out, json_name(member));
    add_node(out, member);
}
