/*
 * slack_text: between Slack's texts and those of people.
 *
 * Source: channels/slack.md sections 4 and 5; Slack's "Formatting message text"; read
 * 2026-12-01.
 */
#include "slack.h"

#include "gateway/limits.h"

static const struct escape {
    struct str written;
    char meant;
} escapes[] = {
    {{"&amp;", 5}, '&'},
    {{"&lt;", 4},  '<'},
    {{"&gt;", 4},  '>'},
};

/* ---- in ---- */

/* A text that is written for a person. */
struct plain {
    struct buf buf;
    struct slack_emojis emojis;
};

/* What stands at the beginning of a text for something else. Bytes of it, or 0. */
static size_t add_meant(struct plain *out, struct str text)
{
    const struct slack_emoji *emoji =
        text.ptr[0] == ':' ? slack_emoji_at(&out->emojis, text) : NULL;

    if (emoji != NULL) {
        buf_add_bytes(&out->buf, emoji->utf8, emoji->len);
        return emoji->name_len;
    }
    for (size_t i = 0; text.ptr[0] == '&' && i < COUNT_OF(escapes); i++)
        if (str_starts(text, escapes[i].written)) {
            buf_add_char(&out->buf, escapes[i].meant);
            return escapes[i].written.len;
        }
    return 0;
}

static void add_plain(struct plain *out, struct str text)
{
    for (size_t at = 0; at < text.len;) {
        size_t read = add_meant(out, str_sub(text, at, text.len));
        if (read == 0)
            buf_add_char(&out->buf, text.ptr[at++]);
        at += read;
    }
}

/* The label says where the link leads: "example.com" of "https://example.com/". */
static bool says_all(struct str label, struct str url)
{
    if (url.len > 0 && url.ptr[url.len - 1] == '/' && label.len > 0 &&
        label.ptr[label.len - 1] != '/')
        url.len--;
    return label.len > 0 && label.len <= url.len &&
           str_equal(str_sub(url, url.len - label.len, label.len), label);
}

static void add_link(struct plain *out, struct str url, struct str label)
{
    if (label.len == 0 || url.len == 0 || says_all(label, url)) {
        add_plain(out, label.len == 0 ? url : label);
        return;
    }
    add_plain(out, label);
    buf_add(&out->buf, STR(" ("));
    add_plain(out, url);
    buf_add_char(&out->buf, ')');
}

/* A person, a channel, or with '!' a command; each by its label where it has one. */
static void add_mention(struct plain *out, char sign, struct str name, struct str label)
{
    struct str shown = label.len > 0 ? label : name;
    bool is_whole = sign == '!' && label.len > 0; /* a date, "@group" */

    if (sign == '!' && label.len == 0) {
        struct str rest = name;
        shown = str_cut(&rest, '^');
        if (str_is(shown, "subteam"))
            shown = str_cut(&rest, '^');
    }
    if (!is_whole)
        buf_add_char(&out->buf, sign == '#' ? '#' : '@');
    add_plain(out, shown);
}

/* What stands between '<' and '>'. */
static void add_marked(struct plain *out, struct str inside)
{
    struct str label = inside;
    struct str name = str_cut(&label, '|');

    if (name.len > 1 && strchr("@#!", name.ptr[0]) != NULL)
        add_mention(out, name.ptr[0], str_sub(name, 1, name.len), label);
    else
        add_link(out, name, label);
}

static void add_all(struct plain *out, struct str mrkdwn)
{
    struct str rest = mrkdwn;

    for (int64_t open = str_find_byte(rest, '<'); open >= 0;
         open = str_find_byte(rest, '<')) {
        struct str behind = str_sub(rest, (size_t)open + 1, rest.len);
        int64_t close = str_find_byte(behind, '>');
        if (close <= 0)
            break; /* no such sign of Slack's */
        add_plain(out, str_sub(rest, 0, (size_t)open));
        add_marked(out, str_sub(behind, 0, (size_t)close));
        rest = str_sub(behind, (size_t)close + 1, behind.len);
    }
    add_plain(out, rest);
}

struct str slack_readable(struct str mrkdwn, const struct json *blocks,
                          struct keeper *keep)
{
    struct plain out = {.emojis = {.count = 0}};

    buf_init(&out.buf, LIMIT_REQUEST_ARENA_BYTES);
    slack_emojis_read(blocks, &out.emojis);
    add_all(&out, mrkdwn);
    keep->is_full |= !buf_ok(&out.buf);
    struct str kept = keep_str(keep, buf_str(&out.buf));
    buf_release(&out.buf);
    return kept;
}

/* ---- out ---- */

void slack_escape(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t e = 0;
        while (e < COUNT_OF(escapes) && escapes[e].meant != text.ptr[i])
            e++;
        if (e < COUNT_OF(escapes))
            buf_add(out, escapes[e].written);
        else
            buf_add_char(out, text.ptr[i]);
    }
}
