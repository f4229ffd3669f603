#include "restart.h"

/* What is read once, at the start: docs/OPERATIONS.md, "Reload". */
enum kind { KIND_TEXT, KIND_NUMBER, KIND_CHOICE, KIND_TEXTS };

#define SETTING(name, kind, member)                                                    \
    {                                                                                  \
        (name), (kind), offsetof(struct config, member)                                \
    }
static const struct setting {
    const char *name;
    enum kind kind;
    size_t offset;
} settings[] = {
    SETTING("listen.public", KIND_TEXT, listen.public_address),
    SETTING("listen.admin", KIND_TEXT, listen.admin_address),
    SETTING("listen.control", KIND_TEXT, listen.control_address),
    SETTING("database", KIND_TEXT, database),
    SETTING("migrate", KIND_CHOICE, migrate),
    SETTING("media_dir", KIND_TEXT, media_dir),
    SETTING("trusted_proxies", KIND_TEXTS, trusted_proxies),
    SETTING("limits.connections", KIND_NUMBER, limits.connections),
    SETTING("limits.connections_per_peer", KIND_NUMBER, limits.connections_per_peer),
    SETTING("limits.refusals_per_second", KIND_NUMBER, limits.refusals_per_second),
    SETTING("limits.bodies_in_memory", KIND_NUMBER, limits.bodies_in_memory),
    SETTING("timeouts.header", KIND_NUMBER, timeouts.header),
    SETTING("timeouts.body", KIND_NUMBER, timeouts.body),
    SETTING("timeouts.stored", KIND_NUMBER, timeouts.stored),
    SETTING("timeouts.idle", KIND_NUMBER, timeouts.idle),
    SETTING("timeouts.answer", KIND_NUMBER, timeouts.answer),
    SETTING("egress.allow", KIND_TEXTS, egress.allow),
    SETTING("egress.proxy", KIND_TEXT, egress.proxy),
    SETTING("egress.ca_file", KIND_TEXT, egress.ca_file),
    SETTING("log.format", KIND_CHOICE, log.format),
};

static bool texts_differ(const struct text_list *a, const struct text_list *b)
{
    if (a->count != b->count)
        return true;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return true;
    return false;
}

static bool differs(const struct setting *setting, const struct config *old,
                    const struct config *new)
{
    const void *a = (const char *)old + setting->offset;
    const void *b = (const char *)new + setting->offset;
    switch (setting->kind) {
    case KIND_TEXT:
        return !str_equal(str_of(*(char *const *)a), str_of(*(char *const *)b));
    case KIND_NUMBER:
        return *(const int64_t *)a != *(const int64_t *)b;
    case KIND_CHOICE:
        return *(const int *)a != *(const int *)b;
    case KIND_TEXTS:
        return texts_differ(a, b);
    }
    return false;
}

void restart_needed(const struct config *old, const struct config *new, struct buf *out)
{
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        if (differs(&settings[i], old, new))
            buf_printf(out, "%s%s", out->len == 0 ? "" : ", ", settings[i].name);
}
