/*
 * fuzz_text: the small readers of base, each against another way to do the same:
 * numbers, hex, base64, UTF-8, times, durations and sizes, ids.
 */
#include "fuzz.h"

#include <errno.h>
#include <time.h>

#include "gateway/crypto.h"
#include "gateway/memory.h"
#include "gateway/random.h"

/* The bytes as a C string, which ends at a NUL. */
static char *terminated(struct str text)
{
    char *copy = mem_new(text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

/* ---- numbers, hex, base64 ---- */

static void check_number(struct str text)
{
    CLEANUP(mem_freep) char *copy = terminated(text);
    const char *digits = copy + (copy[0] == '-' ? 1 : 0);
    size_t count = strspn(digits, "0123456789");
    errno = 0;
    long long want = strtoll(copy, NULL, 10);
    bool is_number =
        count > 0 && (size_t)(digits - copy) + count == text.len && errno == 0;

    int64_t value = 0;
    demand(str_to_i64(text, &value) == is_number, "another verdict on a number");
    demand(!is_number || value == want, "another number");
    if (!is_number)
        return;
    CLEANUP(buf_release) struct buf printed;
    int64_t again = 0;
    buf_init(&printed, 64);
    buf_add_i64(&printed, value);
    demand(str_to_i64(buf_str(&printed), &again) && again == value,
           "printed otherwise");
}

static void check_hex(struct str text)
{
    uint8_t bytes[64];
    char back[2 * sizeof(bytes) + 1];
    size_t len = text.len / 2;
    bool is_hex = text.len % 2 == 0 && len <= sizeof(bytes);
    for (size_t i = 0; i < text.len; i++)
        is_hex = is_hex && text.ptr[i] != '\0' &&
                 strchr("0123456789abcdefABCDEF", text.ptr[i]) != NULL;
    if (len > sizeof(bytes))
        return;
    demand(hex_decode(text, bytes, len) == is_hex, "another verdict on hex");
    if (!is_hex)
        return;
    hex_encode(bytes, len, back);
    demand(str_equal_nocase(text, str_of(back)), "other hex");
}

/* Strict: what is accepted is the one spelling of its bytes. */
static void check_base64(struct str text)
{
    size_t room = text.len + 4;
    CLEANUP(mem_freep) uint8_t *bytes = mem_new(room);
    CLEANUP(mem_freep) char *back = mem_new(base64_encoded_size(room));
    size_t len = 0;
    if (base64_decode(text, bytes, room, &len)) {
        base64_encode(bytes, len, back);
        demand(str_is(text, back), "two spellings of one value");
    }
    base64_encode(text.ptr, text.len, back);
    demand(base64_decode(str_of(back), bytes, room, &len) && len == text.len &&
               (len == 0 || memcmp(bytes, text.ptr, len) == 0),
           "base64 that is not read back");
}

/* ---- UTF-8 ---- */

/* Bytes of the code point at the front, 0 when there is none: RFC 3629, by its
 * definition and not by its table. */
static size_t code_point(struct str text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = text.len > 0 ? (uint8_t)text.ptr[0] : 0x80;
    size_t len = first < 0x80   ? 1
                 : first < 0xc0 ? 0
                 : first < 0xe0 ? 2
                 : first < 0xf0 ? 3
                                : 4;
    if (len < 2)
        return len;
    if (first > 0xf7 || text.len < len)
        return 0;
    uint32_t value = first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if (((uint8_t)text.ptr[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | ((uint8_t)text.ptr[i] & 0x3f);
    }
    bool is_surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < least[len] || value > 0x10ffff || is_surrogate ? 0 : len;
}

static void check_utf8(struct str text)
{
    struct str rest = text;
    size_t count = 0;
    bool has_control = false;
    demand(utf8_first(text) == code_point(text), "another first code point");
    while (code_point(rest) > 0) {
        has_control |= (uint8_t)rest.ptr[0] < 0x20 || rest.ptr[0] == 0x7f;
        rest = str_sub(rest, code_point(rest), rest.len);
        count++;
    }
    bool is_valid = rest.len == 0;
    demand(utf8_is_valid(text) == is_valid, "another verdict on UTF-8");
    if (!is_valid) {
        demand(!id_is_valid(text), "an id that is no UTF-8");
        return;
    }
    demand(utf8_count(text) == count, "another count");
    demand(utf8_prefix(text, count) == text.len, "another prefix");
    demand(utf8_is_valid(str_sub(text, 0, utf8_prefix(text, count / 2))), "a cut");
    demand(utf8_fits(text, count) && (count == 0 || !utf8_fits(text, count - 1)),
           "another fit");
    if (text.len == 0 || text.len > 255 || has_control)
        demand(!id_is_valid(text), "an id that is none");
}

static void check_mask(struct str text)
{
    char masked[16];
    if (str_find_byte(text, '\0') >= 0)
        return; /* no id and no secret holds one */
    mask(text, masked);
    struct str shown = str_of(masked);
    demand(str_starts(shown, STR("****")), "no stars");
    shown = str_sub(shown, 4, shown.len);
    demand(shown.len == 0 || utf8_count(text) >= utf8_count(shown) + 5,
           "half of it is shown");
    demand(shown.len == 0 ||
               str_equal(shown, str_sub(text, text.len - shown.len, shown.len)),
           "something else is shown");
}

/* ---- times ---- */

struct reading {
    struct tm date;
    char fraction[16];
    int offset_hours, offset_minutes;
    int length; /* up to the offset */
};

/* NOLINTBEGIN(cert-err34-c): the caller compares what was understood */
/* RFC 3339 by sscanf, which is too lax. */
static bool scan(const char *text, struct reading *out)
{
    int end = 0;
    *out = (struct reading){.length = 0};
    if (sscanf(text, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &out->date.tm_year,
               &out->date.tm_mon, &out->date.tm_mday, &out->date.tm_hour,
               &out->date.tm_min, &out->date.tm_sec, &end) != 6)
        return false;
    text += end;
    if (*text == '.') {
        if (sscanf(text, ".%9[0-9]%n", out->fraction, &end) != 1)
            return false;
        text += end;
    }
    if (strcasecmp(text, "z") == 0)
        return true;
    char sign = *text;
    if ((sign != '+' && sign != '-') ||
        sscanf(text + 1, "%2d:%2d", &out->offset_hours, &out->offset_minutes) != 2)
        return false;
    if (sign == '-') {
        out->offset_hours = -out->offset_hours;
        out->offset_minutes = -out->offset_minutes;
    }
    return true;
}

/* NOLINTEND(cert-err34-c) */

/* What was accepted is the time that libc makes of its parts. */
static void check_time(struct str text)
{
    int64_t value = 0;
    if (!time_parse(text, &value))
        return;
    CLEANUP(mem_freep) char *copy = terminated(text);
    struct reading reading;
    demand(strlen(copy) == text.len && scan(copy, &reading), "a time that is none");
    reading.date.tm_year -= 1900;
    reading.date.tm_mon -= 1;
    bool is_leap = reading.date.tm_sec == 60;
    reading.date.tm_sec -= is_leap ? 1 : 0;
    int day = reading.date.tm_mday;
    int64_t seconds = (int64_t)timegm(&reading.date);
    demand(reading.date.tm_mday == day, "a day that its month has not");
    seconds -= reading.offset_hours * 3600 + reading.offset_minutes * 60;
    char ms[4] = "000";
    for (size_t i = 0; i < 3 && reading.fraction[i] != '\0'; i++)
        ms[i] = reading.fraction[i];
    demand(value == seconds * 1000 + strtol(ms, NULL, 10), "another time");

    char printed[TIME_TEXT_BYTES];
    int64_t again = 0;
    time_format(value, printed);
    demand(time_parse(str_of(printed), &again) && again == value, "printed otherwise");
}

/* Any number is printed as some time of the format. */
static void check_format(struct str bytes)
{
    int64_t value = 0;
    int64_t again = 0;
    char printed[TIME_TEXT_BYTES];
    if (bytes.len < sizeof(value))
        return;
    memcpy(&value, bytes.ptr, sizeof(value));
    time_format(value, printed);
    demand(strlen(printed) == TIME_TEXT_BYTES - 1, "a time of another length");
    if (value >= 0 && value <= INT64_C(253402300799999))
        demand(time_parse(str_of(printed), &again) && again == value,
               "a time that is not read back");

    struct random random;
    char id[PUBLIC_ID_BYTES];
    char ms[16];
    uint8_t raw[16];
    random_seed(&random, (uint64_t)value);
    uuid7_text(value & INT64_C(0xffffffffffff), &random, id);
    (void)snprintf(ms, sizeof(ms), "%012llx",
                   (unsigned long long)value & 0xffffffffffffu);
    demand(hex_decode(str_of(id), raw, sizeof(raw)) && memcmp(id, ms, 12) == 0 &&
               raw[6] >> 4 == 7 && raw[8] >> 6 == 2,
           "a UUIDv7 that is none");
}

static void check_with_unit(struct str text)
{
    static const char *const units[] = {"ms",  "s",   "m",   "h", "d",
                                        "KiB", "MiB", "GiB", ""};
    int64_t value = 0;
    size_t digits = 0;
    while (digits < text.len && text.ptr[digits] >= '0' && text.ptr[digits] <= '9')
        digits++;
    struct str unit = str_sub(text, digits, text.len);
    bool is_known = false;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        is_known |= str_is(unit, units[i]);
    if (duration_parse(text, &value) || size_parse(text, &value))
        demand(digits > 0 && is_known && value >= 0, "a quantity that is none");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_from(data, size);
    check_number(text);
    check_hex(text);
    check_base64(text);
    check_utf8(text);
    check_mask(text);
    check_time(text);
    check_format(text);
    check_with_unit(text);
    return 0;
}
