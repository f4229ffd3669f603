#include "support/history_json.h"

#include "gateway/json.h"

/* As JSON gives them. */
struct line {
    struct str kind;
    struct str lane;
    struct str status;
    struct str key;
    struct str contact;
    int64_t seq, part, parts, life, row, at_ms, conversation, window_ms;
    bool is_late, is_activity, must_be_told, must_be_reported;
};

#define FIELD(text, member, json_kind_, need_)                                         \
    {                                                                                  \
        .name = (text), .kind = (json_kind_), .need = (need_),                         \
        .offset = offsetof(struct line, member)                                        \
    }
static const struct json_field fields[] = {
    FIELD("do", kind, JSON_STRING, JSON_REQUIRED),
    FIELD("lane", lane, JSON_STRING, JSON_OPTIONAL),
    FIELD("status", status, JSON_STRING, JSON_OPTIONAL),
    FIELD("key", key, JSON_STRING, JSON_OPTIONAL),
    FIELD("contact", contact, JSON_STRING, JSON_OPTIONAL),
    FIELD("seq", seq, JSON_NUMBER, JSON_OPTIONAL),
    FIELD("part", part, JSON_NUMBER, JSON_OPTIONAL),
    FIELD("parts", parts, JSON_NUMBER, JSON_OPTIONAL),
    FIELD("life", life, JSON_NUMBER, JSON_OPTIONAL),
    FIELD("row", row, JSON_NUMBER, JSON_OPTIONAL),
    FIELD("at_ms", at_ms, JSON_NUMBER, JSON_OPTIONAL),
    FIELD("conversation", conversation, JSON_NUMBER, JSON_OPTIONAL),
    FIELD("window_ms", window_ms, JSON_NUMBER, JSON_OPTIONAL),
    FIELD("is_late", is_late, JSON_BOOL, JSON_OPTIONAL),
    FIELD("is_activity", is_activity, JSON_BOOL, JSON_OPTIONAL),
    FIELD("must_be_told", must_be_told, JSON_BOOL, JSON_OPTIONAL),
    FIELD("must_be_reported", must_be_reported, JSON_BOOL, JSON_OPTIONAL),
};

static bool kind_of(struct str name, enum history_kind *out)
{
    for (unsigned i = 0; i < HISTORY_KINDS; i++) {
        if (str_is(name, history_kind_name((enum history_kind)i))) {
            *out = (enum history_kind)i;
            return true;
        }
    }
    return false;
}

static bool status_of(struct str name, enum history_status *out)
{
    for (unsigned i = 0; i <= HISTORY_STATUS_FAILED; i++) {
        if (str_is(name, history_status_name((enum history_status)i))) {
            *out = (enum history_status)i;
            return true;
        }
    }
    return false;
}

static bool is_count(int64_t number)
{
    return number >= 0 && number <= INT32_MAX;
}

enum status history_read_line(struct history *history, struct str line,
                              struct error *err)
{
    CLEANUP(json_freep) struct json *json = NULL;
    struct line read = {.life = -1};
    struct history_event event = {0};

    enum status status = json_parse(line, JSON_DEPTH_DEFAULT, &json, err);
    if (status == STATUS_OK)
        status = json_read(json, fields, COUNT_OF(fields), "", &read, err);
    if (status != STATUS_OK)
        return status;
    if (!kind_of(read.kind, &event.kind))
        return fail_at(err, STATUS_INVALID, "/do", "no such event: %.*s",
                       STR_ARG(read.kind));
    if (!status_of(read.status, &event.status))
        return fail_at(err, STATUS_INVALID, "/status", "no such status: %.*s",
                       STR_ARG(read.status));
    if (event.kind != HISTORY_DIED && read.lane.len == 0)
        return fail_at(err, STATUS_INVALID, "/lane", "must be there");
    if (!is_count(read.part) || !is_count(read.parts))
        return fail_at(err, STATUS_INVALID, "/part", "must be a count");
    event.lane = read.lane;
    event.seq = read.seq;
    event.part = (unsigned)read.part;
    event.parts = (unsigned)read.parts;
    event.key = read.key;
    event.contact = read.contact;
    event.life = read.life;
    event.has_life = read.life >= 0;
    event.row = read.row;
    event.at_ms = read.at_ms;
    event.conversation = read.conversation;
    event.window_ms = read.window_ms;
    event.is_late = read.is_late;
    event.is_activity = read.is_activity;
    event.must_be_told = read.must_be_told;
    event.must_be_reported = read.must_be_reported;
    history_add(history, &event);
    return STATUS_OK;
}

static void add_text(struct json *json, const char *name, struct str text)
{
    if (text.len > 0)
        json_add_str(json, name, text);
}

static void add_number(struct json *json, const char *name, int64_t number)
{
    if (number != 0)
        json_add_i64(json, name, number);
}

static void add_flag(struct json *json, const char *name, bool flag)
{
    if (flag)
        json_add_bool(json, name, true);
}

void history_write_event(const struct history_event *event, struct buf *out)
{
    CLEANUP(json_freep) struct json *json = json_new_object();
    json_add_str(json, "do", str_of(history_kind_name(event->kind)));
    add_text(json, "lane", event->lane);
    if (event->lane.len > 0)
        json_add_i64(json, "seq", event->seq);
    add_number(json, "part", event->part);
    add_number(json, "parts", event->parts);
    add_text(json, "status", str_of(history_status_name(event->status)));
    add_text(json, "key", event->key);
    add_text(json, "contact", event->contact);
    if (event->has_life)
        json_add_i64(json, "life", event->life);
    add_number(json, "row", event->row);
    add_number(json, "at_ms", event->at_ms);
    add_number(json, "conversation", event->conversation);
    add_number(json, "window_ms", event->window_ms);
    add_flag(json, "is_late", event->is_late);
    add_flag(json, "is_activity", event->is_activity);
    add_flag(json, "must_be_told", event->must_be_told);
    add_flag(json, "must_be_reported", event->must_be_reported);
    if (json_print(json, out, NULL) != STATUS_OK)
        buf_add(out, STR("{}"));
}
