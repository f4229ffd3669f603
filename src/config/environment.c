#include "environment.h"

#include "gateway/memory.h"
#include "gateway/nearest.h"
#include "snapshot.h"
#include "value.h"

/* A variable without "__" this close to a setting's is one with a typing mistake. */
#define TYPING_MISTAKES 2

/* Nobody means a setting by a name with other characters; messages may show it. */
static bool is_printable(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f)
            return false;
    }
    return true;
}

void environment_init(struct environment *environment, char **variables)
{
    *environment = (struct environment){0};
    for (size_t i = 0; variables != NULL && variables[i] != NULL; i++) {
        struct str value = str_of(variables[i]);
        bool is_assigned = str_find_byte(value, '=') >= 0;
        struct str name = str_cut(&value, '=');
        if (!is_assigned || !str_starts(name, STR(VARIABLE_PREFIX)) ||
            !is_printable(name))
            continue;
        environment->items =
            mem_resize(environment->items,
                       (environment->count + 1) * sizeof(environment->items[0]));
        char *own_name = mem_new(name.len + 1);
        memcpy(own_name, name.ptr, name.len);
        environment->items[environment->count++] = (struct variable){
            .name = own_name,
            .value = variables[i] + name.len + 1,
        };
    }
}

void environment_release(struct environment *environment)
{
    for (size_t i = 0; i < environment->count; i++)
        mem_free(environment->items[i].name);
    mem_free(environment->items);
    *environment = (struct environment){0};
}

const struct variable *environment_take(struct environment *environment,
                                        const char *name)
{
    for (size_t i = 0; i < environment->count; i++) {
        struct variable *variable = &environment->items[i];
        if (strcmp(variable->name, name) == 0) {
            variable->is_used = true;
            return variable;
        }
    }
    return NULL;
}

static void offer_names(const struct section *section, struct nearest *nearest)
{
    CLEANUP(buf_release) struct buf name;
    buf_init(&name, NEAREST_NAME_BYTES + 1);
    for (size_t i = 0; i < section->row_count; i++) {
        const struct setting_row *row = &section->rows[i];
        if (section_variable(section, row, "", &name))
            nearest_offer(nearest, buf_str(&name));
        if (kind_is_secret(row->kind) && section_variable(section, row, "_FILE", &name))
            nearest_offer(nearest, buf_str(&name));
    }
}

/* What Kubernetes and old container links set for a service of that name. */
static bool is_service_link(const char *name)
{
    struct str text = str_of(name);
    return strstr(name, "__") == NULL &&
           (strstr(name, "_SERVICE_HOST") != NULL ||
            strstr(name, "_SERVICE_PORT") != NULL || strstr(name, "_PORT_") != NULL ||
            str_is(str_sub(text, text.len < 5 ? 0 : text.len - 5, 5), "_PORT"));
}

/* OMGW_LISTEN_PUBLIC: starts like a setting at the top of the file. */
static bool starts_like_setting(const char *name, const struct snapshot *snapshot)
{
    static const char *const lists[] = {"genesys", "bridges"};
    struct str rest = str_of(name);
    rest = str_sub(rest, sizeof(VARIABLE_PREFIX) - 1, rest.len);

    for (size_t i = 0; i < COUNT_OF(lists) + snapshot->root.row_count; i++) {
        struct str whole =
            str_of(i < COUNT_OF(lists) ? lists[i]
                                       : snapshot->root.rows[i - COUNT_OF(lists)].name);
        struct str first = str_cut(&whole, '.');
        struct str behind = str_sub(rest, first.len, rest.len);
        if (str_equal_nocase(str_sub(rest, 0, first.len), first) &&
            (behind.len == 0 || behind.ptr[0] == '_'))
            return true;
    }
    return false;
}

static bool looks_like_setting(const char *name, const struct snapshot *snapshot,
                               const struct nearest *nearest)
{
    if (strstr(name, "__") != NULL || starts_like_setting(name, snapshot))
        return true;
    return nearest_name(nearest) != NULL && nearest->distance <= TYPING_MISTAKES;
}

/* The bridge's channel is unknown, so its settings are too; that was said already. */
static bool is_of_unread_bridge(const char *name, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->bridge_count; i++) {
        const struct bridge_entry *entry = &snapshot->bridges[i];
        const char *prefix = entry->section.variable;
        if (entry->settings.rows == NULL && prefix != NULL &&
            str_starts(str_of(name), str_of(prefix)))
            return true;
    }
    return false;
}

void environment_report(const struct environment *environment,
                        const struct snapshot *snapshot, struct problems *problems)
{
    for (size_t i = 0; i < environment->count; i++) {
        const char *name = environment->items[i].name;
        if (environment->items[i].is_used || is_service_link(name) ||
            is_of_unread_bridge(name, snapshot))
            continue;
        struct nearest nearest;
        nearest_start(&nearest, str_of(name));
        const struct section *section;
        for (size_t j = 0; (section = snapshot_section(snapshot, j)) != NULL; j++)
            offer_names(section, &nearest);

        if (strcmp(nearest.best, name) == 0 ||
            !looks_like_setting(name, snapshot, &nearest))
            continue; /* the first: of a section that could not be read */
        char advice[NEAREST_NAME_BYTES + 64];
        nearest_print(&nearest,
                      "correct or remove it (entries of genesys and bridges stand "
                      "in the file)",
                      advice, sizeof(advice));
        problems_add(problems, (struct place){.variable = name}, "no such setting; %s",
                     advice);
    }
}
