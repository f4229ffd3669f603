/*
 * memory_table: one ordered map that can take back what it was told; all rows and
 * indexes of the memory backend live in it, so that undoing is right for every kind of
 * row at once.
 *
 * Keys are bytes in memcmp order, made by the key_ functions from a table's number and
 * its columns. Rows are blocks that are never changed, only replaced. Private to the
 * memory backend; one thread.
 */
#pragma once

#include "gateway/limits.h"
#include "gateway/text.h"

/* A table's number, an integer and a text, or three integers. */
#define TABLE_KEY_BYTES (1 + 8 + LIMIT_ID_BYTES)

struct table_key {
    size_t len;
    uint8_t bytes[TABLE_KEY_BYTES];
};

/* The start of all keys of a table. */
struct table_key key_table(unsigned table);
struct table_key key_1(unsigned table, int64_t a);
struct table_key key_2(unsigned table, int64_t a, int64_t b);
struct table_key key_3(unsigned table, int64_t a, int64_t b, int64_t c);
/* The text ends the key; it has the length of an id at most. */
bool key_takes_text(struct str text);
struct table_key key_1_text(unsigned table, int64_t a, struct str text);
struct table_key key_bytes(unsigned table, const void *bytes, size_t len);

struct table;
struct table_entry;

struct table *table_new(void);
void table_free(struct table *table);

/* Adds or replaces. The block is the table's from now on; NULL: an index entry. */
void table_put(struct table *table, const struct table_key *key, void *row);
/* The key must be there. */
void table_delete(struct table *table, const struct table_key *key);

/* The entry of exactly this key, or NULL. */
const struct table_entry *table_find(const struct table *table,
                                     const struct table_key *key);
/* The row under a key, or NULL. Borrowed until the transaction ends or is taken back.
 */
const void *table_get(const struct table *table, const struct table_key *key);
/* Entries whose keys start with `prefix`, in order; NULL at the end. */
const struct table_entry *table_first(const struct table *table,
                                      const struct table_key *prefix);
const struct table_entry *table_after(const struct table_entry *entry,
                                      const struct table_key *prefix);
/* As table_first, starting at `key`. */
const struct table_entry *table_first_from(const struct table *table,
                                           const struct table_key *key,
                                           const struct table_key *prefix);
const void *entry_row(const struct table_entry *entry);
struct table_key entry_key(const struct table_entry *entry);
/* The integer that a key ends with. */
int64_t entry_number(const struct table_entry *entry);

/* How many changes the journal holds; table_undo takes back those made since a mark. */
size_t table_mark(const struct table *table);
void table_undo(struct table *table, size_t mark);
/* Makes all changes final. */
void table_commit(struct table *table);
