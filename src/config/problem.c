#include "problem.h"

#include <stdarg.h>

#include "gateway/memory.h"

/* A file this wrong is not a configuration; what is kept fills some screens already. */
#define PROBLEMS_MAX 1000
#define PROBLEM_TEXT_BYTES 1024
#define QUOTE_SHOWN_BYTES 60

struct problem {
    struct place place;
    char *variable; /* owned; what place.variable was */
    char *text;     /* owned */
    size_t number;  /* in order of discovery */
};

bool problems_are_full(const struct problems *problems)
{
    return problems->count >= PROBLEMS_MAX;
}

void problems_add(struct problems *problems, struct place place, const char *format,
                  ...)
{
    if (problems_are_full(problems))
        return;
    char text[PROBLEM_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments); /* cut when longer */
    va_end(arguments);

    problems->items =
        mem_resize(problems->items, (problems->count + 1) * sizeof(problems->items[0]));
    problems->items[problems->count] = (struct problem){
        .place = place,
        .variable = place.variable == NULL ? NULL : mem_copy_string(place.variable),
        .text = mem_copy_string(text),
        .number = problems->count,
    };
    problems->count++;
}

static int compare_sizes(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_problems(const void *left, const void *right)
{
    const struct problem *a = left;
    const struct problem *b = right;
    bool both_in_file = a->variable == NULL && b->variable == NULL;

    int order = (a->variable != NULL) - (b->variable != NULL);
    if (order == 0 && both_in_file)
        order = compare_sizes(a->place.line, b->place.line);
    if (order == 0 && both_in_file)
        order = compare_sizes(a->place.column, b->place.column);
    return order != 0 ? order : compare_sizes(a->number, b->number);
}

void problems_print(struct problems *problems, struct buf *out)
{
    if (problems->count > 0)
        qsort(problems->items, problems->count, sizeof(problems->items[0]),
              compare_problems);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        if (problem->variable != NULL)
            buf_printf(out, "environment %s: %s\n", problem->variable, problem->text);
        else if (problem->place.line == 0)
            buf_printf(out, "%s: %s\n", problems->file, problem->text);
        else
            buf_printf(out, "%s:%zu:%zu: %s\n", problems->file, problem->place.line,
                       problem->place.column, problem->text);
    }
    if (problems_are_full(problems))
        buf_printf(out, "%s: only %d problems are shown; repair these first\n",
                   problems->file, PROBLEMS_MAX);
}

void problems_release(struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        mem_free(problems->items[i].variable);
        mem_free(problems->items[i].text);
    }
    mem_free(problems->items);
    problems->items = NULL;
    problems->count = 0;
}

static char printable(char byte, bool is_utf8)
{
    unsigned char c = (unsigned char)byte;
    bool is_fit = c >= 0x80 ? is_utf8 : c >= 0x20 && c != 0x7f && c != '"';
    if (is_fit)
        return byte;
    return '?';
}

const char *quote(struct quote *quote, struct str input)
{
    bool is_utf8 = utf8_is_valid(input);
    struct str shown = str_sub(input, 0, QUOTE_SHOWN_BYTES);
    while (is_utf8 && !utf8_is_valid(shown)) /* cut inside a character */
        shown.len--;

    size_t len = 0;
    quote->text[len++] = '"';
    for (size_t i = 0; i < shown.len; i++)
        quote->text[len++] = printable(shown.ptr[i], is_utf8);
    (void)snprintf(quote->text + len, sizeof(quote->text) - len, "%s\"",
                   shown.len < input.len ? "..." : "");
    return quote->text;
}
