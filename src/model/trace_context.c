/*
 * Source: W3C Trace Context, Level 1, "3.2 Traceparent Header" and "3.3.1 Mutating the
 * traceparent Field"; Level 2, "Random Trace ID Flag"; read 2026-11-21.
 */
#include "gateway/trace_context.h"

#define TRACE_ID_AT 3
#define TRACE_ID_BYTES 32
#define SPAN_ID_AT 36
#define SPAN_ID_BYTES 16
#define FLAGS_AT 53
#define FLAGS_BYTES 2
/* Sampled, and that the trace id is random; what other bits will mean is not known. */
#define FLAGS_KNOWN 0x03u

static bool is_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\0' || strchr("0123456789abcdef", text.ptr[i]) == NULL)
            return false;
    return true;
}

static bool is_zero(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '0')
            return false;
    return true;
}

/* Version 00 ends with its flags; a later one may go on behind a dash. */
static bool ends_well(struct str value)
{
    if (value.len == TRACEPARENT_BYTES)
        return true;
    return !str_starts(value, STR("00")) && value.ptr[TRACEPARENT_BYTES] == '-';
}

struct str traceparent_read(struct str value)
{
    if (value.len < TRACEPARENT_BYTES || !ends_well(value))
        return STR_NONE;
    struct str version = str_sub(value, 0, 2);
    struct str trace_id = str_sub(value, TRACE_ID_AT, TRACE_ID_BYTES);
    struct str span_id = str_sub(value, SPAN_ID_AT, SPAN_ID_BYTES);
    struct str flags = str_sub(value, FLAGS_AT, FLAGS_BYTES);
    if (value.ptr[TRACE_ID_AT - 1] != '-' || value.ptr[SPAN_ID_AT - 1] != '-' ||
        value.ptr[FLAGS_AT - 1] != '-')
        return STR_NONE;
    if (!is_hex(version) || !is_hex(trace_id) || !is_hex(span_id) || !is_hex(flags))
        return STR_NONE;
    if (str_is(version, "ff") || is_zero(trace_id) || is_zero(span_id))
        return STR_NONE;
    return str_sub(value, 0, TRACEPARENT_BYTES);
}

/* An id of zeros means none. */
static uint64_t some_u64(struct random *random)
{
    uint64_t number = 0;
    while (number == 0)
        number = random_u64(random);
    return number;
}

/* Writes 16 digits and a NUL behind them. */
static void put_random(struct random *random, char *out)
{
    uint64_t number = some_u64(random);
    uint8_t bytes[sizeof(number)];
    memcpy(bytes, &number, sizeof(bytes));
    hex_encode(bytes, sizeof(bytes), out);
}

static uint8_t flags_of(struct str parent)
{
    uint8_t flags = 0;
    if (!hex_decode(str_sub(parent, FLAGS_AT, FLAGS_BYTES), &flags, sizeof(flags)))
        return 0;
    return flags & FLAGS_KNOWN;
}

/* By hand: this is done for every request, and printf costs ten times as much. */
void traceparent_make(struct str parent, struct str public_id, struct random *random,
                      char out_text[TRACEPARENT_BYTES + 1])
{
    struct str trace_id = public_id;
    uint8_t flags = 0;

    if (parent.len == TRACEPARENT_BYTES) {
        trace_id = str_sub(parent, TRACE_ID_AT, TRACE_ID_BYTES);
        flags = flags_of(parent);
    }
    out_text[0] = '0';
    out_text[1] = '0';
    out_text[TRACE_ID_AT - 1] = '-';
    if (trace_id.len == TRACE_ID_BYTES) {
        memcpy(out_text + TRACE_ID_AT, trace_id.ptr, TRACE_ID_BYTES);
    } else {
        put_random(random, out_text + TRACE_ID_AT);
        put_random(random, out_text + TRACE_ID_AT + TRACE_ID_BYTES / 2);
    }
    out_text[SPAN_ID_AT - 1] = '-';
    put_random(random, out_text + SPAN_ID_AT);
    out_text[FLAGS_AT - 1] = '-';
    hex_encode(&flags, sizeof(flags), out_text + FLAGS_AT);
}
