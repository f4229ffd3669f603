/*
 * value: one value of a setting, by its row: parsed from text into its struct, printed,
 * counted, wiped. Knows neither YAML nor the environment. Any thread.
 *
 * Errors say what is wrong and what to write instead; they never quote a secret or a
 * URL (which may hold one).
 */
#pragma once

#include "gateway/settings.h"

/* More entries in one list are a mistake; it also bounds what checks compare pairwise.
 */
#define VALUE_ENTRIES_MAX 1000

/*
 * From the one text of a scalar, a variable or a default. Lists are separated by
 * commas, maps are NAME=VALUE separated by commas; a list of secrets is one secret, as
 * it stands.
 */
MUST_CHECK enum status value_parse(const struct setting_row *row, struct str text,
                                   void *base, struct error *err);
/* One more entry of a list or map; `name` counts for maps only. */
MUST_CHECK enum status value_append(const struct setting_row *row, struct str name,
                                    struct str text, void *base, struct error *err);
/* Whether what was read is enough: a required text not empty, a list with `min`
 * entries. */
MUST_CHECK enum status value_check(const struct setting_row *row, const void *base,
                                   struct error *err);

bool kind_is_secret(enum setting_kind kind); /* also given as NAME_file */
bool kind_is_list(enum setting_kind kind);   /* has entries: a list or a map */

/* The value in its struct, for reading and for writing. */
const void *value_at(const struct setting_row *row, const void *base);
void *value_place(const struct setting_row *row, void *base);

/* As it would stand in the file: "72h", "1MiB", "300", "true", a choice. Scalars only.
 */
struct str value_text(const struct setting_row *row, const void *base, char room[24]);
/* A number in the unit of the row's kind, as value_text. */
const char *value_number_text(enum setting_kind kind, int64_t number, char room[24]);

/* Wiped and freed; the place is empty afterwards. */
void value_release(const struct setting_row *row, void *base);
void text_wipe_free(char *text); /* accepts NULL */
char *text_copy(struct str text);
