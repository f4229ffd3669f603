/*
 * colour: whether what is written to a terminal may have colours, and which there are.
 * Any thread, as long as none changes the environment.
 */
#pragma once

#include "gateway/text.h"

#define COLOUR_RED "\033[31m"
#define COLOUR_GREEN "\033[32m"
#define COLOUR_YELLOW "\033[33m"
#define COLOUR_CYAN "\033[36m"
#define COLOUR_BOLD "\033[1m"
#define COLOUR_DIM "\033[2m"
#define COLOUR_OFF "\033[0m"

enum colour_use { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* "auto", "always", "never". */
MUST_CHECK bool colour_parse(struct str name, enum colour_use *out_use);
/* AUTO: `fd` is a terminal that has colours, and the environment does not refuse them.
 */
bool colour_is_wanted(enum colour_use use, int fd);
/* A terminal that obeys escape sequences at all, e.g. to write a line again. */
bool terminal_can_be_steered(int fd);
