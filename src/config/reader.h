/*
 * reader: fills a section from its map in the file, the environment over it and the
 * defaults below it, and reports everything that is wrong with it.
 */
#pragma once

#include "document.h"
#include "environment.h"
#include "load.h"
#include "snapshot.h"

struct reader {
    struct document document;
    struct environment environment;
    struct config_files files;
    bool skips_secrets; /* their files are not read, and none has to be given */
    struct problems problems;
    struct problems warnings;
};

/* A key that stands among a section's rows, but is read by the caller. */
struct extra {
    const char *name;
    const yaml_node_t *key; /* set when it is there */
    const yaml_node_t *value;
};

/* `map` may be NULL: the section is not in the file. */
void section_read(struct reader *reader, struct section *section,
                  const yaml_node_t *map, struct extra *extras, size_t extra_count);

/* True when `node` is a map (or nothing, which is one without settings); else reports.
 */
MUST_CHECK bool reader_wants_map(struct reader *reader, const char *name,
                                 const yaml_node_t *node);
/* The same for a list. */
MUST_CHECK bool reader_wants_list(struct reader *reader, const char *name,
                                  const yaml_node_t *node);
