/*
 * slack_emoji: emoji of a message, which its text has by name only.
 *
 * Source: types of @slack/types 3.2.0, RichTextEmoji; read 2026-12-01. *unsure*: how a
 * tone of skin is told; where it is not, its name stays in the text.
 */
#include "slack.h"

#include "gateway/member.h"

#define CODE_POINTS_MAX (sizeof(((struct slack_emoji *)NULL)->utf8) / 4)

static bool read_code_point(struct str hex, uint32_t *out)
{
    char digits[8];
    uint8_t bytes[4];

    if (hex.len == 0 || hex.len > sizeof(digits))
        return false;
    memset(digits, '0', sizeof(digits));
    memcpy(digits + sizeof(digits) - hex.len, hex.ptr, hex.len);
    if (!hex_decode(str_from(digits, sizeof(digits)), bytes, sizeof(bytes)))
        return false;
    *out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
    return *out >= ' ' && *out <= 0x10ffff;
}

/* "1f468-200d-1f4bb" */
static bool read_unicode(struct str text, struct slack_emoji *out)
{
    uint32_t point = 0;

    out->len = 0;
    for (size_t i = 0; text.len > 0; i++) {
        if (i == CODE_POINTS_MAX || !read_code_point(str_cut(&text, '-'), &point))
            return false;
        out->len += utf8_encode(point, out->utf8 + out->len);
    }
    return out->len > 0 && utf8_is_valid(str_from(out->utf8, out->len));
}

/* Its name as it stands in the text, colons and tone of skin included. */
static bool read_name(const struct json *element, struct slack_emoji *out)
{
    struct str name = member_text(element, "name");
    int64_t tone = 0;
    bool has_tone = json_i64(json_get(element, "skin_tone"), &tone);

    if (name.len == 0 || name.len > sizeof(out->name) / 2)
        return false;
    int len = has_tone
                  ? snprintf(out->name, sizeof(out->name),
                             ":%.*s::skin-tone-%lld:", STR_ARG(name), (long long)tone)
                  : snprintf(out->name, sizeof(out->name), ":%.*s:", STR_ARG(name));
    out->name_len = (size_t)len;
    return true;
}

void slack_emojis_read(const struct json *elements, struct slack_emojis *out)
{
    for (const struct json *one = json_first(elements);
         one != NULL && out->count < COUNT_OF(out->items); one = json_next(one)) {
        struct slack_emoji *next = &out->items[out->count];
        if (str_is(member_text(one, "type"), "emoji"))
            out->count +=
                read_name(one, next) && read_unicode(member_text(one, "unicode"), next);
        else if (json_kind_of(json_get(one, "elements")) == JSON_ARRAY)
            slack_emojis_read(json_get(one, "elements"), out);
    }
}

/* The longest: with its tone of skin, a name begins with the one without. */
const struct slack_emoji *slack_emoji_at(const struct slack_emojis *emojis,
                                         struct str text)
{
    const struct slack_emoji *found = NULL;

    for (size_t i = 0; i < emojis->count; i++) {
        const struct slack_emoji *one = &emojis->items[i];
        if (str_starts(text, str_from(one->name, one->name_len)) &&
            (found == NULL || one->name_len > found->name_len))
            found = one;
    }
    return found;
}
