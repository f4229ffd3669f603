/*
 * document: the YAML file as libyaml's document, every node with its mark.
 *
 * What a configuration does not need and a reader could be harmed by is refused here:
 * aliases and anchors (a few bytes that stand for many), tags, several documents, deep
 * nesting. But for aliases the nodes can be walked all the same, so that everything
 * else that is wrong in the file is reported as well.
 */
#pragma once

#include <yaml.h>

#include "problem.h"

struct document {
    yaml_document_t yaml;
    bool is_loaded;
};

/* False when there is no mapping to read; `problems` then say why. */
MUST_CHECK bool document_read(struct document *document, struct str text,
                              struct problems *problems);
/* Wipes the scalars: there may be secrets among them. */
void document_release(struct document *document);

/* Of the document read: never NULL. */
const yaml_node_t *document_root(struct document *document);
const yaml_node_t *document_node(struct document *document, int index);

struct place node_place(const yaml_node_t *node);
/* Of a scalar; empty for others. */
struct str node_text(const yaml_node_t *node);
/* Nothing, ~ or null stands there, without quotes. */
bool node_is_null(const yaml_node_t *node);
