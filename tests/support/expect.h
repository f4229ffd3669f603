/*
 * expect: checks for rows of a table. A failing one prints the row's name, what was
 * wanted and what came. Includes cmocka, and takes back its `fail`, a name of
 * gateway/status.h.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail

#include "gateway/status.h"
#include "gateway/text.h"

static inline void expect_i64_at(const char *name, int64_t want, int64_t got,
                                 const char *file, int line)
{
    if (want == got)
        return;
    print_error("%s: wanted %lld, got %lld\n", name, (long long)want, (long long)got);
    _fail(file, line);
}

static inline void expect_str_at(const char *name, struct str want, struct str got,
                                 const char *file, int line)
{
    if (str_equal(want, got))
        return;
    print_error("%s: wanted \"%.*s\" (%zu bytes), got \"%.*s\" (%zu bytes)\n", name,
                STR_ARG(want), want.len, STR_ARG(got), got.len);
    _fail(file, line);
}

static inline void expect_status_at(const char *name, enum status want, enum status got,
                                    const char *file, int line)
{
    if (want == got)
        return;
    print_error("%s: wanted %s, got %s\n", name, status_name(want), status_name(got));
    _fail(file, line);
}

static inline void expect_true_at(const char *name, bool got, const char *file,
                                  int line)
{
    if (got)
        return;
    print_error("%s: does not hold\n", name);
    _fail(file, line);
}

#define expect_i64(name, want, got)                                                    \
    expect_i64_at(name, (int64_t)(want), (int64_t)(got), __FILE__, __LINE__)
/* `want` is a C string, `got` a struct str. */
#define expect_str(name, want, got)                                                    \
    expect_str_at(name, str_of(want), got, __FILE__, __LINE__)
#define expect_status(name, want, got)                                                 \
    expect_status_at(name, want, got, __FILE__, __LINE__)
#define expect_true(name, got) expect_true_at(name, got, __FILE__, __LINE__)
#define expect_false(name, got) expect_true_at(name, !(got), __FILE__, __LINE__)
