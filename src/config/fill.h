/*
 * fill: gives one row its value: from the environment, else the file, else its default;
 * reports what is wrong with it and keeps where it came from.
 */
#pragma once

#include "reader.h"

/* What the file says about one row; both NULL: nothing. */
struct given {
    const yaml_node_t *value;
    const yaml_node_t *file; /* of NAME_file, for a secret */
};

#define FILE_SUFFIX "_file"
/* What a message puts before the name of a setting. */
#define LABEL_FORMAT "%s%s"
#define LABEL_ARG(section)                                                             \
    (section)->label == NULL ? "" : (section)->label,                                  \
        (section)->label == NULL ? "" : "."

void row_fill(struct reader *reader, struct section *section, size_t i,
              const struct given *given);

/* "a map", "a list", "a single value" */
const char *node_description(const yaml_node_t *node);
