/*
 * entries: the lists `genesys` and `bridges`: one section per entry, found by its name,
 * and under each bridge the section of its channel.
 */
#pragma once

#include "reader.h"

struct channel;

/* `list` is what stands under the key; nothing when the key is not in the file. */
void entries_read_organisations(struct reader *reader, struct snapshot *snapshot,
                                const struct extra *list);
void entries_read_bridges(struct reader *reader, struct snapshot *snapshot,
                          const struct channel *const *channels,
                          const struct extra *list);
void entries_release(struct snapshot *snapshot);

/* What organisations and bridges may be called. */
bool entry_name_is_valid(struct str name);
