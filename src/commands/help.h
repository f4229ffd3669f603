/*
 * help: what the table of commands says to those who ask for it. Examples first.
 */
#pragma once

#include "command.h"

#include <stdio.h>

/* All commands. */
void help_overview(FILE *out);
/* Options and examples of one. */
void help_command(const struct command *command, FILE *out);
/* Whether commands of two words begin with this one, and which. */
bool help_has_group(const char *word);
void help_group(const char *word, FILE *out);
