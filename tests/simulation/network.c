/*
 * network: the engine's transport. What becomes of an exchange is decided when it
 * starts: whether it arrives, what the peer says, whether the answer comes back in
 * time. What arrived may have been sent by a gateway that is dead by then.
 */
#include "files.h"

#include "gateway/fault.h"
#include "gateway/memory.h"

enum fate {
    FATE_ANSWERED,
    FATE_UNREACHABLE,  /* nothing was sent */
    FATE_REQUEST_LOST, /* sent, and never arrived */
    FATE_ANSWER_LOST,  /* arrived; the connection breaks under the answer */
    FATE_SILENT,       /* arrived; nothing comes back until the time-out */
};

/* In the sim's arena: its actions outlive the gateway. */
struct flight {
    struct flight *next;
    struct sim *sim;
    void *token;
    struct peer_request request;
    struct sink *sink; /* the engine's, until it is gone */
    enum fate fate;
    int64_t started_ms;
    int64_t timeout_ms;
    bool is_cut;   /* by the gateway's end: the engine has its word */
    bool has_died; /* which was a death: that explains a repeat by itself */
    bool is_gone;  /* nobody waits for it any more */
    bool is_ready;
    bool has_arrived;
    struct peer_answer answer;
    struct reply reply;
};

int64_t network_delay_ms(struct sim *sim)
{
    /* Mostly fast, sometimes as slow as it gets. */
    int64_t most =
        sim_chance(sim, 100) ? sim->plan.delay_max_ms : sim->plan.delay_max_ms / 10 + 1;
    return sim_between(sim, 0, most);
}

static struct wire *wire_of(struct transport *transport)
{
    return CONTAINER_OF(transport, struct wire, transport);
}

/* --- on the way
 * ----------------------------------------------------------------------- */

static void make_ready(struct sim *sim, struct flight *flight, enum reply_kind kind,
                       const char *why)
{
    if (flight->is_gone || flight->is_ready)
        return;
    flight->is_ready = true;
    flight->reply = (struct reply){.kind = kind, .retry_after_ms = -1, .why = why};
    gateway_wake_engine(sim, 0);
}

static void answer_arrives(struct sim *sim, void *context)
{
    struct flight *flight = context;
    if (flight->is_gone || flight->is_ready)
        return;
    make_ready(sim, flight, REPLY_ANSWER, "");
    flight->reply.status = flight->answer.status;
    flight->reply.body = flight->answer.body;
    flight->reply.retry_after_ms = flight->answer.retry_after_ms;
}

static void connection_breaks(struct sim *sim, void *context)
{
    make_ready(sim, context, REPLY_UNKNOWN, "the connection broke");
}

static void refuses(struct sim *sim, void *context)
{
    make_ready(sim, context, REPLY_NOT_SENT, "the connection was refused");
}

static void times_out(struct sim *sim, void *context)
{
    make_ready(sim, context, REPLY_UNKNOWN, "timed out");
}

static void note_lost(struct sim *sim, const struct flight *flight)
{
    const struct peer_answer *answer = &flight->answer;
    if (!answer->is_taken || flight->has_died)
        return;
    sim_history(sim, &(struct history_event){
                         .kind = HISTORY_ANSWER_LOST,
                         .lane = str_of(answer->person->lanes[answer->direction]),
                         .seq = answer->seq,
                         .part = answer->part,
                     });
}

/* The peer may have taken it, and a machine in front of it says that it failed. */
static bool is_vague(int status)
{
    return status == 502 || status == 504;
}

static void arrives(struct sim *sim, void *context)
{
    struct flight *flight = context;
    if (flight->is_cut && sim_chance(sim, 500))
        return; /* its bytes were still in the dead process */
    flight->has_arrived = true;
    flight->request.is_late = flight->is_cut;
    flight->request.is_cut = flight->is_cut && !flight->has_died;
    flight->answer = (struct peer_answer){.status = 404, .retry_after_ms = -1};
    if (str_starts(flight->request.url, STR("http://partner")))
        partner_handle(sim, &flight->request, &flight->answer);
    else if (str_starts(flight->request.url, STR(FILES_HOST)))
        files_handle(sim, &flight->request, &flight->answer);
    else
        genesys_handle(sim, &flight->request, &flight->answer);
    sim_note(sim, "answered", flight->answer.status, (int64_t)flight->request.life);

    int64_t delay_ms = network_delay_ms(sim);
    bool is_late = sim->now_ms + delay_ms >= flight->started_ms + flight->timeout_ms;
    if (flight->is_cut || flight->fate != FATE_ANSWERED || is_late ||
        is_vague(flight->answer.status))
        note_lost(sim, flight);
    if (flight->fate == FATE_ANSWERED)
        sim_after(sim, delay_ms, answer_arrives, flight);
    if (flight->fate == FATE_ANSWER_LOST)
        sim_after(sim, delay_ms, connection_breaks, flight);
}

/* --- what the engine sees
 * ----------------------------------------------------------------- */

static enum fate choose_fate(struct sim *sim)
{
    if (sim_fault(sim, sim->plan.unreachable))
        return FATE_UNREACHABLE;
    if (sim_fault(sim, sim->plan.request_lost))
        return FATE_REQUEST_LOST;
    if (!sim_fault(sim, sim->plan.answer_lost))
        return FATE_ANSWERED;
    return sim_chance(sim, 500) ? FATE_ANSWER_LOST : FATE_SILENT;
}

static struct peer_request copy_request(struct sim *sim, const struct exchange *from)
{
    struct http_header *headers =
        arena_alloc(sim->arena, (from->header_count + 1) * sizeof(*headers));
    for (size_t i = 0; i < from->header_count; i++)
        headers[i] =
            (struct http_header){arena_copy(sim->arena, from->headers[i].name),
                                 arena_copy(sim->arena, from->headers[i].value)};
    return (struct peer_request){
        .method = arena_c_string(sim->arena, str_of(from->method)),
        .url = arena_copy(sim->arena, str_of(from->url)),
        .headers = headers,
        .header_count = from->header_count,
        .body = arena_copy(sim->arena, from->body),
        .life = sim->deaths,
    };
}

static enum status wire_start(struct transport *transport,
                              const struct exchange *exchange, void *token,
                              struct error *err)
{
    struct wire *wire = wire_of(transport);
    struct sim *sim = wire->sim;
    if (sim->gateway.is_dead)
        return fail(err, STATUS_RETRY, "dead");
    if (sim_fault(sim, sim->plan.failing_points / 10))
        return fail(err, STATUS_RETRY, "no room for another connection");
    struct flight *flight = arena_alloc(sim->arena, sizeof(*flight));
    *flight = (struct flight){
        .sim = sim,
        .token = token,
        .request = copy_request(sim, exchange),
        .sink = exchange->sink,
        .fate = choose_fate(sim),
        .started_ms = sim->now_ms,
        .timeout_ms = exchange->timeout_ms,
    };
    *wire->last = flight;
    wire->last = &flight->next;
    sim_note(sim, "sends", (int64_t)flight->fate, (int64_t)flight->request.life);
    sim_after(sim, flight->timeout_ms, times_out, flight);
    if (flight->fate == FATE_UNREACHABLE)
        sim_after(sim, network_delay_ms(sim), refuses, flight);
    else if (flight->fate != FATE_REQUEST_LOST)
        sim_after(sim, network_delay_ms(sim), arrives, flight);
    return STATUS_OK;
}

static void forget(struct wire *wire, struct flight *flight)
{
    struct flight **link = &wire->flights;
    while (*link != flight)
        link = &(*link)->next;
    *link = flight->next;
    if (wire->last == &flight->next)
        wire->last = link;
    flight->is_gone = true;
}

/* The body of a file goes where the engine wants it. */
static void pour(struct flight *flight)
{
    struct reply *reply = &flight->reply;
    if (flight->sink == NULL || reply->kind != REPLY_ANSWER)
        return;
    reply->location = flight->answer.location;
    if (reply->status < 200 || reply->status > 299)
        return;
    if (!flight->sink->take(flight->sink, reply->body.ptr, reply->body.len))
        *reply = (struct reply){
            .kind = REPLY_UNKNOWN, .retry_after_ms = -1, .why = "it is too large"};
    reply->body = STR_NONE;
}

static struct flight *first_ready(const struct wire *wire)
{
    struct flight *flight = wire->flights;
    while (flight != NULL && !flight->is_ready)
        flight = flight->next;
    return flight;
}

static void wire_poll(struct transport *transport, int64_t timeout_ms)
{
    struct wire *wire = wire_of(transport);
    struct sim *sim = wire->sim;
    sim->gateway.poll_wait_ms = timeout_ms;
    for (struct flight *flight = first_ready(wire); flight != NULL;
         flight = first_ready(wire)) {
        if (sim->gateway.is_dead)
            return;
        forget(wire, flight);
        sim->gateway.poll_wait_ms = 0; /* the next round comes at once */
        pour(flight);
        transport->done(flight->token, &flight->reply, transport->context);
    }
}

static void wire_cancel(struct transport *transport, void *token)
{
    for (struct flight *flight = wire_of(transport)->flights; flight != NULL;
         flight = flight->next)
        if (flight->token == token)
            make_ready(flight->sim, flight, REPLY_CANCELLED, "cancelled");
}

static void wire_wake(struct transport *transport)
{
    struct sim *sim = wire_of(transport)->sim;
    if (!sim->gateway.is_dead)
        gateway_wake_engine(sim, sim_between(sim, 0, 1));
}

/* What is still on its way may arrive, but nobody hears the answer. */
static void wire_free(struct transport *transport)
{
    static const struct reply cancelled = {.kind = REPLY_CANCELLED,
                                           .retry_after_ms = -1,
                                           .why = "the gateway is stopping"};
    struct wire *wire = wire_of(transport);
    while (wire->flights != NULL) {
        struct flight *flight = wire->flights;
        forget(wire, flight);
        flight->is_cut = true;
        flight->has_died = wire->sim->gateway.is_dead;
        if (flight->has_arrived)
            note_lost(wire->sim, flight);
        transport->done(flight->token, &cancelled, transport->context);
    }
}

static const struct transport_ops wire_ops = {
    .start = wire_start,
    .cancel = wire_cancel,
    .poll = wire_poll,
    .wake = wire_wake,
    .free = wire_free,
};

void wire_init(struct sim *sim, struct wire *wire)
{
    *wire = (struct wire){
        .transport = {&wire_ops, engine_exchange_done, sim->gateway.engine},
        .sim = sim,
    };
    wire->last = &wire->flights;
}
