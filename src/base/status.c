#include "gateway/status.h"

#include <stdarg.h>

static void fill(struct error *err, const char *pointer, const char *format,
                 va_list args) __attribute__((__format__(__printf__, 3, 0)));

static void copy(char *out, size_t room, const char *text)
{
    size_t len = strnlen(text, room - 1);
    memcpy(out, text, len);
    out[len] = '\0';
}

static void fill(struct error *err, const char *pointer, const char *format,
                 va_list args)
{
    /* Printed aside first: the arguments may point into *err (adding context). */
    struct error filled;
    filled.text[0] = '\0';
    if (strchr(format, '%') == NULL) /* "not known" is an answer, and a frequent one */
        copy(filled.text, sizeof(filled.text), format);
    else
        (void)vsnprintf(filled.text, sizeof(filled.text), format, args);
    copy(filled.pointer, sizeof(filled.pointer), pointer);
    *err = filled;
}

enum status fail(struct error *err, enum status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    va_list args;
    va_start(args, format);
    fill(err, "", format, args);
    va_end(args);
    return status;
}

enum status fail_at(struct error *err, enum status status, const char *pointer,
                    const char *format, ...)
{
    if (err == NULL)
        return status;
    va_list args;
    va_start(args, format);
    fill(err, pointer, format, args);
    va_end(args);
    return status;
}

const char *status_name(enum status status)
{
    static const char *const names[] = {
        [STATUS_OK] = "ok",
        [STATUS_DUPLICATE] = "duplicate",
        [STATUS_INVALID] = "invalid",
        [STATUS_DENIED] = "denied",
        [STATUS_FORBIDDEN] = "forbidden",
        [STATUS_NOT_FOUND] = "not_found",
        [STATUS_BAD_METHOD] = "bad_method",
        [STATUS_CONFLICT] = "conflict",
        [STATUS_TOO_LARGE] = "too_large",
        [STATUS_UNSUPPORTED] = "unsupported",
        [STATUS_UNPROCESSABLE] = "unprocessable",
        [STATUS_SLOW_DOWN] = "slow_down",
        [STATUS_RETRY] = "retry",
        [STATUS_FAILED] = "failed",
    };
    return (size_t)status < COUNT_OF(names) ? names[status] : "unknown";
}
