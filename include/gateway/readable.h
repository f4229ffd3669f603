/*
 * readable: what has no place in the peer's protocol, as lines that a person can read.
 *
 * Pure; any thread.
 */
#pragma once

#include "gateway/event.h"
#include "gateway/file.h"

/* Begins a line below what is there. */
void readable_begin(struct buf *out);
/* A whole line. An empty one adds nothing. */
void readable_line(struct buf *out, struct str line);
/*
 * What comes beside the text: the fallback lines, and each attachment by name and type.
 * Never its URL: a provider's URL may hold a token or a signature.
 */
void readable_content(struct buf *out, const struct content *content);
/* The same of a message whose files go by themselves: only its fallback lines. */
void readable_fallback(struct buf *out, const struct content *content);
/* One attachment, in place of its file: "[file terms.pdf is missing: it is too large]".
 */
void readable_missing(struct buf *out, const struct attachment *attachment,
                      const struct file *file);
/* One file as a line that can be pressed, its name and our link, below its caption. */
void readable_link(struct buf *out, struct str caption, const struct file *file);
