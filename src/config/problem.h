/*
 * problem: what is wrong with a configuration, collected with its place and printed in
 * file order, so that one run shows everything there is to repair. Main thread.
 */
#pragma once

#include "gateway/text.h"

/* Where a value stands: in the file, or in a variable of the environment. */
struct place {
    const char *variable; /* borrowed; NULL: in the file */
    size_t line;          /* from 1; 0: the file as a whole */
    size_t column;        /* from 1 */
};

struct problems {
    const char *file; /* borrowed; as the user named it */
    struct problem *items;
    size_t count;
};

/* Nothing when they are full. The text is "what is wrong; what to do", without secrets.
 */
void problems_add(struct problems *problems, struct place place, const char *format,
                  ...) PRINTF_LIKE(3, 4);
/* No more are kept: a caller with much left to look at may stop. */
bool problems_are_full(const struct problems *problems);
/* One a line: by the file's lines, then the environment's as they were found. */
void problems_print(struct problems *problems, struct buf *out);
void problems_release(struct problems *problems);

/* A piece of input made fit for a message: in quotes, printable, cut when long. */
struct quote {
    char text[80];
};
const char *quote(struct quote *quote, struct str input);
