/*
 * What people write: new ids, and now and then something about what was said before.
 */
#include "life.h"

#include <string.h>

#include "gateway/memory.h"
#include "gateway/text.h"

#define CONTACTS 7
#define TEXT_MAX 900

static unsigned below(struct life *life, unsigned limit)
{
    return (unsigned)random_below(&life->random, limit);
}

/* Mostly short; sometimes of many pages, so that a transaction needs some. */
static void add_text(struct life *life, struct buf *out)
{
    size_t len = 1 + below(life, TEXT_MAX);
    if (below(life, 24) == 0)
        len *= 20;
    char letter = (char)('a' + below(life, 26));
    for (size_t i = 0; i < len; i++)
        buf_add_char(out, letter);
}

/* The id of an earlier message: ours, or one that nobody knows. */
static const char *some_public_id(struct life *life)
{
    for (unsigned tries = 0; tries < 4 && life->letters.count > 0; tries++) {
        const struct letter *letter =
            &life->letters.items[below(life, (unsigned)life->letters.count)];
        if (letter->public_id[0] != '\0')
            return letter->public_id;
    }
    return "0190b0000000700080000000000000aa";
}

/* Number of an earlier webhook of that side, or of none. */
static unsigned some_number(struct life *life)
{
    return below(life, (unsigned)life->letters.count + 2);
}

static void add_line(struct life *life, struct buf *out, bool is_outbound,
                     unsigned number, unsigned line)
{
    static const char statuses[][10] = {"delivered", "read", "failed"};
    char side = is_outbound ? 'g' : 'c';
    unsigned contact = below(life, CONTACTS);
    unsigned kind = below(life, 20);
    char head[64];
    (void)snprintf(head, sizeof(head), "%c%u.%u p%u", side, number, line, contact);
    if (kind < 12) {
        buf_printf(out, "m %s ", head);
        add_text(life, out);
    } else if (kind < 13 && is_outbound) {
        buf_printf(out, "m %s yes|no|perhaps", head);
    } else if (kind < 14) {
        buf_printf(out, "a %s %s yes", head, some_public_id(life));
    } else if (kind < 15) {
        buf_printf(out, "e %s %c%u.0 ", head, side, some_number(life));
        add_text(life, out);
    } else if (kind < 17) {
        buf_printf(out, "r %s %s %s", head, some_public_id(life),
                   statuses[below(life, COUNT_OF(statuses))]);
    } else if (kind < 19) {
        buf_printf(out, "p %s peer%u %s", head, some_number(life),
                   statuses[below(life, COUNT_OF(statuses))]);
    } else {
        buf_printf(out, "u %s ", head);
        add_text(life, out);
    }
}

char *life_write(struct life *life, bool is_outbound)
{
    CLEANUP(buf_release) struct buf lines;
    unsigned number = (unsigned)life->letters.count;
    unsigned count = below(life, 4) == 0 ? 1 + below(life, 5) : 1;
    buf_init(&lines, LIFE_LINES_MAX * 4);
    for (unsigned i = 0; i < count; i++) {
        if (i > 0)
            buf_add_char(&lines, '\n');
        add_line(life, &lines, is_outbound, number, i);
    }
    return mem_copy_string(buf_c_string(&lines));
}
