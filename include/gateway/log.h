/*
 * log: events with typed fields, one line each on stderr: JSON, or coloured text on a
 * terminal.
 *
 * Event names are "room.past_tense" and stable: operators search for them. Never a
 * message text, token or full address; use F_MASK for ids of people. Any thread. error:
 * a person must act. warn: we recovered, watch it. info: one per message and hop.
 */
#pragma once

#include "gateway/colour.h"
#include "gateway/text.h"

enum log_level { LOG_NOTHING = -1, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_JSON, LOG_TEXT };

struct log_field {
    const char *name;
    enum { LOG_FIELD_I64, LOG_FIELD_STR, LOG_FIELD_MASK, LOG_FIELD_BOOL } kind;
    int64_t number;
    struct str text;
};

#define F_I64(n, v) ((struct log_field){(n), LOG_FIELD_I64, (int64_t)(v), STR_NONE})
#define F_MS(n, v) F_I64(n "_ms", v)
#define F_STR(n, v) ((struct log_field){(n), LOG_FIELD_STR, 0, (v)})
#define F_TEXT(n, v) F_STR(n, str_of(v)) /* a C string */
#define F_MASK(n, v) ((struct log_field){(n), LOG_FIELD_MASK, 0, (v)})
#define F_BOOL(n, v) ((struct log_field){(n), LOG_FIELD_BOOL, (v), STR_NONE})

/* JSON has no colours, whatever is wanted. */
void log_init(enum log_level level, enum log_format format, enum colour_use use);
void log_set_level(enum log_level level);
bool log_level_parse(struct str name, enum log_level *out_level);
/* Whether a line of this level would be written: ask before costly fields. */
bool log_wants(enum log_level level);
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

#define LOG_EVENT_(level, event, ...)                                                  \
    do {                                                                               \
        if (log_wants(level)) {                                                        \
            const struct log_field fields_[] = {__VA_ARGS__};                          \
            log_write(level, event, fields_, COUNT_OF(fields_));                       \
        }                                                                              \
    } while (0)
#define log_error(event, ...) LOG_EVENT_(LOG_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...) LOG_EVENT_(LOG_WARN, event, __VA_ARGS__)
#define log_info(event, ...) LOG_EVENT_(LOG_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) LOG_EVENT_(LOG_DEBUG, event, __VA_ARGS__)
