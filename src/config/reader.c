#include "reader.h"

#include "fill.h"
#include "gateway/memory.h"
#include "gateway/nearest.h"

#define NAME_BYTES 128
#define ADVICE_BYTES 768

/* A section, the map of the file that is read for it, and what it said. */
struct walk {
    struct reader *reader;
    struct section *section;
    struct given *given; /* one per row */
    struct extra *extras;
    size_t extra_count;
};

bool reader_wants_map(struct reader *reader, const char *name, const yaml_node_t *node)
{
    if (node->type == YAML_MAPPING_NODE || node_is_null(node))
        return true;
    problems_add(&reader->problems, node_place(node),
                 "\"%s\" is %s; write its settings below it, indented", name,
                 node_description(node));
    return false;
}

bool reader_wants_list(struct reader *reader, const char *name, const yaml_node_t *node)
{
    if (node->type == YAML_SEQUENCE_NODE || node_is_null(node))
        return true;
    problems_add(&reader->problems, node_place(node),
                 "\"%s\" is %s; write a list, each entry with \"- \" before it", name,
                 node_description(node));
    return false;
}

/* The part of a row's name that is a key in the map at `prefix`; empty: none there. */
static struct str child_key(const struct setting_row *row, struct str prefix)
{
    struct str name = str_of(row->name);
    if (!str_starts(name, prefix))
        return STR_NONE;
    name = str_sub(name, prefix.len, name.len);
    return str_cut(&name, '.');
}

/* The names that a map may have: all of them, and the nearest to the one it has. */
struct known {
    struct nearest nearest;
    struct buf all;
    struct str last; /* rows of one group follow each other */
};

static void known_add(struct known *known, struct str name)
{
    if (name.len == 0 || str_equal(name, known->last))
        return;
    buf_printf(&known->all, "%s%.*s", known->last.len == 0 ? "known here: " : ", ",
               STR_ARG(name));
    nearest_offer(&known->nearest, name);
    known->last = name;
}

static void report_unknown(struct walk *walk, struct str prefix, const yaml_node_t *key)
{
    struct problems *problems = &walk->reader->problems;
    if (key->type != YAML_SCALAR_NODE) {
        problems_add(problems, node_place(key),
                     "%s stands where a name is wanted; write NAME: VALUE",
                     node_description(key));
        return;
    }
    struct known known = {0};
    nearest_start(&known.nearest, node_text(key));
    buf_init(&known.all, ADVICE_BYTES);
    for (size_t i = 0; i < walk->section->row_count; i++)
        known_add(&known, child_key(&walk->section->rows[i], prefix));
    for (size_t i = 0; prefix.len == 0 && i < walk->extra_count; i++)
        known_add(&known, str_of(walk->extras[i].name));

    struct quote shown;
    char advice[ADVICE_BYTES];
    nearest_print(&known.nearest, buf_c_string(&known.all), advice, sizeof(advice));
    problems_add(problems, node_place(key), "unknown setting %s; %s",
                 quote(&shown, node_text(key)), advice);
    buf_release(&known.all);
}

static bool key_is_row(struct walk *walk, struct str full_name,
                       const yaml_node_t *value)
{
    const struct section *section = walk->section;
    for (size_t i = 0; i < section->row_count; i++) {
        const struct setting_row *row = &section->rows[i];
        struct str name = str_of(row->name);
        if (str_equal(full_name, name)) {
            walk->given[i].value = value;
            return true;
        }
        if (row->kind == SETTING_SECRET && str_starts(full_name, name) &&
            str_is(str_sub(full_name, name.len, full_name.len), FILE_SUFFIX)) {
            walk->given[i].file = value;
            return true;
        }
    }
    return false;
}

static void read_map(struct walk *walk, struct str prefix, const yaml_node_t *map);

/* A map inside the section: "listen", whose rows start with "listen.". */
static bool key_is_group(struct walk *walk, const char *full_name,
                         const yaml_node_t *value)
{
    char prefix[NAME_BYTES + 1];
    (void)snprintf(prefix, sizeof(prefix), "%s.", full_name);
    for (size_t i = 0; i < walk->section->row_count; i++) {
        if (!str_starts(str_of(walk->section->rows[i].name), str_of(prefix)))
            continue;
        if (reader_wants_map(walk->reader, full_name, value) &&
            value->type == YAML_MAPPING_NODE)
            read_map(walk, str_of(prefix), value);
        return true;
    }
    return false;
}

static bool key_is_extra(struct walk *walk, const char *name, const yaml_node_t *key,
                         const yaml_node_t *value)
{
    for (size_t i = 0; i < walk->extra_count; i++) {
        if (strcmp(name, walk->extras[i].name) != 0)
            continue;
        walk->extras[i].key = key;
        walk->extras[i].value = value;
        return true;
    }
    return false;
}

static void read_pair(struct walk *walk, struct str prefix, const yaml_node_t *key,
                      const yaml_node_t *value)
{
    struct str name = node_text(key);
    char full_name[NAME_BYTES];
    /* No setting has a dot in one of its keys: they separate the keys in a row's name.
     */
    bool is_name = name.len > 0 && prefix.len + name.len < sizeof(full_name) &&
                   str_find_byte(name, '.') < 0 && str_find_byte(name, '\0') < 0;
    if (is_name) {
        (void)snprintf(full_name, sizeof(full_name), "%.*s%.*s", STR_ARG(prefix),
                       STR_ARG(name));
        if (key_is_row(walk, str_of(full_name), value) ||
            key_is_group(walk, full_name, value) ||
            key_is_extra(walk, full_name, key, value))
            return;
    }
    report_unknown(walk, prefix, key);
}

/* The same key before `pair`, or NULL. */
static const yaml_node_t *earlier_key(struct document *document, const yaml_node_t *map,
                                      const yaml_node_pair_t *pair)
{
    struct str name = node_text(document_node(document, pair->key));
    for (const yaml_node_pair_t *other = map->data.mapping.pairs.start; other < pair;
         other++) {
        const yaml_node_t *key = document_node(document, other->key);
        if (key->type == YAML_SCALAR_NODE && str_equal(node_text(key), name))
            return key;
    }
    return NULL;
}

static void read_map(struct walk *walk, struct str prefix, const yaml_node_t *map)
{
    struct problems *problems = &walk->reader->problems;
    struct document *document = &walk->reader->document;
    const yaml_node_pair_t *end = map->data.mapping.pairs.top;

    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < end && !problems_are_full(problems); pair++) {
        struct quote shown;
        const yaml_node_t *key = document_node(document, pair->key);
        const yaml_node_t *earlier = earlier_key(document, map, pair);
        if (earlier != NULL)
            problems_add(problems, node_place(key),
                         "%s is given twice, first in line %zu; remove one",
                         quote(&shown, node_text(key)), node_place(earlier).line);
        else
            read_pair(walk, prefix, key, document_node(document, pair->value));
    }
}

void section_read(struct reader *reader, struct section *section,
                  const yaml_node_t *map, struct extra *extras, size_t extra_count)
{
    CLEANUP(mem_freep)
    struct given *given = mem_new_array(section->row_count, sizeof(*given));
    struct walk walk = {reader, section, given, extras, extra_count};

    if (map != NULL && map->type == YAML_MAPPING_NODE)
        read_map(&walk, STR_NONE, map);
    for (size_t i = 0; i < section->row_count; i++)
        row_fill(reader, section, i, &given[i]);
}
