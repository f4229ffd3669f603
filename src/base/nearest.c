#include "gateway/nearest.h"

/* One mistake in a short name, one in three letters of a longer one, but never many. */
static size_t distance_allowed(size_t len)
{
    if (len < 5)
        return 1;
    return len > 11 ? 4 : (len + 1) / 3;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + ('a' - 'A'));
    return c;
}

static bool are_swapped(struct str a, size_t i, struct str b, size_t j)
{
    return i > 1 && j > 1 && lower(a.ptr[i - 1]) == lower(b.ptr[j - 2]) &&
           lower(a.ptr[i - 2]) == lower(b.ptr[j - 1]);
}

/*
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`;
 * case counts nothing. Three rows of the usual matrix are enough. Both fit
 * NEAREST_NAME_BYTES.
 */
static size_t edit_distance(struct str a, struct str b)
{
    size_t rows[3][NEAREST_NAME_BYTES + 1];

    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced =
                above[j - 1] + (lower(a.ptr[i - 1]) != lower(b.ptr[j - 1]) ? 1 : 0);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (are_swapped(a, i, b, j))
                row[j] = least(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

void nearest_start(struct nearest *nearest, struct str wanted)
{
    nearest->wanted = wanted;
    nearest->distance = distance_allowed(wanted.len) + 1;
    nearest->best[0] = '\0';
}

void nearest_offer(struct nearest *nearest, struct str name)
{
    struct str wanted = nearest->wanted;
    if (wanted.len > NEAREST_NAME_BYTES || name.len > NEAREST_NAME_BYTES ||
        wanted.len == 0 || name.len == 0)
        return;
    size_t distance = edit_distance(wanted, name);
    if (distance >= nearest->distance || distance >= name.len)
        return; /* as many edits as letters: nothing in common */
    nearest->distance = distance;
    memcpy(nearest->best, name.ptr, name.len);
    nearest->best[name.len] = '\0';
}

const char *nearest_name(const struct nearest *nearest)
{
    return nearest->best[0] == '\0' ? NULL : nearest->best;
}

void nearest_print(const struct nearest *nearest, const char *otherwise, char *out,
                   size_t room)
{
    const char *name = nearest_name(nearest);
    if (name != NULL)
        (void)snprintf(out, room, "did you mean \"%s\"?", name);
    else
        (void)snprintf(out, room, "%s", otherwise);
}
