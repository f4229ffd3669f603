#include "change.h"

#include "control.h"
#include "progress.h"

#include "gateway/json.h"
#include "gateway/limits.h"
#include "gateway/memory.h"

#include <stdlib.h>

/* Reasons shown to a person; all of them stand in the JSON. */
#define SKIPS_SHOWN 10

void picks_release(struct picks *picks)
{
    mem_free(picks->items);
    *picks = (struct picks){.count = 0};
}

void picks_add(struct picks *picks, int64_t delivery, int64_t message)
{
    if (picks->count == picks->room) {
        picks->room = picks->room == 0 ? 256 : picks->room * 2;
        picks->items = mem_resize(picks->items, picks->room * sizeof(*picks->items));
    }
    picks->items[picks->count++] = (struct picked){delivery, message};
}

static int by_message(const void *a, const void *b)
{
    int64_t left = ((const struct picked *)a)->message;
    int64_t right = ((const struct picked *)b)->message;
    return (left > right) - (left < right);
}

void picks_sort(struct picks *picks)
{
    if (picks->count > 0)
        qsort(picks->items, picks->count, sizeof(*picks->items), by_message);
}

/* --- batches
 * ---------------------------------------------------------------------------------- */

struct outcome_sum {
    int64_t changed;
    struct json *skipped; /* owned */
};

static void add_skips(struct outcome_sum *sum, const struct json *answer)
{
    for (const struct json *item = json_first(json_get(answer, "skipped"));
         item != NULL; item = json_next(item)) {
        int64_t delivery = 0;
        struct str why = STR_NONE;
        (void)json_i64(json_get(item, "delivery"), &delivery);
        (void)json_str(json_get(item, "why"), &why);
        struct json *own = json_append_object(sum->skipped);
        json_add_i64(own, "delivery", delivery);
        json_add_str(own, "why", why);
    }
}

static enum exit_code change_batch(const struct config *config, const char *path,
                                   const struct picked *items, size_t count,
                                   struct outcome_sum *sum)
{
    CLEANUP(json_freep) struct json *answer = NULL;
    struct json *body = json_new_object();
    struct json *numbers = json_add_array(body, "deliveries");
    for (size_t i = 0; i < count; i++)
        json_append(numbers, json_new_i64(items[i].delivery));
    enum exit_code code = control_ask(config, path, body, &answer);
    if (code != EXIT_OK)
        return code;
    int64_t changed = 0;
    (void)json_i64(json_get(answer, "changed"), &changed);
    sum->changed += changed;
    add_skips(sum, answer);
    return EXIT_OK;
}

/* --- the result
 * ------------------------------------------------------------------------------- */

static enum exit_code print_sum(const struct invocation *invocation,
                                struct outcome_sum *sum, const char *done)
{
    size_t skipped = json_count(sum->skipped);
    if (invocation->as_json) {
        CLEANUP(json_freep) struct json *whole = json_new_object();
        json_add_i64(whole, "changed", sum->changed);
        json_add(whole, "skipped", TAKE(sum->skipped));
        return print_json(whole);
    }
    (void)printf("%s %lld", done, (long long)sum->changed);
    (void)printf(skipped > 0 ? ", left %zu as they were\n" : "\n", skipped);
    const struct json *item = json_first(sum->skipped);
    for (size_t i = 0; i < SKIPS_SHOWN && item != NULL; i++, item = json_next(item)) {
        int64_t delivery = 0;
        struct str why = STR_NONE;
        (void)json_i64(json_get(item, "delivery"), &delivery);
        (void)json_str(json_get(item, "why"), &why);
        (void)printf("  %lld: %.*s\n", (long long)delivery, STR_ARG(why));
    }
    if (skipped > SKIPS_SHOWN)
        (void)printf("  and %zu more; --json names all\n", skipped - SKIPS_SHOWN);
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_IO;
}

enum exit_code change_all(const struct invocation *invocation,
                          const struct config *config, const char *path,
                          const struct picks *picks, const char *done)
{
    struct outcome_sum sum = {.skipped = json_new_array()};
    struct progress progress;
    enum exit_code code = EXIT_OK;
    progress_start(&progress);
    for (size_t at = 0; at < picks->count && code == EXIT_OK;
         at += LIMIT_WRITER_BATCH) {
        size_t left = picks->count - at;
        size_t count = left < LIMIT_WRITER_BATCH ? left : LIMIT_WRITER_BATCH;
        code = change_batch(config, path, &picks->items[at], count, &sum);
        progress_move(&progress, done, (int64_t)(at + count), (int64_t)picks->count);
    }
    progress_end(&progress);
    /* What was changed before a batch failed stays so, and is said. */
    enum exit_code printed = EXIT_OK;
    if (code == EXIT_OK || sum.changed > 0)
        printed = print_sum(invocation, &sum, done);
    json_free(sum.skipped);
    if (code != EXIT_OK || printed != EXIT_OK)
        return code != EXIT_OK ? code : printed;
    return sum.changed == 0 && picks->count > 0 ? EXIT_TROUBLE : EXIT_OK;
}
