#include "fill.h"

#include "beside.h"

#include "gateway/nearest.h"
#include "secret.h"
#include "value.h"

/* The folder and what is beside it, each as long as the system takes. */
#define PATH_BYTES (2u * 4096)

/* The row being filled. */
struct target {
    struct reader *reader;
    struct section *section;
    const struct setting_row *row;
    struct origin *origin;
};

const char *node_description(const yaml_node_t *node)
{
    if (node->type == YAML_MAPPING_NODE)
        return "a map";
    return node->type == YAML_SEQUENCE_NODE ? "a list" : "a single value";
}

/* "NAME: what is wrong; what to do"; a variable is named by its place already. */
static void report(const struct target *target, const char *suffix, struct place place,
                   const struct error *err)
{
    struct problems *problems = &target->reader->problems;
    target->origin->is_wrong = true;
    if (place.variable != NULL)
        problems_add(problems, place, "%s", err->text);
    else
        problems_add(problems, place, LABEL_FORMAT "%s%s: %s",
                     LABEL_ARG(target->section), target->row->name, suffix, err->text);
}

/* STATUS_INVALID when `node` is not one plain value. */
static enum status check_scalar(const yaml_node_t *node, struct error *err)
{
    if (node_is_null(node))
        return fail(err, STATUS_INVALID,
                    "has no value; give it one or remove the line");
    if (node->type != YAML_SCALAR_NODE)
        return fail(err, STATUS_INVALID, "is %s; write a single value",
                    node_description(node));
    return STATUS_OK;
}

static enum status check_value(const struct target *target, struct error *err)
{
    if (target->origin->is_unread)
        return STATUS_OK;
    return value_check(target->row, target->section->base, err);
}

/* All of a value in one text. */
static enum status take_value(const struct target *target, struct str text,
                              struct error *err)
{
    CLEANUP(buf_release) struct buf room;
    buf_init(&room, PATH_BYTES);
    if (target->row->kind == SETTING_PATH)
        text = path_beside(target->reader->problems.file, text, &room);
    return value_parse(target->row, text, target->section->base, err);
}

/* One text as the value, or as one more entry. */
static enum status take_text(const struct target *target, struct str name,
                             struct str text, struct error *err)
{
    if (kind_is_list(target->row->kind))
        return value_append(target->row, name, text, target->section->base, err);
    return take_value(target, text, err);
}

/* The secret in a file. */
static enum status take_file(const struct target *target, struct str path,
                             struct place place, struct error *err)
{
    CLEANUP(secret_release) struct secret secret = {0};
    CLEANUP(buf_release) struct buf room;
    buf_init(&room, PATH_BYTES);
    if (target->reader->skips_secrets) {
        target->origin->is_unread = true;
        return STATUS_OK;
    }
    path = path_beside(target->reader->problems.file, path, &room);
    enum status status = secret_read(&target->reader->files, path, &secret, err);
    if (status != STATUS_OK)
        return status;
    if (secret.is_exposed) {
        struct quote shown;
        problems_add(&target->reader->warnings, place,
                     "every user of this machine may read %s; chmod 600 it",
                     quote(&shown, path));
    }
    return take_text(target, STR_NONE, (struct str){secret.bytes, secret.len}, err);
}

/* A scalar of the file, or of the file it names. */
static enum status take_node(const struct target *target, struct str name,
                             const yaml_node_t *node, bool is_path, struct error *err)
{
    enum status status = check_scalar(node, err);
    if (status != STATUS_OK)
        return status;
    if (is_path)
        return take_file(target, node_text(node), node_place(node), err);
    return take_text(target, name, node_text(node), err);
}

static void read_entry(const struct target *target, struct str name,
                       const yaml_node_t *node, bool is_path)
{
    struct error err;
    if (take_node(target, name, node, is_path, &err) != STATUS_OK)
        report(target, "", node_place(node), &err);
}

/* { value: SECRET } or { file: PATH } */
static void read_secret_entry(const struct target *target, const yaml_node_t *node)
{
    struct document *document = &target->reader->document;
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    if (node->type == YAML_MAPPING_NODE && node->data.mapping.pairs.top - pair == 1) {
        struct str key = node_text(document_node(document, pair->key));
        bool is_path = str_is(key, "file");
        if (is_path || str_is(key, "value")) {
            read_entry(target, STR_NONE, document_node(document, pair->value), is_path);
            return;
        }
    }
    struct error err;
    (void)fail(
        &err, STATUS_INVALID,
        "an entry is not { file: PATH } or { value: SECRET }; write one of the two");
    report(target, "", node_place(node), &err);
}

static void read_map_entries(const struct target *target, const yaml_node_t *node)
{
    struct document *document = &target->reader->document;
    const yaml_node_pair_t *end = node->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < end && !problems_are_full(&target->reader->problems); pair++)
        read_entry(target, node_text(document_node(document, pair->key)),
                   document_node(document, pair->value), false);
}

static void read_list_entries(const struct target *target, const yaml_node_t *node)
{
    const yaml_node_item_t *end = node->data.sequence.items.top;
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < end && !problems_are_full(&target->reader->problems); item++) {
        const yaml_node_t *entry = document_node(&target->reader->document, *item);
        if (target->row->kind == SETTING_SECRETS)
            read_secret_entry(target, entry);
        else
            read_entry(target, STR_NONE, entry, false);
    }
}

/* A list or map; nothing is one without entries. */
static enum status take_entries(const struct target *target, const yaml_node_t *node,
                                struct error *err)
{
    static const char *const advice[] = {
        [SETTING_SECRETS] = "[ { file: PATH } ]",
        [SETTING_TEXTS] = "[ ENTRY, ... ]",
        [SETTING_MAP] = "{ NAME: VALUE, ... }",
    };
    bool is_map = target->row->kind == SETTING_MAP;
    if (node->type != (is_map ? YAML_MAPPING_NODE : YAML_SEQUENCE_NODE) &&
        !node_is_null(node))
        return fail(err, STATUS_INVALID, "is %s; write %s", node_description(node),
                    advice[target->row->kind]);

    size_t reported = target->reader->problems.count;
    if (node->type == YAML_MAPPING_NODE)
        read_map_entries(target, node);
    else if (node->type == YAML_SEQUENCE_NODE)
        read_list_entries(target, node);
    if (target->reader->problems.count > reported)
        return STATUS_OK; /* said already: do not count what is left */
    return check_value(target, err);
}

static void fill_from_file(const struct target *target, const struct given *given)
{
    bool is_path = given->value == NULL;
    const yaml_node_t *node = is_path ? given->file : given->value;
    struct place place = node_place(node);
    *target->origin =
        (struct origin){.kind = ORIGIN_FILE, .place = place, .node = node};

    struct error err;
    enum status status;
    if (kind_is_list(target->row->kind)) {
        status = take_entries(target, node, &err);
    } else {
        status = take_node(target, STR_NONE, node, is_path, &err);
        if (status == STATUS_OK)
            status = check_value(target, &err);
    }
    if (status != STATUS_OK)
        report(target, is_path ? FILE_SUFFIX : "", place, &err);
}

/* One path; for a list of secrets several, with commas between them. */
static enum status take_variable_files(const struct target *target,
                                       const struct variable *variable,
                                       struct error *err)
{
    struct place place = {.variable = variable->name};
    struct str rest = str_of(variable->value);
    if (target->row->kind == SETTING_SECRET)
        return take_file(target, rest, place, err);
    enum status status;
    do {
        status = take_file(target, str_trim(str_cut(&rest, ',')), place, err);
    } while (status == STATUS_OK && rest.len > 0);
    return status;
}

/* `other` is the same setting's second form, if that is set as well. */
static void fill_from_variable(const struct target *target, const struct variable *used,
                               bool is_path, const struct variable *other)
{
    struct error err;
    enum status status;
    *target->origin = (struct origin){
        .kind = ORIGIN_ENVIRONMENT,
        .variable = text_copy(str_of(used->name)),
    };
    if (other != NULL)
        status = fail(&err, STATUS_INVALID, "%s is set as well; keep one", other->name);
    else if (is_path)
        status = take_variable_files(target, used, &err);
    else
        status = take_value(target, str_of(used->value), &err);
    if (status == STATUS_OK)
        status = check_value(target, &err);
    if (status != STATUS_OK)
        report(target, "", (struct place){.variable = used->name}, &err);
}

/* False when no variable names this row. */
static bool fill_from_environment(const struct target *target)
{
    const struct section *section = target->section;
    const struct setting_row *row = target->row;
    struct environment *environment = &target->reader->environment;
    CLEANUP(buf_release) struct buf name;
    buf_init(&name, NEAREST_NAME_BYTES + 1);
    if (!section_variable(section, row, "", &name))
        return false;
    const struct variable *value = environment_take(environment, buf_c_string(&name));
    const struct variable *file = NULL;
    if (kind_is_secret(row->kind) && section_variable(section, row, "_FILE", &name))
        file = environment_take(environment, buf_c_string(&name));
    if (value != NULL)
        fill_from_variable(target, value, false, file);
    else if (file != NULL)
        fill_from_variable(target, file, true, NULL);
    return value != NULL || file != NULL;
}

static void fill_default(const struct target *target)
{
    const struct section *section = target->section;
    const struct setting_row *row = target->row;
    struct problems *problems = &target->reader->problems;
    if (row->default_text != NULL) {
        struct error err;
        /* A default that does not fit its own row is a bug of ours: shown, not hidden.
         */
        if (value_parse(row, str_of(row->default_text), section->base, &err) !=
            STATUS_OK)
            report(target, "", section->place, &err);
    } else if (kind_is_secret(row->kind) && target->reader->skips_secrets) {
        target->origin->is_unread = true;
    } else if (row->is_required && row->kind == SETTING_SECRET) {
        problems_add(problems, section->place,
                     "\"" LABEL_FORMAT
                     "%s\" is missing (%s); add it or \"%s" FILE_SUFFIX "\"",
                     LABEL_ARG(section), row->name, row->help, row->name);
    } else if (row->is_required) {
        problems_add(problems, section->place,
                     "\"" LABEL_FORMAT "%s\" is missing (%s); add it",
                     LABEL_ARG(section), row->name, row->help);
    }
}

/* X and X_file in one map contradict each other; shown at the later one. */
static bool is_given_twice(const struct target *target, const struct given *given)
{
    if (given->value == NULL || given->file == NULL)
        return false;
    struct place value = node_place(given->value);
    struct place file = node_place(given->file);
    bool is_file_later = file.line > value.line ||
                         (file.line == value.line && file.column > value.column);
    problems_add(&target->reader->problems, is_file_later ? file : value,
                 "\"" LABEL_FORMAT "%s\" and \"%s" FILE_SUFFIX
                 "\" are both given; keep one",
                 LABEL_ARG(target->section), target->row->name, target->row->name);
    return true;
}

void row_fill(struct reader *reader, struct section *section, size_t i,
              const struct given *given)
{
    struct target target = {reader, section, &section->rows[i], &section->origins[i]};
    bool is_contradiction = is_given_twice(&target, given);
    if (fill_from_environment(&target) || is_contradiction)
        return;
    if (given->value != NULL || given->file != NULL)
        fill_from_file(&target, given);
    else
        fill_default(&target);
}
