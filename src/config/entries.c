#include "entries.h"

#include "fill.h"
#include "gateway/channel.h"
#include "gateway/memory.h"
#include "gateway/nearest.h"
#include "table.h"
#include "value.h"

/* Names stand in URLs and in names of variables. Source: design.md section 7. */
#define ENTRY_NAME_MAX 63

bool entry_name_is_valid(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!is_allowed)
            return false;
    }
    return name.len >= 1 && name.len <= ENTRY_NAME_MAX;
}

static size_t entry_count(const struct extra *list)
{
    if (list->value == NULL || list->value->type != YAML_SEQUENCE_NODE)
        return 0;
    return (size_t)(list->value->data.sequence.items.top -
                    list->value->data.sequence.items.start);
}

/* The i-th map of a list; NULL, and said so, when it is something else. */
static const yaml_node_t *entry_map(struct reader *reader, const struct extra *list,
                                    size_t i)
{
    const yaml_node_t *node =
        document_node(&reader->document, list->value->data.sequence.items.start[i]);
    if (node->type == YAML_MAPPING_NODE)
        return node;
    problems_add(&reader->problems, node_place(node),
                 "an entry of \"%s\" is %s; write \"- name: NAME\" and its other "
                 "settings below",
                 list->name, node_description(node));
    return NULL;
}

static struct str entry_name(struct document *document, const yaml_node_t *map)
{
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < map->data.mapping.pairs.top; pair++) {
        if (str_is(node_text(document_node(document, pair->key)), "name"))
            return node_text(document_node(document, pair->value));
    }
    return STR_NONE;
}

static char *path_under(const char *path, struct str name)
{
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, 256);
    buf_printf(&out, "%s%.*s.", path, STR_ARG(name));
    return buf_take(&out);
}

static char *variable_under(const char *variable, struct str name)
{
    CLEANUP(buf_release) struct buf out;
    buf_init(&out, 256);
    buf_add(&out, str_of(variable));
    variable_add_name(&out, name);
    buf_add(&out, STR("__"));
    return buf_take(&out);
}

/* Names the section after its entry; without a valid name no variable can mean it. */
static void name_section(struct reader *reader, struct section *section,
                         const yaml_node_t *map, const char *path, const char *variable)
{
    struct str name = entry_name(&reader->document, map);
    section->is_entry = true;
    section->place = node_place(map);
    if (!entry_name_is_valid(name))
        return;
    section->path = path_under(path, name);
    section->variable = variable_under(variable, name);
}

void entries_read_organisations(struct reader *reader, struct snapshot *snapshot,
                                const struct extra *list)
{
    size_t count = entry_count(list);
    snapshot->organisations = mem_new_array(count, sizeof(snapshot->organisations[0]));
    for (size_t i = 0; i < count && !problems_are_full(&reader->problems); i++) {
        const yaml_node_t *map = entry_map(reader, list, i);
        if (map == NULL)
            continue;
        struct organisation_entry *entry =
            &snapshot->organisations[snapshot->organisation_count++];
        section_init(&entry->section, organisation_rows, organisation_row_count, entry);
        name_section(reader, &entry->section, map, "genesys.",
                     VARIABLE_PREFIX "GENESYS__");
        section_read(reader, &entry->section, map, NULL, 0);
    }
}

/* What the channel says about its own settings: "ROW: what is wrong". */
static void report_channel(struct reader *reader, const struct section *settings,
                           const struct error *err)
{
    struct place place = settings->place;
    struct str text = str_of(err->text);
    struct str name = str_cut(&text, ':');
    for (size_t i = 0; i < settings->row_count; i++) {
        if (str_is(name, settings->rows[i].name)) {
            place = section_place(settings, settings->rows[i].name);
            problems_add(&reader->problems, place, LABEL_FORMAT "%s",
                         LABEL_ARG(settings), err->text);
            return;
        }
    }
    problems_add(&reader->problems, place, "%s: %s", settings->label, err->text);
}

static void read_settings(struct reader *reader, struct bridge_entry *entry,
                          const struct extra *extra)
{
    const struct channel *channel = entry->value.channel;
    const char *path = entry->section.path;
    struct section *settings = &entry->settings;
    entry->value.settings = mem_new(channel->settings_size);
    section_init(settings, channel->settings_rows, channel->settings_row_count,
                 entry->value.settings);
    settings->label = channel->name;
    settings->place = entry->section.place;
    if (path != NULL) {
        settings->path = path_under(path, str_of(channel->name));
        settings->variable =
            variable_under(entry->section.variable, str_of(channel->name));
    }
    const yaml_node_t *map = extra->value;
    if (map != NULL) {
        settings->place = node_place(extra->key);
        if (!reader_wants_map(reader, channel->name, map))
            return;
    }
    size_t reported = reader->problems.count;
    section_read(reader, settings, map, NULL, 0);
    if (reader->problems.count > reported || problems_are_full(&reader->problems))
        return; /* the channel may rely on its rows */
    if (reader->skips_secrets)
        return;
    struct error err = {0};
    entry->is_ready = channel->settings_ready(entry->value.settings, &err) == STATUS_OK;
    if (!entry->is_ready)
        report_channel(reader, settings, &err);
}

static void report_unknown_channel(struct reader *reader,
                                   const struct bridge_entry *entry,
                                   const struct channel *const *channels)
{
    struct nearest nearest;
    nearest_start(&nearest, str_of(entry->channel));
    CLEANUP(buf_release) struct buf known;
    buf_init(&known, 256);
    for (size_t i = 0; channels[i] != NULL; i++) {
        nearest_offer(&nearest, str_of(channels[i]->name));
        buf_printf(&known, "%s%s", i == 0 ? "known: " : ", ", channels[i]->name);
    }
    struct quote shown;
    char advice[256];
    nearest_print(&nearest, buf_c_string(&known), advice, sizeof(advice));
    problems_add(&reader->problems, section_place(&entry->section, "channel"),
                 "unknown channel %s; %s", quote(&shown, str_of(entry->channel)),
                 advice);
}

/* `extras` has one place per channel, in the table's order. */
static void read_channel(struct reader *reader, struct bridge_entry *entry,
                         const struct channel *const *channels,
                         const struct extra *extras)
{
    if (entry->channel == NULL || entry->channel[0] == '\0')
        return; /* reported as missing */
    size_t own = 0;
    while (channels[own] != NULL && strcmp(channels[own]->name, entry->channel) != 0)
        own++;
    if (channels[own] == NULL) {
        report_unknown_channel(reader, entry, channels);
        return;
    }
    entry->value.channel = channels[own];
    for (size_t i = 0; channels[i] != NULL; i++) {
        if (i != own && extras[i].key != NULL)
            problems_add(&reader->problems, node_place(extras[i].key),
                         "\"%s\" is not the channel of this bridge (\"%s\"); remove it",
                         channels[i]->name, entry->channel);
    }
    read_settings(reader, entry, &extras[own]);
}

static void read_bridge(struct reader *reader, struct bridge_entry *entry,
                        const struct channel *const *channels, const yaml_node_t *map)
{
    size_t channel_count = 0;
    while (channels[channel_count] != NULL)
        channel_count++;
    CLEANUP(mem_freep)
    struct extra *extras = mem_new_array(channel_count, sizeof(*extras));
    for (size_t i = 0; i < channel_count; i++)
        extras[i].name = channels[i]->name;

    section_init(&entry->section, bridge_rows, bridge_row_count, entry);
    name_section(reader, &entry->section, map, "bridges.", VARIABLE_PREFIX "BRIDGES__");
    section_read(reader, &entry->section, map, extras, channel_count);
    read_channel(reader, entry, channels, extras);
}

void entries_read_bridges(struct reader *reader, struct snapshot *snapshot,
                          const struct channel *const *channels,
                          const struct extra *list)
{
    size_t count = entry_count(list);
    snapshot->bridges = mem_new_array(count, sizeof(snapshot->bridges[0]));
    for (size_t i = 0; i < count && !problems_are_full(&reader->problems); i++) {
        const yaml_node_t *map = entry_map(reader, list, i);
        if (map != NULL)
            read_bridge(reader, &snapshot->bridges[snapshot->bridge_count++], channels,
                        map);
    }
}

void entries_release(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->organisation_count; i++)
        section_release(&snapshot->organisations[i].section);
    mem_free(TAKE(snapshot->organisations));
    snapshot->organisation_count = 0;

    for (size_t i = 0; i < snapshot->bridge_count; i++) {
        struct bridge_entry *entry = &snapshot->bridges[i];
        if (entry->is_ready)
            entry->value.channel->settings_release(entry->value.settings);
        section_release(&entry->settings);
        mem_free(entry->value.settings);
        section_release(&entry->section);
    }
    mem_free(TAKE(snapshot->bridges));
    snapshot->bridge_count = 0;
}
