#include "gateway/colour.h"

#include <unistd.h>

bool colour_parse(struct str name, enum colour_use *out_use)
{
    static const char *const names[] = {
        [COLOUR_AUTO] = "auto",
        [COLOUR_ALWAYS] = "always",
        [COLOUR_NEVER] = "never",
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!str_is(name, names[i]))
            continue;
        *out_use = (enum colour_use)i;
        return true;
    }
    return false;
}

/* A dumb terminal shows the bytes. Source: term(7), "dumb"; read 2026-12-01. */
bool terminal_can_be_steered(int fd)
{
    const char *terminal = getenv("TERM");
    return (terminal == NULL || strcmp(terminal, "dumb") != 0) && isatty(fd) == 1;
}

/* Source: no-color.org, "set to a non-empty string"; read 2026-11-21. */
static bool is_refused(void)
{
    const char *no_colour = getenv("NO_COLOR");
    return no_colour != NULL && no_colour[0] != '\0';
}

bool colour_is_wanted(enum colour_use use, int fd)
{
    if (use == COLOUR_AUTO)
        return !is_refused() && terminal_can_be_steered(fd);
    return use == COLOUR_ALWAYS;
}
