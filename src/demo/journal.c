#include "journal.h"

/* A line says few things, and none of them is nested. */
#define LINE_DEPTH 4

/* Of the gateway's events, those on the way of a message. */
static const char *const shown_events[] = {
    "webhook.accepted", "webhook.refused",       "delivery.sent",     "delivery.failed",
    "delivery.died",    "account.went_down",     "account.came_back", "flow.paused",
    "flow.resumed",     "dead_letters.replayed",
};

static const char *const shown_members[] = {
    "direction", "message", "conversation", "kind",   "status", "outcome",
    "attempts",  "took_ms", "reason",       "events", "error",  "count",
};

static bool is_shown(struct str event)
{
    for (size_t i = 0; i < COUNT_OF(shown_events); i++)
        if (str_is(event, shown_events[i]))
            return true;
    return false;
}

static void copy_member(struct json *out, const struct json *line, const char *name)
{
    const struct json *member = json_get(line, name);
    struct str text;
    int64_t number;
    if (json_str(member, &text))
        json_add_str(out, name, text);
    else if (json_i64(member, &number))
        json_add_i64(out, name, number);
}

struct json *journal_read(struct str line)
{
    CLEANUP(json_freep) struct json *read = NULL;
    struct str event;
    struct str time;
    int64_t at_ms;
    if (json_parse(line, LINE_DEPTH, &read, NULL) != STATUS_OK ||
        !json_str(json_get(read, "event"), &event) || !is_shown(event) ||
        !json_str(json_get(read, "ts"), &time) || !time_parse(time, &at_ms))
        return NULL;

    struct json *out = json_new_object();
    json_add_str(out, "what", STR("log"));
    json_add_i64(out, "at", at_ms);
    json_add_str(out, "event", event);
    for (size_t i = 0; i < COUNT_OF(shown_members); i++)
        copy_member(out, read, shown_members[i]);
    return out;
}
