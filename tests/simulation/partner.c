/*
 * partner: the services of the channel partner, one a bridge: each takes agents'
 * messages and statuses, checks who signed them, and reports what became of them.
 */
#include "peer.h"

#include "gateway/crypto.h"
#include "gateway/json.h"
#include "gateway/parts.h"

#define TOLERANCE_S 300

/* --- who signed it ------------------------------------------------------------------
 */

static bool is_signed(struct sim *sim, unsigned bridge,
                      const struct peer_request *request)
{
    struct str id;
    struct str timestamp;
    struct str signature;
    int64_t sent_s = 0;
    if (!peer_header(request, "webhook-id", &id) ||
        !peer_header(request, "webhook-timestamp", &timestamp) ||
        !peer_header(request, "webhook-signature", &signature) ||
        !str_to_i64(timestamp, &sent_s))
        return false;
    int64_t late_s = sim_wall_ms(sim) / 1000 - sent_s;
    char want[SIGNATURE_BYTES];
    hook_sign_partner(sim, bridge, id, timestamp, request->body, want);
    return late_s <= TOLERANCE_S && late_s >= -TOLERANCE_S && str_is(signature, want);
}

/* --- what it does with it
 * ------------------------------------------------------------- */

struct delivery_call {
    struct sim *sim;
    unsigned bridge;
    const struct peer_request *request;
    struct str id; /* of the webhook */
    const struct json *data;
};

static void report(struct sim *sim, const struct peer_mark *mark,
                   const struct peer_id *message)
{
    if (!sim->plan.bridge[mark->person->bridge].reports || message->copies > 1)
        return;
    static const char *const names[] = {"delivered", "read", "failed"};
    static const enum history_status statuses[] = {
        HISTORY_STATUS_DELIVERED, HISTORY_STATUS_READ, HISTORY_STATUS_FAILED};
    size_t which = (size_t)sim_between(sim, 0, 2);
    peer_reports(sim, mark, statuses[which]);
    struct str body = arena_printf(
        sim->arena,
        "{\"type\":\"receipt.updated\",\"timestamp\":\"2026-02-03T09:15:40Z\",\"data\":"
        "{\"id\":\"%.*s\",\"to\":{\"id\":\"%s\"},\"status\":\"%s\"}}",
        STR_ARG(message->id), mark->person->id, names[which]);
    hook_send(sim,
              hook_new(sim, INTAKE_CHANNEL, mark->person,
                       arena_printf(sim->arena, "r-%.*s", STR_ARG(message->id)), body));
}

static void agent_message(const struct delivery_call *call, struct peer_answer *out)
{
    struct sim *sim = call->sim;
    struct str text = peer_text(call->data, "text");
    struct str id = peer_text(call->data, "id");
    struct peer_mark mark;
    const struct peer_id *first = peer_id_find(sim->partner_ids, part_message_id(id));
    if (peer_find(text, STR("poison")) > 0) {
        out->status = 422;
        return;
    }
    if (!peer_find_mark(sim, text, &mark)) {
        if (first == NULL) {
            sim_problem(sim, "phantom: a partner got %.*s, which nobody wrote",
                        STR_ARG(id));
            return;
        }
        mark = first->mark;
    }
    struct peer_id *known = peer_id_find(sim->partner_ids, id);
    if (known == NULL) {
        known = peer_id_add(sim, &sim->partner_ids, id);
        known->mark = mark;
        known->own_id = arena_printf(sim->arena, "pm-%.*s", STR_ARG(id));
    }
    known->copies++;
    peer_take(
        sim, call->request, &mark, peer_part(id), call->id,
        person_find(sim, call->bridge, peer_text(json_get(call->data, "to"), "id")),
        out);
    out->body = arena_printf(sim->arena, "{\"id\":\"%.*s\"}", STR_ARG(known->own_id));
    if (peer_part(id) + 1 == mark.person->parts[DIRECTION_OUTBOUND][mark.seq])
        report(sim, &mark, known);
}

static void message_status(const struct delivery_call *call, struct peer_answer *out)
{
    struct sim *sim = call->sim;
    struct str id = peer_text(call->data, "id");
    struct peer_mark mark;
    (void)out;
    if (!peer_find_mark(sim, id, &mark) || mark.person->bridge != call->bridge) {
        sim_problem(sim, "phantom: a status for %.*s, which this partner never sent",
                    STR_ARG(id));
        return;
    }
    bool is_failed = str_is(peer_text(call->data, "status"), "failed");
    peer_told(sim, &mark, is_failed ? HISTORY_STATUS_FAILED : HISTORY_STATUS_ACCEPTED,
              false);
}

static void take(const struct delivery_call *call, struct str type,
                 struct peer_answer *out)
{
    bool is_vague = sim_fault(call->sim, call->sim->plan.error_502);
    if (is_vague && sim_chance(call->sim, 500)) {
        out->status = 502;
        return;
    }
    out->status = 200;
    out->body = STR("{}");
    if (str_is(type, "agent.message"))
        agent_message(call, out);
    if (str_is(type, "message.status"))
        message_status(call, out);
    if (is_vague)
        out->status = 504;
}

void partner_handle(struct sim *sim, const struct peer_request *request,
                    struct peer_answer *out)
{
    /* http://partnerN/ */
    unsigned bridge = (unsigned)(request->url.ptr[strlen("http://partner")] - '0');
    CLEANUP(json_freep) struct json *body = NULL;
    if (peer_fails(sim, out))
        return;
    if (!is_signed(sim, bridge, request)) {
        out->status = 401;
        return;
    }
    if (json_parse(request->body, JSON_DEPTH_DEFAULT, &body, NULL) != STATUS_OK) {
        sim_problem(sim, "a partner got no JSON");
        return;
    }
    struct delivery_call call = {.sim = sim,
                                 .bridge = bridge,
                                 .request = request,
                                 .data = json_get(body, "data")};
    (void)peer_header(request, "webhook-id", &call.id);
    take(&call, peer_text(body, "type"), out);
}
