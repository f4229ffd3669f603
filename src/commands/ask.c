#include "ask.h"

#include "gateway/clock.h"

#include <stdio.h>
#include <unistd.h>

/* A page of this many rows is still one reading of the database. */
#define LIMIT_MAX 10000

bool ask_number(const char *text, int64_t *out)
{
    return str_to_i64(str_of(text), out) && *out > 0;
}

static enum exit_code say_wrong(const char *option, const char *value, const char *wish)
{
    (void)fprintf(stderr, "omgw: --%s \"%s\": %s\n", option, value, wish);
    return EXIT_WRONG_USE;
}

static enum exit_code read_since(const char *text, int64_t *out_ms)
{
    int64_t span_ms = 0;
    if (duration_parse(str_of(text), &span_ms)) {
        int64_t now_ms = clock_now().wall_ms;
        *out_ms = span_ms < now_ms ? now_ms - span_ms : 0;
        return EXIT_OK;
    }
    if (time_parse(str_of(text), out_ms))
        return EXIT_OK;
    return say_wrong("since", text,
                     "write a span such as 30m, 2h or 3d, or a time such as "
                     "2026-02-03T09:15:00Z");
}

enum exit_code ask_filter(const struct invocation *invocation, unsigned limit,
                          struct list_filter *out)
{
    int64_t rows = limit;
    *out = (struct list_filter){
        .bridge = str_of(invocation->bridge),
        .contact = str_of(invocation->contact),
        .state = str_of(invocation->state),
    };
    if (invocation->limit != NULL &&
        (!ask_number(invocation->limit, &rows) || rows > LIMIT_MAX))
        return say_wrong("limit", invocation->limit, "write a number from 1 to 10000");
    out->limit = (unsigned)rows;
    if (invocation->after != NULL && !ask_number(invocation->after, &out->before))
        return say_wrong("after", invocation->after,
                         "write the number of the last row you have");
    return invocation->since == NULL ? EXIT_OK
                                     : read_since(invocation->since, &out->since_ms);
}

enum exit_code ask_consent(const struct invocation *invocation, const char *question)
{
    char answer[8] = "";
    if (invocation->yes)
        return EXIT_OK;
    if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
        (void)fprintf(stderr, "omgw: %s Nobody can answer here: add --yes\n", question);
        return EXIT_WRONG_USE;
    }
    (void)fprintf(stderr, "%s [y/N] ", question);
    if (fgets(answer, sizeof(answer), stdin) != NULL &&
        (answer[0] == 'y' || answer[0] == 'Y'))
        return EXIT_OK;
    (void)fputs("nothing was changed\n", stderr);
    return EXIT_TROUBLE;
}
