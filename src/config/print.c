#include "gateway/channel.h"
#include "gateway/json.h"
#include "outline.h"
#include "snapshot.h"
#include "value.h"

#define SOURCE_BYTES 512

/* Where a value came from, for people. */
static struct str source_of(const struct snapshot *snapshot,
                            const struct origin *origin, char room[SOURCE_BYTES])
{
    switch (origin->kind) {
    case ORIGIN_FILE:
        (void)snprintf(room, SOURCE_BYTES, "%s:%zu", snapshot->file,
                       origin->place.line);
        break;
    case ORIGIN_ENVIRONMENT:
        (void)snprintf(room, SOURCE_BYTES, "environment %s", origin->variable);
        break;
    case ORIGIN_REGION:
        return STR("region");
    case ORIGIN_DEFAULT:
        return STR("default");
    }
    return str_of(room);
}

/*
 * What may be shown of a text: secrets are masked, and the values of a map with them
 * (it may hold an Authorization header); a URL loses its query, which often is a key.
 */
static struct str shown_text(struct buf *shown, const struct setting_row *row,
                             struct str text)
{
    char masked[16];
    if (text.len > 0 && (kind_is_secret(row->kind) || row->kind == SETTING_MAP)) {
        mask(text, masked);
        text = str_of(masked);
    }
    buf_clear(shown);
    if (row->kind == SETTING_URL && str_find_byte(text, '?') >= 0) {
        buf_add(shown, str_cut(&text, '?'));
        text = STR("?****");
    }
    buf_add(shown, text);
    return buf_str(shown);
}

/* An entry of a list or map; false behind the last. */
static bool entry_at(const struct setting_row *row, const void *base, size_t i,
                     struct str *out_name, struct str *out_text)
{
    if (row->kind == SETTING_MAP) {
        const struct text_map *map = value_at(row, base);
        if (i >= map->count)
            return false;
        *out_name = str_of(map->names[i]);
        *out_text = str_of(map->values[i]);
        return true;
    }
    const struct text_list *list = value_at(row, base);
    if (i >= list->count)
        return false;
    *out_name = STR_NONE;
    *out_text = str_of(list->items[i]);
    return true;
}

static void print_value(struct buf *out, const struct setting_row *row,
                        const void *base)
{
    CLEANUP(buf_release) struct buf shown;
    buf_init(&shown, out->ceiling);
    if (!kind_is_list(row->kind)) {
        char room[24];
        outline_scalar(out, shown_text(&shown, row, value_text(row, base, room)));
        return;
    }
    bool is_map = row->kind == SETTING_MAP;
    struct str name;
    struct str text;
    buf_add_char(out, is_map ? '{' : '[');
    for (size_t i = 0; entry_at(row, base, i, &name, &text); i++) {
        buf_add(out, i == 0 ? STR(" ") : STR(", "));
        if (is_map) {
            outline_scalar(out, name);
            buf_add(out, STR(": "));
        }
        outline_scalar(out, shown_text(&shown, row, text));
    }
    buf_add(out, is_map ? STR(" }") : STR(" ]"));
}

static void print_section(struct buf *out, const struct snapshot *snapshot,
                          const struct section *section, size_t depth)
{
    const char *previous = "";
    bool is_entry = section->is_entry;
    for (size_t i = 0; i < section->row_count; i++) {
        const struct setting_row *row = &section->rows[i];
        struct outline line = outline_of(previous, row->name);
        while (outline_next(&line)) {
            outline_indent(out, depth + line.depth, false, is_entry);
            buf_printf(out, "%.*s:\n", STR_ARG(line.key));
            is_entry = false;
        }
        char source[SOURCE_BYTES];
        outline_indent(out, depth + line.depth, false, is_entry);
        buf_printf(out, "%.*s: ", STR_ARG(line.key));
        print_value(out, row, section->base);
        buf_printf(out, "  # %.*s\n",
                   STR_ARG(source_of(snapshot, &section->origins[i], source)));
        is_entry = false;
        previous = row->name;
    }
}

static void print_yaml(const struct snapshot *snapshot, struct buf *out)
{
    print_section(out, snapshot, &snapshot->root, 0);
    if (snapshot->organisation_count > 0)
        buf_add(out, STR("genesys:\n"));
    for (size_t i = 0; i < snapshot->organisation_count; i++)
        print_section(out, snapshot, &snapshot->organisations[i].section, 2);
    if (snapshot->bridge_count > 0)
        buf_add(out, STR("bridges:\n"));
    for (size_t i = 0; i < snapshot->bridge_count; i++) {
        const struct bridge_entry *entry = &snapshot->bridges[i];
        print_section(out, snapshot, &entry->section, 2);
        if (entry->settings.row_count > 0)
            buf_printf(out, "    %s:\n", entry->value.channel->name);
        print_section(out, snapshot, &entry->settings, 3);
    }
}

static struct json *json_entries(const struct setting_row *row, const void *base)
{
    CLEANUP(buf_release) struct buf shown;
    buf_init(&shown, SIZE_MAX);
    bool is_map = row->kind == SETTING_MAP;
    struct json *all = is_map ? json_new_object() : json_new_array();
    struct str name;
    struct str text;
    for (size_t i = 0; entry_at(row, base, i, &name, &text); i++) {
        if (is_map)
            json_add_str(all, name.ptr, shown_text(&shown, row, text));
        else
            json_append(all, json_new_str(shown_text(&shown, row, text)));
    }
    return all;
}

static void json_add_value(struct json *object, const struct setting_row *row,
                           const void *base)
{
    if (row->kind == SETTING_BOOL) {
        const bool *is_true = value_at(row, base);
        json_add_bool(object, "value", *is_true);
    } else if (row->kind == SETTING_NUMBER) {
        const int64_t *number = value_at(row, base);
        json_add_i64(object, "value", *number);
    } else if (kind_is_list(row->kind)) {
        json_add(object, "value", json_entries(row, base));
    } else {
        CLEANUP(buf_release) struct buf shown;
        buf_init(&shown, SIZE_MAX);
        char room[24];
        json_add_str(object, "value",
                     shown_text(&shown, row, value_text(row, base, room)));
    }
}

static void json_add_section(struct json *settings, const struct snapshot *snapshot,
                             const struct section *section)
{
    for (size_t i = 0; i < section->row_count; i++) {
        const struct setting_row *row = &section->rows[i];
        char source[SOURCE_BYTES];
        char name[256];
        (void)snprintf(name, sizeof(name), "%s%s", section->path, row->name);
        struct json *setting = json_append_object(settings);
        json_add_str(setting, "name", str_of(name));
        json_add_value(setting, row, section->base);
        json_add_str(setting, "source",
                     source_of(snapshot, &section->origins[i], source));
    }
}

static void print_json(const struct snapshot *snapshot, struct buf *out)
{
    CLEANUP(json_freep) struct json *whole = json_new_object();
    struct json *settings = json_add_array(whole, "settings");
    const struct section *section;
    for (size_t i = 0; (section = snapshot_section(snapshot, i)) != NULL; i++)
        json_add_section(settings, snapshot, section);

    struct error err;
    /* Else cJSON found no memory: nothing rather than a part. */
    if (json_print(whole, out, &err) == STATUS_OK)
        buf_add_char(out, '\n');
}

void config_print(const struct config *config, bool as_json, struct buf *out)
{
    const struct snapshot *snapshot = snapshot_of(config);
    if (as_json)
        print_json(snapshot, out);
    else
        print_yaml(snapshot, out);
}
