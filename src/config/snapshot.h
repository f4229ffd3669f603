/*
 * snapshot: what lies behind a struct config: the sections as they were read, with the
 * origin of every value, and the reference count. Private to config.
 */
#pragma once

#include <stdatomic.h>
#include <yaml.h>

#include "gateway/config.h"
#include "problem.h"

enum origin_kind {
    ORIGIN_DEFAULT,
    ORIGIN_FILE,
    ORIGIN_ENVIRONMENT,
    ORIGIN_REGION, /* follows from `region` */
};

/* Where the value of a row came from. */
struct origin {
    enum origin_kind kind;
    bool is_wrong;           /* the value was refused, and that was said */
    bool is_unread;          /* a secret that nobody here needs */
    struct place place;      /* without variable */
    char *variable;          /* owned; of the environment */
    const yaml_node_t *node; /* the value; only while the document is there */
};

/* Rows and the struct they fill. */
struct section {
    const struct setting_row *rows; /* borrowed, static */
    size_t row_count;
    void *base;        /* borrowed: the struct of the rows' offsets */
    const char *label; /* borrowed; before names in messages: a channel's, or NULL */
    char *path;        /* owned; before the names of its settings: "bridges.acme." */
    char *variable; /* owned; the same for the environment; NULL: not settable there */
    bool is_entry;  /* of a list: found by its name */
    struct place place;     /* of the map; where missing settings are reported */
    struct origin *origins; /* owned; one per row */
};

/* An organisation and a bridge as the file has them. They own what is in `value`. */
struct organisation_entry {
    struct organisation value;
    char *region;
    struct section section;
};

struct bridge_entry {
    struct bridge value;
    char *channel;
    char *organisation;
    struct section section;
    bool is_ready;           /* the channel has made what it needs of its settings */
    struct section settings; /* of the channel; no rows when the channel is unknown */
};

struct snapshot {
    atomic_size_t references;
    char *file; /* as the user named it */
    struct section root;
    struct organisation_entry *organisations;
    size_t organisation_count;
    struct bridge_entry *bridges;
    size_t bridge_count;
    const struct bridge **by_name; /* sorted */
    struct buf warnings;
};

static inline struct snapshot *snapshot_of(const struct config *config)
{
    return config->owned;
}

void section_init(struct section *section, const struct setting_row *rows, size_t count,
                  void *base);
/* Frees the values too. */
void section_release(struct section *section);
/* The row of that name; it must exist. */
size_t section_row(const struct section *section, const char *name);
struct origin *section_origin(const struct section *section, const char *name);
/* Where the value of that row stands, or the section if it has its default. */
struct place section_place(const struct section *section, const char *name);
/* OMGW_LISTEN__PUBLIC; `suffix` is "" or "_FILE". False when it has no variable. */
bool section_variable(const struct section *section, const struct setting_row *row,
                      const char *suffix, struct buf *out);
/* "listen.public" as LISTEN__PUBLIC, "acme-eu" as ACME_EU. */
void variable_add_name(struct buf *out, struct str name);
/* The `i`-th of all sections of a snapshot, in the file's order; NULL behind the last.
 */
const struct section *snapshot_section(const struct snapshot *snapshot, size_t i);
