/*
 * settings: rows of the one settings table. A row says where a value goes in its
 * struct, what it may be, and what it is for; config parses, prints and explains by it.
 * A channel brings rows of its own. Static const data; any thread.
 */
#pragma once

#include "gateway/status.h"
#include "gateway/text.h"

struct text_list {
    char **items; /* owned; ends with NULL; NULL when empty */
    size_t count;
};
struct text_map {
    char **names;  /* owned */
    char **values; /* owned */
    size_t count;
};

enum setting_kind {
    SETTING_TEXT,     /* char *; NULL when empty */
    SETTING_URL,      /* as a text; http or https, no userinfo, no fragment */
    SETTING_PATH,     /* as a text; one that is relative is beside the configuration */
    SETTING_SECRET,   /* as a text; also as NAME_file */
    SETTING_SECRETS,  /* struct text_list; entries {value: ...} or {file: ...} */
    SETTING_TEXTS,    /* struct text_list */
    SETTING_MAP,      /* struct text_map */
    SETTING_BOOL,     /* bool */
    SETTING_NUMBER,   /* int64_t */
    SETTING_DURATION, /* int64_t, ms */
    SETTING_SIZE,     /* int64_t, bytes */
    SETTING_CHOICE,   /* int, index into `choices` */
};

struct setting_row {
    const char *name; /* within its section; '.' separates nested maps */
    enum setting_kind kind;
    size_t offset;
    bool is_required;
    const char *default_text; /* as it would stand in the file; NULL: empty or zero */
    int64_t min; /* of numbers, durations, sizes; and fewest list entries */
    int64_t max; /* 0: no limit */
    const char *const *choices; /* of SETTING_CHOICE, ends with NULL */
    const char *help;
};
