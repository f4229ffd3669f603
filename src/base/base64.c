/* base64, a part of crypto.h. Source: RFC 4648, section 4; read 2026-11-21. */
#include "gateway/crypto.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *bytes, size_t len, char *out_text)
{
    const uint8_t *at = bytes;
    for (; len >= 3; len -= 3, at += 3) {
        uint32_t group = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
        *out_text++ = alphabet[group >> 18];
        *out_text++ = alphabet[group >> 12 & 63];
        *out_text++ = alphabet[group >> 6 & 63];
        *out_text++ = alphabet[group & 63];
    }
    if (len > 0) {
        uint32_t group = (uint32_t)at[0] << 16 | (len == 2 ? (uint32_t)at[1] << 8 : 0);
        *out_text++ = alphabet[group >> 18];
        *out_text++ = alphabet[group >> 12 & 63];
        *out_text++ = '=';
        *out_text++ = '=';
        if (len == 2)
            out_text[-2] = alphabet[group >> 6 & 63];
    }
    *out_text = '\0';
}

/* 0-63, or 64 for a character outside the alphabet. */
static uint32_t digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint32_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0') + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : 64;
}

static size_t padding_of(struct str text)
{
    if (text.len == 0 || text.ptr[text.len - 1] != '=')
        return 0;
    return text.ptr[text.len - 2] == '=' ? 2 : 1;
}

/* Four digits, of which the last `padding` count as zero, into 24 bits. */
static bool read_group(const char *digits, size_t padding, uint32_t *out_group)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < 4 - padding ? digit_value(digits[i]) : 0;
        if (value > 63)
            return false;
        group = group << 6 | value;
    }
    *out_group = group;
    /* Filler bits that are not zero would give one value two spellings. */
    return (group & ((1u << (8 * padding)) - 1)) == 0;
}

bool base64_decode(struct str text, uint8_t *out_bytes, size_t room, size_t *out_len)
{
    if (text.len % 4 != 0)
        return false;
    size_t padding = padding_of(text);
    size_t len = text.len / 4 * 3 - padding;
    if (len > room)
        return false;

    for (size_t i = 0; i < text.len; i += 4) {
        uint32_t group = 0;
        if (!read_group(text.ptr + i, i + 4 == text.len ? padding : 0, &group))
            return false;
        size_t count = i + 4 == text.len ? 3 - padding : 3;
        for (size_t j = 0; j < count; j++)
            *out_bytes++ = (uint8_t)(group >> (16 - 8 * j));
    }
    *out_len = len;
    return true;
}
