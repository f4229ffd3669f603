#include "gateway/choice.h"

#include "gateway/json.h"

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
#define BASE 36

static size_t write_number(uint64_t number, char *out)
{
    char reversed[CHOICE_TOKEN_BYTES];
    size_t len = 0;

    do
        reversed[len++] = digits[number % BASE];
    while ((number /= BASE) > 0);
    for (size_t i = 0; i < len; i++)
        out[i] = reversed[len - 1 - i];
    return len;
}

void choice_token(int64_t message, unsigned ordinal, char out_text[CHOICE_TOKEN_BYTES])
{
    size_t len = write_number((uint64_t)message, out_text);

    out_text[len++] = '-';
    len += write_number(ordinal, out_text + len);
    out_text[len] = '\0';
}

void choice_add(struct json *object, const char *name, int64_t message,
                unsigned ordinal)
{
    char token[CHOICE_TOKEN_BYTES];

    choice_token(message, ordinal, token);
    json_add_str(object, name, str_of(token));
}

/* The one way to write a number, so that a button has one token. */
static bool read_number(struct str text, uint64_t max, uint64_t *out)
{
    uint64_t number = 0;

    if (text.len == 0 || (text.ptr[0] == '0' && text.len > 1))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): digits only */
        const char *digit = memchr(digits, text.ptr[i], BASE);
        if (digit == NULL || number > (max - (uint64_t)(digit - digits)) / BASE)
            return false;
        number = number * BASE + (uint64_t)(digit - digits);
    }
    *out = number;
    return true;
}

bool choice_token_read(struct str text, int64_t *out_message, unsigned *out_ordinal)
{
    uint64_t message;
    uint64_t ordinal;
    struct str rest = text;
    struct str first = str_cut(&rest, '-');

    if (!read_number(first, INT64_MAX, &message) ||
        !read_number(rest, UINT32_MAX, &ordinal))
        return false;
    *out_message = (int64_t)message;
    *out_ordinal = (unsigned)ordinal;
    return true;
}
