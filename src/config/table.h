/*
 * table: the fixed settings, one row each: parser, defaults, environment, help,
 * example, reference and `config show` all read these. Channels bring rows of their
 * own.
 */
#pragma once

#include "gateway/settings.h"

extern const struct setting_row root_rows[]; /* of struct config */
extern const size_t root_row_count;
extern const struct setting_row organisation_rows[]; /* of struct organisation_entry */
extern const size_t organisation_row_count;
extern const struct setting_row bridge_rows[]; /* of struct bridge_entry */
extern const size_t bridge_row_count;

/* One word for a kind, for the reference and for messages. */
const char *kind_name(enum setting_kind kind);
/* Where an organisation lives. */
struct region {
    const char *name;
    const char *domain; /* https://api.DOMAIN, https://login.DOMAIN */
};
extern const struct region regions[];
extern const size_t region_count;
/* NULL when there is none of that name. */
const struct region *region_find(struct str name);
