/*
 * options: the command line of genesys-emulator.
 */
#pragma once

#include "emulator.h"

struct options {
    struct emulator_settings settings; /* its lists are owned */
    bool allow_public_listen;
    bool wants_help;
    bool wants_version;
};

/*
 * Reads the command line, whose texts must stay.
 * STATUS_INVALID  what is wrong, for the person who typed it
 */
MUST_CHECK enum status options_read(int argc, char **argv, struct options *out_options,
                                    struct error *err);
void options_release(struct options *options);
/* Examples first, then every option with its default. */
void options_print_help(struct buf *out);
