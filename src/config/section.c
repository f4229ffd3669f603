#include "gateway/memory.h"
#include "snapshot.h"
#include "value.h"

void section_init(struct section *section, const struct setting_row *rows, size_t count,
                  void *base)
{
    *section = (struct section){
        .rows = rows,
        .row_count = count,
        .base = base,
        .origins = mem_new_array(count, sizeof(struct origin)),
    };
}

void section_release(struct section *section)
{
    for (size_t i = 0; i < section->row_count; i++) {
        value_release(&section->rows[i], section->base);
        mem_free(section->origins[i].variable);
    }
    mem_free(section->origins);
    mem_free(section->path);
    mem_free(section->variable);
    *section = (struct section){0};
}

size_t section_row(const struct section *section, const char *name)
{
    size_t i = 0;
    while (strcmp(section->rows[i].name, name) != 0)
        i++;
    return i;
}

struct origin *section_origin(const struct section *section, const char *name)
{
    return &section->origins[section_row(section, name)];
}

struct place section_place(const struct section *section, const char *name)
{
    const struct origin *origin = section_origin(section, name);
    if (origin->kind == ORIGIN_ENVIRONMENT)
        return (struct place){.variable = origin->variable};
    return origin->kind == ORIGIN_FILE ? origin->place : section->place;
}

/* The name of an entry is what its variables are found by, so it has none itself. */
static bool is_entry_name(const struct section *section, const struct setting_row *row)
{
    return section->is_entry && strcmp(row->name, "name") == 0;
}

bool section_variable(const struct section *section, const struct setting_row *row,
                      const char *suffix, struct buf *out)
{
    buf_clear(out);
    if (section->variable == NULL || is_entry_name(section, row))
        return false;
    buf_add(out, str_of(section->variable));
    variable_add_name(out, str_of(row->name));
    buf_add(out, str_of(suffix));
    return true;
}

static char upper(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - ('a' - 'A'));
    return c;
}

void variable_add_name(struct buf *out, struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '.')
            buf_add(out, STR("__"));
        else if (c == '-')
            buf_add_char(out, '_');
        else
            buf_add_char(out, upper(c));
    }
}

const struct section *snapshot_section(const struct snapshot *snapshot, size_t i)
{
    if (i == 0)
        return &snapshot->root;
    i -= 1;
    if (i < snapshot->organisation_count)
        return &snapshot->organisations[i].section;
    i -= snapshot->organisation_count;
    if (i / 2 >= snapshot->bridge_count)
        return NULL;
    const struct bridge_entry *entry = &snapshot->bridges[i / 2];
    return i % 2 == 0 ? &entry->section : &entry->settings;
}
