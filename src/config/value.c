#include "value.h"

#include <inttypes.h>

#include "address.h"
#include "gateway/crypto.h"
#include "gateway/memory.h"
#include "gateway/nearest.h"
#include "problem.h"

bool kind_is_secret(enum setting_kind kind)
{
    return kind == SETTING_SECRET || kind == SETTING_SECRETS;
}

bool kind_is_list(enum setting_kind kind)
{
    return kind == SETTING_SECRETS || kind == SETTING_TEXTS || kind == SETTING_MAP;
}

void *value_place(const struct setting_row *row, void *base)
{
    return (char *)base + row->offset;
}

const void *value_at(const struct setting_row *row, const void *base)
{
    return (const char *)base + row->offset;
}

char *text_copy(struct str text)
{
    char *copy = mem_new(text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

void text_wipe_free(char *text)
{
    if (text != NULL)
        bytes_wipe(text, strlen(text));
    mem_free(text);
}

static bool has_control_character(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}

static enum status check_text(struct str text, struct error *err)
{
    if (has_control_character(text))
        return fail(err, STATUS_INVALID, "has a control character; remove it");
    if (!utf8_is_valid(text))
        return fail(err, STATUS_INVALID, "is not UTF-8; write it as UTF-8");
    return STATUS_OK;
}

/* A key may be any bytes, but is kept as a C string. */
static enum status check_secret(struct str text, struct error *err)
{
    if (text.len == 0)
        return fail(err, STATUS_INVALID, "is empty; put the secret there");
    if (str_find_byte(text, '\0') >= 0)
        return fail(err, STATUS_INVALID, "has a NUL byte; write the secret as text");
    return STATUS_OK;
}

static enum status parse_text(const struct setting_row *row, struct str text,
                              void *place, struct error *err)
{
    char **out = place;
    enum status status =
        row->kind == SETTING_SECRET ? check_secret(text, err) : check_text(text, err);
    if (status == STATUS_OK && text.len > 0)
        *out = text_copy(text);
    return status;
}

static enum status parse_url(const struct setting_row *row, struct str text,
                             void *place, struct error *err)
{
    char **out = place;
    if (text.len == 0)
        return STATUS_OK; /* as if it were not there; value_check knows whether it may
                           */
    const char *fault = url_fault(text);
    (void)row;
    if (fault != NULL)
        return fail(err, STATUS_INVALID, "the URL %s; write https://HOST/PATH", fault);
    *out = text_copy(text);
    return STATUS_OK;
}

static enum status parse_bool(const struct setting_row *row, struct str text,
                              void *place, struct error *err)
{
    bool *out = place;
    struct quote shown;
    (void)row;
    if (!str_is(text, "true") && !str_is(text, "false"))
        return fail(err, STATUS_INVALID, "%s is not a truth value; write true or false",
                    quote(&shown, text));
    *out = str_is(text, "true");
    return STATUS_OK;
}

/* How numbers of each kind are read and what a wrong one is told. */
static bool parse_number_of(enum setting_kind kind, struct str text, int64_t *out)
{
    if (kind == SETTING_DURATION)
        return duration_parse(text, out);
    return kind == SETTING_SIZE ? size_parse(text, out) : str_to_i64(text, out);
}

static const char *number_advice(enum setting_kind kind)
{
    if (kind == SETTING_DURATION)
        return "a duration; write a number and a unit: 1500ms, 10s, 5m, 72h, 8d";
    if (kind == SETTING_SIZE)
        return "a size; write a number of bytes or one with a unit: 64KiB, 1MiB, 2GiB";
    return "a whole number; write digits only";
}

static enum status parse_number(const struct setting_row *row, struct str text,
                                void *place, struct error *err)
{
    int64_t *out = place;
    int64_t number;
    struct quote shown;
    char bound[24];
    if (!parse_number_of(row->kind, text, &number))
        return fail(err, STATUS_INVALID, "%s is not %s", quote(&shown, text),
                    number_advice(row->kind));
    if (number < row->min)
        return fail(err, STATUS_INVALID, "%s is too small; the least is %s",
                    quote(&shown, text), value_number_text(row->kind, row->min, bound));
    if (row->max != 0 && number > row->max)
        return fail(err, STATUS_INVALID, "%s is too large; the most is %s",
                    quote(&shown, text), value_number_text(row->kind, row->max, bound));
    *out = number;
    return STATUS_OK;
}

static enum status parse_choice(const struct setting_row *row, struct str text,
                                void *place, struct error *err)
{
    int *out = place;
    struct nearest nearest;
    nearest_start(&nearest, text);
    CLEANUP(buf_release) struct buf all;
    buf_init(&all, ERROR_TEXT_BYTES);
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (str_is(text, row->choices[i])) {
            *out = i;
            return STATUS_OK;
        }
        nearest_offer(&nearest, str_of(row->choices[i]));
        buf_printf(&all, "%s%s", i == 0 ? "write one of " : ", ", row->choices[i]);
    }
    struct quote shown;
    char advice[ERROR_TEXT_BYTES];
    nearest_print(&nearest, buf_c_string(&all), advice, sizeof(advice));
    return fail(err, STATUS_INVALID, "%s is not a choice; %s", quote(&shown, text),
                advice);
}

static void list_append(struct text_list *list, char *item)
{
    list->items = mem_resize(list->items, (list->count + 2) * sizeof(list->items[0]));
    list->items[list->count++] = item;
    list->items[list->count] = NULL;
}

static enum status map_append(struct text_map *map, struct str name, struct str text,
                              struct error *err)
{
    struct quote shown;
    if (name.len == 0)
        return fail(err, STATUS_INVALID, "has an entry without a name; give it one");
    if (check_text(name, err) != STATUS_OK)
        return STATUS_INVALID;
    for (size_t i = 0; i < map->count; i++) {
        if (str_equal_nocase(str_of(map->names[i]), name))
            return fail(err, STATUS_INVALID, "%s is there twice; keep one",
                        quote(&shown, name));
    }
    size_t size = (map->count + 1) * sizeof(map->names[0]);
    map->names = mem_resize(map->names, size);
    map->values = mem_resize(map->values, size);
    map->names[map->count] = text_copy(name);
    map->values[map->count] = text_copy(text);
    map->count++;
    return STATUS_OK;
}

static size_t entry_count(const struct setting_row *row, const void *base)
{
    const struct text_list *list = value_at(row, base);
    const struct text_map *map = value_at(row, base);
    return row->kind == SETTING_MAP ? map->count : list->count;
}

enum status value_append(const struct setting_row *row, struct str name,
                         struct str text, void *base, struct error *err)
{
    if (entry_count(row, base) >= VALUE_ENTRIES_MAX)
        return fail(err, STATUS_INVALID, "has more than %d entries; shorten it",
                    VALUE_ENTRIES_MAX);
    enum status status =
        row->kind == SETTING_SECRETS ? check_secret(text, err) : check_text(text, err);
    if (status != STATUS_OK)
        return status;
    if (row->kind == SETTING_MAP)
        return map_append(value_place(row, base), name, text, err);
    if (text.len == 0)
        return fail(err, STATUS_INVALID, "has an empty entry; remove it");
    list_append(value_place(row, base), text_copy(text));
    return STATUS_OK;
}

static enum status parse_entries(const struct setting_row *row, struct str text,
                                 void *base, struct error *err)
{
    if (row->kind == SETTING_SECRETS)
        return value_append(row, STR_NONE, text, base, err);
    enum status status = STATUS_OK;
    while (text.len > 0 && status == STATUS_OK) {
        struct str entry = str_trim(str_cut(&text, ','));
        struct str name = STR_NONE;
        if (row->kind == SETTING_MAP)
            name = str_cut(&entry, '=');
        status = value_append(row, name, entry, base, err);
    }
    return status;
}

enum status value_parse(const struct setting_row *row, struct str text, void *base,
                        struct error *err)
{
    switch (row->kind) {
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_SECRET:
        return parse_text(row, text, value_place(row, base), err);
    case SETTING_URL:
        return parse_url(row, text, value_place(row, base), err);
    case SETTING_BOOL:
        return parse_bool(row, text, value_place(row, base), err);
    case SETTING_NUMBER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        return parse_number(row, text, value_place(row, base), err);
    case SETTING_CHOICE:
        return parse_choice(row, text, value_place(row, base), err);
    case SETTING_SECRETS:
    case SETTING_TEXTS:
    case SETTING_MAP:
        break;
    }
    return parse_entries(row, text, base, err);
}

static bool kind_is_text(enum setting_kind kind)
{
    return kind == SETTING_TEXT || kind == SETTING_URL || kind == SETTING_PATH ||
           kind == SETTING_SECRET;
}

enum status value_check(const struct setting_row *row, const void *base,
                        struct error *err)
{
    if (kind_is_list(row->kind)) {
        int64_t count = (int64_t)entry_count(row, base);
        int64_t fewest = row->is_required && row->min == 0 ? 1 : row->min;
        if (count < fewest)
            return fail(err, STATUS_INVALID,
                        "has %" PRId64 " entries; give it %" PRId64 " at least", count,
                        fewest);
        if (row->max != 0 && count > row->max)
            return fail(err, STATUS_INVALID,
                        "has %" PRId64 " entries; keep %" PRId64 " at most", count,
                        row->max);
        return STATUS_OK;
    }
    if (row->is_required && kind_is_text(row->kind)) {
        const char *const *text = value_at(row, base);
        if (*text == NULL)
            return fail(err, STATUS_INVALID, "is empty; give it a value");
    }
    return STATUS_OK;
}

const char *value_number_text(enum setting_kind kind, int64_t number, char room[24])
{
    static const struct unit {
        enum setting_kind kind;
        const char *name;
        int64_t size;
        int64_t from; /* 72h is what people say, and 8d */
    } units[] = {
        {SETTING_DURATION, "d",   86400000, 4 * 86400000L},
        {SETTING_DURATION, "h",   3600000,  3600000      },
        {SETTING_DURATION, "m",   60000,    60000        },
        {SETTING_DURATION, "s",   1000,     0            },
        {SETTING_DURATION, "ms",  1,        0            },
        {SETTING_SIZE,     "GiB", 1 << 30,  1 << 30      },
        {SETTING_SIZE,     "MiB", 1 << 20,  1 << 20      },
        {SETTING_SIZE,     "KiB", 1 << 10,  1 << 10      },
    };
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        const struct unit *unit = &units[i];
        if (unit->kind != kind || number < unit->from || number % unit->size != 0)
            continue;
        (void)snprintf(room, 24, "%" PRId64 "%s", number / unit->size, unit->name);
        return room;
    }
    (void)snprintf(room, 24, "%" PRId64, number);
    return room;
}

struct str value_text(const struct setting_row *row, const void *base, char room[24])
{
    const void *place = value_at(row, base);
    if (kind_is_text(row->kind)) {
        const char *const *text = place;
        return str_of(*text);
    }
    if (row->kind == SETTING_BOOL) {
        const bool *is_true = place;
        return *is_true ? STR("true") : STR("false");
    }
    if (row->kind == SETTING_CHOICE) {
        const int *choice = place;
        return str_of(row->choices[*choice]);
    }
    const int64_t *number = place;
    return str_of(value_number_text(row->kind, *number, room));
}

static void texts_free(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_wipe_free(texts[i]);
    mem_free(texts);
}

void value_release(const struct setting_row *row, void *base)
{
    void *place = value_place(row, base);
    if (kind_is_text(row->kind)) {
        char **text = place;
        text_wipe_free(TAKE(*text));
    } else if (row->kind == SETTING_MAP) {
        struct text_map *map = place;
        texts_free(TAKE(map->names), map->count);
        texts_free(TAKE(map->values), map->count);
        map->count = 0;
    } else if (kind_is_list(row->kind)) {
        struct text_list *list = place;
        texts_free(TAKE(list->items), list->count);
        list->count = 0;
    }
}
