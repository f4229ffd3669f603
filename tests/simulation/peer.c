/* What both peers share: marks in texts, headers, what was taken. */
#include "peer.h"

#include "gateway/json.h"
#include "gateway/parts.h"

size_t peer_find(struct str text, struct str words)
{
    const char *found =
        text.len == 0 ? NULL : memmem(text.ptr, text.len, words.ptr, words.len);
    return found == NULL ? 0 : (size_t)(found - text.ptr) + 1;
}

struct str peer_text(const struct json *object, const char *name)
{
    struct str text = STR_NONE;
    (void)json_str(json_get(object, name), &text);
    return text;
}

bool peer_header(const struct peer_request *request, const char *name,
                 struct str *out_value)
{
    const struct http_message message = {.headers = request->headers,
                                         .header_count = request->header_count};
    return http_header_find(&message, name, out_value);
}

void peer_write_mark(struct buf *out, const struct person *person,
                     enum direction direction, int64_t seq)
{
    buf_printf(out, "~%u.%u.%lld~", person->number, (unsigned)direction,
               (long long)seq);
}

static bool read_mark(struct sim *sim, struct str mark, struct peer_mark *out)
{
    int64_t number = 0;
    int64_t direction = 0;
    if (!str_to_i64(str_cut(&mark, '.'), &number) ||
        !str_to_i64(str_cut(&mark, '.'), &direction) || !str_to_i64(mark, &out->seq) ||
        number < 0 || number >= sim->plan.people || direction < 0 || direction > 1)
        return false;
    out->person = &sim->people[number];
    out->direction = (enum direction)direction;
    return true;
}

bool peer_find_mark(struct sim *sim, struct str text, struct peer_mark *out)
{
    struct str before = str_cut(&text, '~');
    (void)before;
    return text.len > 0 && read_mark(sim, str_cut(&text, '~'), out);
}

/* 00-PERSON DIRECTION SEQ-span-01; the person counts from 1, since zeros are no trace.
 */
void peer_write_trace(const struct person *person, enum direction direction,
                      int64_t seq, char out[TRACE_BYTES])
{
    (void)snprintf(out, TRACE_BYTES, "00-%08x%08x%016llx-0000000000000001-01",
                   person->number + 1, (unsigned)direction, (unsigned long long)seq);
}

static uint64_t read_hex(struct str text, size_t from, size_t len)
{
    char digits[17] = {0};
    memcpy(digits, text.ptr + from, len);
    return strtoull(digits, NULL, 16);
}

bool peer_read_trace(struct sim *sim, struct str trace, struct peer_mark *out)
{
    if (trace.len != TRACE_BYTES - 1)
        return false;
    uint64_t number = read_hex(trace, 3, 8) - 1;
    if (number >= sim->plan.people)
        return false;
    out->person = &sim->people[number];
    out->direction = (enum direction)read_hex(trace, 11, 8);
    out->seq = (int64_t)read_hex(trace, 19, 16);
    return true;
}

unsigned peer_part(struct str message_id)
{
    int64_t part = 0;
    struct str base = part_message_id(message_id);
    if (base.len < message_id.len &&
        !str_to_i64(str_sub(message_id, base.len + 1, message_id.len), &part))
        return UINT32_MAX;
    return (unsigned)part;
}

static struct history_event event_of(enum history_kind kind,
                                     const struct peer_mark *mark)
{
    return (struct history_event){.kind = kind,
                                  .lane = str_of(mark->person->lanes[mark->direction]),
                                  .seq = mark->seq};
}

void peer_take(struct sim *sim, const struct peer_request *request,
               const struct peer_mark *mark, unsigned part, struct str key,
               const struct person *addressee, struct peer_answer *out)
{
    struct history_event lost = event_of(HISTORY_ANSWER_LOST, mark);
    struct history_event arrived = event_of(HISTORY_ARRIVED, mark);
    lost.part = part;
    if (request->is_cut)
        sim_history(sim, &lost); /* given up already, and perhaps sent again */
    arrived.part = part;
    arrived.key = key;
    arrived.contact = str_of(addressee == NULL ? "nobody" : addressee->contact);
    arrived.life = (int64_t)request->life;
    arrived.has_life = true;
    arrived.is_late = request->is_late;
    sim_history(sim, &arrived);
    out->is_taken = true;
    out->person = mark->person;
    out->direction = mark->direction;
    out->seq = mark->seq;
    out->part = part;
}

void peer_told(struct sim *sim, const struct peer_mark *mark,
               enum history_status status, bool must_be_reported)
{
    struct history_event told = event_of(HISTORY_TOLD, mark);
    told.status = status;
    told.must_be_reported = must_be_reported;
    sim_history(sim, &told);
}

void peer_reports(struct sim *sim, const struct peer_mark *mark,
                  enum history_status status)
{
    struct history_event reported = event_of(HISTORY_REPORTED, mark);
    reported.status = status;
    sim_history(sim, &reported);
}

/* --- ids ------------------------------------------------------------------------- */

struct peer_id *peer_id_find(struct peer_id *ids, struct str id)
{
    struct peer_id *found = NULL;
    HASH_FIND(hh, ids, id.ptr, id.len, found);
    return found;
}

struct peer_id *peer_id_add(struct sim *sim, struct peer_id **ids, struct str id)
{
    struct peer_id *added = arena_alloc(sim->arena, sizeof(*added));
    added->id = arena_copy(sim->arena, id);
    HASH_ADD_KEYPTR(hh, *ids, added->id.ptr, added->id.len, added);
    return added;
}

bool peer_fails(struct sim *sim, struct peer_answer *out)
{
    out->retry_after_ms = -1;
    if (sim_fault(sim, sim->plan.slow_down)) {
        out->status = 429;
        if (sim_chance(sim, 500))
            out->retry_after_ms = sim_between(sim, 1, 30) * 1000;
        return true;
    }
    out->status = sim_chance(sim, 500) ? 500 : 503;
    return sim_fault(sim, sim->plan.error_500);
}
