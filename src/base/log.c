#include "gateway/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/colour.h"

/* What a pipe takes in one piece (PIPE_BUF): lines of several threads never mix. */
#define LINE_BYTES 4096
/* One value's share of a line, so that a long reason does not push out what follows. */
#define VALUE_BYTES 1024
#define VALUE_CUT "..."
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
/* Kept free for the mark of a cut line, the closing brace and the newline. */
#define END_BYTES 32

static _Atomic int wanted_level = LOG_INFO;
static _Atomic int chosen_format = LOG_JSON;
static _Atomic bool is_coloured;

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};
static const char *const level_colours[] = {
    [LOG_ERROR] = COLOUR_RED,
    [LOG_WARN] = COLOUR_YELLOW,
    [LOG_INFO] = COLOUR_GREEN,
    [LOG_DEBUG] = COLOUR_CYAN,
};

struct line {
    char bytes[LINE_BYTES];
    size_t len;
    bool is_full; /* the last addition did not fit and left nothing behind */
};

void log_init(enum log_level level, enum log_format format, enum colour_use use)
{
    log_set_level(level);
    atomic_store(&chosen_format, (int)format);
    atomic_store(&is_coloured,
                 format == LOG_TEXT && colour_is_wanted(use, STDERR_FILENO));
}

void log_set_level(enum log_level level)
{
    atomic_store(&wanted_level, (int)level);
}

bool log_level_parse(struct str name, enum log_level *out_level)
{
    for (size_t i = 0; i < COUNT_OF(level_names); i++) {
        if (!str_is(name, level_names[i]))
            continue;
        *out_level = (enum log_level)i;
        return true;
    }
    return false;
}

bool log_wants(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&wanted_level, memory_order_relaxed);
}

static void add(struct line *line, struct str s)
{
    if (line->is_full || s.len > sizeof(line->bytes) - END_BYTES - line->len) {
        line->is_full = true;
        return;
    }
    if (s.len > 0)
        memcpy(line->bytes + line->len, s.ptr, s.len);
    line->len += s.len;
}

/* For what END_BYTES keeps free. */
static void add_end(struct line *line, struct str s)
{
    memcpy(line->bytes + line->len, s.ptr, s.len);
    line->len += s.len;
}

static void add_number(struct line *line, int64_t number)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)number);
    add(line, str_from(digits, (size_t)len));
}

/* DEL and the C1 controls are legal in JSON, but steer terminals. */
static bool steers_terminals(struct str character)
{
    return character.ptr[0] == 0x7F ||
           (character.len == 2 && character.ptr[0] == '\xC2' &&
            (unsigned char)character.ptr[1] < 0xA0);
}

/* Writes one character as JSON wants it into `room`; returns what to add. */
static struct str escaped(struct str character, char room[8])
{
    static const char plain[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    unsigned char last = (unsigned char)character.ptr[character.len - 1];
    const char *found = last == 0 ? NULL : strchr(plain, last);
    int len = 0;
    if (character.len == 1 && found != NULL)
        len = snprintf(room, 8, "\\%c", letters[found - plain]);
    else if ((character.len == 1 && last < 0x20) || steers_terminals(character))
        len = snprintf(room, 8, "\\u%04x", (unsigned)last);
    else
        return character;
    return str_from(room, (size_t)len);
}

/* In double quotes; what is longer than its share is cut between two characters. */
static void add_quoted(struct line *line, struct str text)
{
    add(line, STR("\""));
    size_t end = line->len + VALUE_BYTES;
    while (text.len > 0) {
        size_t len = utf8_first(text);
        struct str next = len == 0 ? STR(REPLACEMENT) : str_sub(text, 0, len);
        char room[8];
        next = escaped(next, room);
        if (line->len + next.len > end) {
            add(line, STR(VALUE_CUT));
            break;
        }
        add(line, next);
        text = str_sub(text, len == 0 ? 1 : len, text.len);
    }
    add(line, STR("\""));
}

static bool is_bare_word(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return text.len > 0 && text.len < VALUE_BYTES;
}

static void add_text(struct line *line, struct str text, bool is_json)
{
    if (!is_json && is_bare_word(text))
        add(line, text);
    else
        add_quoted(line, text);
}

static void add_value(struct line *line, const struct log_field *field, bool is_json)
{
    char masked[16];
    switch (field->kind) {
    case LOG_FIELD_I64:
        add_number(line, field->number);
        return;
    case LOG_FIELD_BOOL:
        add(line, field->number != 0 ? STR("true") : STR("false"));
        return;
    case LOG_FIELD_STR:
        add_text(line, field->text, is_json);
        return;
    case LOG_FIELD_MASK:
        mask(field->text, masked);
        add_text(line, str_of(masked), is_json);
        return;
    }
}

static void add_field(struct line *line, const struct log_field *field, bool is_json)
{
    if (is_json) {
        add(line, STR(","));
        add_quoted(line, str_of(field->name));
        add(line, STR(":"));
    } else {
        add(line, STR(" "));
        add(line, str_of(field->name));
        add(line, STR("="));
    }
    add_value(line, field, is_json);
}

/* A field goes in whole or not at all. */
static void add_fields(struct line *line, const struct log_field *fields, size_t count,
                       bool is_json)
{
    bool is_cut = false;
    for (size_t i = 0; i < count; i++) {
        size_t before = line->len;
        add_field(line, &fields[i], is_json);
        if (!line->is_full)
            continue;
        line->len = before;
        line->is_full = false;
        is_cut = true;
    }
    if (is_cut)
        add_end(line, is_json ? STR(",\"cut\":true") : STR(" cut=true"));
    add_end(line, is_json ? STR("}\n") : STR("\n"));
}

static void start_json(struct line *line, const char *time, enum log_level level,
                       const char *event)
{
    add(line, STR("{\"ts\":\""));
    add(line, str_of(time));
    add(line, STR("\",\"level\":\""));
    add(line, str_of(level_names[level]));
    add(line, STR("\",\"event\":"));
    add_quoted(line, str_of(event));
}

static void add_coloured(struct line *line, const char *colour, const char *text)
{
    bool is_on = atomic_load(&is_coloured);
    if (is_on)
        add(line, str_of(colour));
    add(line, str_of(text));
    if (is_on)
        add(line, STR(COLOUR_OFF));
}

static void start_text(struct line *line, const char *time, enum log_level level,
                       const char *event)
{
    add_coloured(line, COLOUR_DIM, time);
    add(line, STR(" "));
    add_coloured(line, level_colours[level], level_names[level]);
    add(line, strlen(level_names[level]) < 5 ? STR("  ") : STR(" "));
    add(line, str_of(event));
}

/* One write for the whole line; the loop is for signals and full terminals only. */
static void write_line(const struct line *line)
{
    size_t done = 0;
    while (done < line->len) {
        ssize_t written = write(STDERR_FILENO, line->bytes + done, line->len - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* there is nowhere left to say so */
        done += (size_t)written;
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count)
{
    if (!log_wants(level))
        return;
    int saved_errno = errno; /* callers log between a failure and its handling */
    bool is_json = atomic_load(&chosen_format) == LOG_JSON;
    char time[TIME_TEXT_BYTES];
    time_format(clock_now().wall_ms, time);

    struct line line;
    line.len = 0;
    line.is_full = false;
    if (is_json)
        start_json(&line, time, level, event);
    else
        start_text(&line, time, level, event);
    add_fields(&line, fields, count, is_json);
    write_line(&line);
    errno = saved_errno;
}
