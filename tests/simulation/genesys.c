/*
 * genesys: a small Genesys Cloud: tokens, the four inbound calls, and webhooks of its
 * own. It holds the gateway to what it promised: signatures, tokens, ids.
 */
#include "peer.h"

#include "gateway/json.h"
#include "gateway/parts.h"

/* --- login -------------------------------------------------------------------------
 */

static void give_token(struct sim *sim, unsigned organisation, struct peer_answer *out)
{
    struct genesys_token *token = &sim->tokens[organisation];
    token->number++;
    token->is_revoked = false;
    token->expires_ms = sim->now_ms + sim->plan.token_life_ms;
    out->status = 200;
    out->body = arena_printf(sim->arena,
                             "{\"access_token\":\"token-%u-%u\",\"token_type\":"
                             "\"bearer\",\"expires_in\":%lld}",
                             organisation, token->number,
                             (long long)(sim->plan.token_life_ms / 1000));
}

/* An older token serves as long as it lives, which the latest one outlives. */
static bool token_is_good(struct sim *sim, unsigned organisation,
                          const struct peer_request *request)
{
    const struct genesys_token *token = &sim->tokens[organisation];
    struct str header;
    char want[SIM_NAME_BYTES * 2];
    (void)snprintf(want, sizeof(want), "Bearer token-%u-%u", organisation,
                   token->number);
    return peer_header(request, "authorization", &header) && str_is(header, want) &&
           !token->is_revoked && sim->now_ms < token->expires_ms;
}

/* --- its own webhooks
 * ------------------------------------------------------------------ */

static void send_receipt(struct sim *sim, const struct peer_mark *mark,
                         const struct peer_id *message, const char *status)
{
    const struct person *person = mark->person;
    /* Sources disagree on which id stands where, so both forms come. */
    bool is_ours = sim_chance(sim, 500);
    struct str body = arena_printf(
        sim->arena,
        "{\"id\":\"%.*s\",\"type\":\"Receipt\",\"status\":\"%s\",\"direction\":"
        "\"Outbound\",\"channel\":{\"id\":\"5a1d3a52-0000-4000-8000-00000000000%u\","
        "\"platform\":\"Open\",%s%.*s%s\"to\":{\"id\":\"%s\"},\"time\":"
        "\"2026-02-03T09:15:40.250Z\"}}",
        STR_ARG(message->own_id), status, person->bridge,
        is_ours ? "\"messageId\":\"" : "", STR_ARG(is_ours ? message->id : STR_NONE),
        is_ours ? "\"," : "", person->id);
    struct hook *hook = hook_new(
        sim, INTAKE_GENESYS, mark->person,
        arena_printf(sim->arena, "%.*s-%s", STR_ARG(message->own_id), status), body);
    hook_send(sim, hook);
}

/* Says how it went with a customer's message, now and then. */
static void report(struct sim *sim, const struct peer_mark *mark,
                   const struct peer_id *message)
{
    if (message->copies > 1 || !sim_chance(sim, sim->plan.early))
        return;
    bool has_failed = sim_chance(sim, 300);
    peer_reports(sim, mark,
                 has_failed ? HISTORY_STATUS_FAILED : HISTORY_STATUS_DELIVERED);
    send_receipt(sim, mark, message, has_failed ? "Failed" : "Delivered");
}

/* --- the calls
 * --------------------------------------------------------------------------- */

struct call {
    struct sim *sim;
    const struct peer_request *request;
    unsigned bridge;
    const struct json *body;
    const struct json *channel;
};

/* Of what carries no mark: the trace of the webhook that it came from. */
static bool mark_of_trace(const struct call *call, struct peer_mark *out)
{
    struct str trace;
    return peer_header(call->request, "traceparent", &trace) &&
           peer_read_trace(call->sim, trace, out);
}

/* A part behind the first carries no mark: it is known by the id of the first. */
static bool mark_of(const struct call *call, struct str text, struct str message_id,
                    struct peer_mark *out)
{
    if (peer_find_mark(call->sim, text, out))
        return true;
    const struct peer_id *first =
        peer_id_find(call->sim->genesys_ids, part_message_id(message_id));
    if (first != NULL) {
        *out = first->mark;
        return true;
    }
    return mark_of_trace(call, out);
}

static void take(const struct call *call, struct str text, struct peer_answer *out)
{
    struct sim *sim = call->sim;
    struct str message_id = peer_text(call->channel, "messageId");
    struct str time = peer_text(call->channel, "time");
    struct str from = peer_text(json_get(call->channel, "from"), "id");
    struct peer_mark mark;
    if (!mark_of(call, text, message_id, &mark)) {
        sim_problem(sim, "phantom: Genesys got %.*s, which nobody wrote",
                    STR_ARG(message_id));
        return;
    }
    struct peer_id *known = peer_id_find(sim->genesys_ids, message_id);
    if (known == NULL) {
        known = peer_id_add(sim, &sim->genesys_ids, message_id);
        known->mark = mark;
    }
    if (known->copies++ == 0 || sim->plan.genesys_forgets)
        known->own_id =
            arena_printf(sim->arena, "gm-%lld", (long long)++sim->genesys_count);
    struct str key =
        arena_printf(sim->arena, "%.*s %.*s", STR_ARG(message_id), STR_ARG(time));
    peer_take(sim, call->request, &mark, peer_part(message_id), key,
              person_find(sim, call->bridge, from), out);
    bool asks = peer_find(call->request->url, STR("prefetchConversationId=true")) > 0;
    out->body =
        asks
            ? arena_printf(sim->arena, "{\"id\":\"%.*s\",\"conversationId\":\"gc-%u\"}",
                           STR_ARG(known->own_id), mark.person->number)
            : arena_printf(sim->arena, "{\"id\":\"%.*s\"}", STR_ARG(known->own_id));
    if (peer_part(message_id) + 1 == mark.person->parts[mark.direction][mark.seq])
        report(sim, &mark, known);
}

/* A file comes along, or a note about it. */
static void look_at_file(const struct call *call, struct str text,
                         const struct peer_answer *taken)
{
    if (!taken->is_taken || !taken->person->has_file[taken->seq])
        return;
    bool has_link = json_count(json_get(call->body, "content")) > 0;
    bool has_note = peer_find(text, STR("[file a.txt is missing: ")) > 0;
    sim_note(call->sim, "a file", has_link, has_note);
    if (has_link == has_note)
        sim_problem(call->sim, "a file of %s was lost without a word",
                    taken->person->contact);
}

static void message_call(const struct call *call, struct peer_answer *out)
{
    struct str text = peer_text(call->body, "text");
    if (peer_find(text, STR("poison")) > 0) {
        out->status = 400;
        return;
    }
    take(call, text, out);
    look_at_file(call, text, out);
}

static void answer_call(const struct call *call, struct peer_answer *out)
{
    const struct json *response = json_get(call->body, "buttonResponse");
    take(call, peer_text(response, "text"), out);
}

static void receipt_call(const struct call *call, struct peer_answer *out)
{
    struct sim *sim = call->sim;
    struct str id = peer_text(call->body, "id");
    struct peer_mark mark;
    (void)out;
    if (!peer_find_mark(sim, id, &mark)) {
        sim_problem(sim, "phantom: a receipt for %.*s, which Genesys never sent",
                    STR_ARG(id));
        return;
    }
    bool is_failed = str_is(peer_text(call->body, "status"), "Failed");
    struct str to = peer_text(json_get(call->channel, "to"), "id");
    if (person_find(sim, call->bridge, to) != mark.person)
        sim_problem(sim, "cross-talk: a receipt for %.*s came for %.*s", STR_ARG(id),
                    STR_ARG(to));
    peer_told(sim, &mark, is_failed ? HISTORY_STATUS_FAILED : HISTORY_STATUS_DELIVERED,
              sim->plan.bridge[call->bridge].reports);
}

static void event_call(const struct call *call, struct peer_answer *out)
{
    (void)call;
    (void)out; /* typing: nothing is promised of it */
}

static const struct {
    const char *name;
    void (*handle)(const struct call *call, struct peer_answer *out);
} calls[] = {
    {"message",             message_call},
    {"structured/response", answer_call },
    {"receipt",             receipt_call},
    {"event",               event_call  },
};

/* .../messages/{integration}/inbound/open/{call}; the integrations end in the bridge's
 * number. */
static void inbound_call(struct call *call, struct peer_answer *out)
{
    struct str path = call->request->url;
    size_t at = peer_find(path, STR("/inbound/open/")) - 1;
    struct str name = str_sub(path, at + strlen("/inbound/open/"), path.len);
    name = str_cut(&name, '?');
    call->bridge = (unsigned)(path.ptr[at - 1] - '0');
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        if (str_is(name, calls[i].name)) {
            out->status = 200;
            out->body = STR("{}");
            calls[i].handle(call, out);
        }
}

/* --- the end of a conversation: PATCH .../gc-PERSON
 * ----------------------------------------- */

static void disconnect_call(const struct call *call, struct peer_answer *out)
{
    struct sim *sim = call->sim;
    struct str url = call->request->url;
    size_t at = peer_find(url, STR("/gc-"));
    int64_t number = -1;
    out->status = 404;
    if (at == 0 || !str_to_i64(str_sub(url, at + 3, url.len), &number) || number < 0 ||
        number >= sim->plan.people)
        return;
    struct peer_mark mark;
    if (!mark_of_trace(call, &mark)) {
        sim_problem(sim, "phantom: the end of a conversation that nobody left");
        return;
    }
    out->status = 200;
    peer_take(sim, call->request, &mark, 0, STR_NONE, &sim->people[number], out);
}

static void handle_call(struct sim *sim, const struct peer_request *request,
                        struct peer_answer *out)
{
    CLEANUP(json_freep) struct json *body = NULL;
    if (json_parse(request->body, JSON_DEPTH_DEFAULT, &body, NULL) != STATUS_OK) {
        sim_problem(sim, "Genesys got no JSON");
        return;
    }
    struct call call = {.sim = sim,
                        .request = request,
                        .body = body,
                        .channel = json_get(body, "channel")};
    bool is_vague = sim_fault(sim, sim->plan.error_502);
    if (is_vague && sim_chance(sim, 500)) {
        out->status = 502;
        return;
    }
    if (peer_find(request->url, STR("/inbound/open/")) > 0)
        inbound_call(&call, out);
    else
        disconnect_call(&call, out);
    if (is_vague)
        out->status = 504;
}

void genesys_handle(struct sim *sim, const struct peer_request *request,
                    struct peer_answer *out)
{
    /* http://apiN/... or http://loginN/... */
    bool is_login = str_starts(request->url, STR("http://login"));
    size_t digit = strlen(is_login ? "http://login" : "http://api");
    unsigned organisation = (unsigned)(request->url.ptr[digit] - '0');
    if (peer_fails(sim, out))
        return;
    if (is_login) {
        give_token(sim, organisation, out);
        return;
    }
    if (sim_fault(sim, sim->plan.denied))
        sim->tokens[organisation].is_revoked = true;
    if (!token_is_good(sim, organisation, request)) {
        out->status = 401;
        return;
    }
    handle_call(sim, request, out);
}
