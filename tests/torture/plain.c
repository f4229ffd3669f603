#include "plain.h"

static bool is_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* A run of hex digits and dashes with a decimal digit in it differs from run to run. */
static size_t run_length(struct str text, size_t at, bool *out_differs)
{
    size_t end = at;
    *out_differs = false;
    while (end < text.len && (is_digit(text.ptr[end]) || text.ptr[end] == '-')) {
        *out_differs |= text.ptr[end] >= '0' && text.ptr[end] <= '9';
        end++;
    }
    return end - at;
}

void plain_add(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len;) {
        bool differs = false;
        size_t len = run_length(text, i, &differs);
        if (len == 0) {
            buf_add_char(out, text.ptr[i++]);
            continue;
        }
        buf_add(out, differs ? STR("#") : str_sub(text, i, len));
        i += len;
    }
}
