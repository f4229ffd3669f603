/*
 * hooks: the peers' webhooks on their way to the gateway: signed, sent, lost, doubled,
 * and sent again until they are taken. Genesys gives up after a while; partners do not.
 */
#include "peer.h"

#include "gateway/crypto.h"

/* No answer by then: the try has failed. */
#define ANSWER_MS 15000
#define PARTNER_WAIT_MS 1000
#define PARTNER_WAIT_MAX_MS 30000
/* Source: genesys/open-messaging.md section 4: it stops after 85 s. */
#define GENESYS_WAIT_MS 4000
#define GENESYS_GIVES_UP_MS 85000

/* One sending of it. In the sim's arena. */
struct
try {
    struct hook *hook;
    unsigned number;
    bool is_doubled; /* a second copy of the same try: nobody waits for its answer */
    int status;
    struct http_header headers[6];
    size_t header_count;
    char timestamp[24];
    char signature[SIGNATURE_BYTES];
    char trace[TRACE_BYTES];
};

/* --- signatures ----------------------------------------------------------------------
 */

static void sign(struct hmac *key, const char *prefix, const struct str *parts,
                 size_t count, char out[SIGNATURE_BYTES])
{
    uint8_t sum[SHA256_BYTES];
    size_t len = strlen(prefix);
    if (hmac_sum(key, parts, count, sum, NULL) != STATUS_OK)
        abort(); /* the machine of the simulation is out of memory */
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): base64 ends it */
    memcpy(out, prefix, len);
    base64_encode(sum, sizeof(sum), out + len);
}

void hook_sign_partner(struct sim *sim, unsigned bridge, struct str id,
                       struct str timestamp, struct str body, char out[SIGNATURE_BYTES])
{
    const struct str parts[] = {id, STR("."), timestamp, STR("."), body};
    sign(sim->partner_keys[bridge], "v1,", parts, COUNT_OF(parts), out);
}

static size_t write_headers(struct sim *sim, struct try *try)
{
    const struct hook *hook = try->hook;
    size_t count = 0;
    try->headers[count++] =
        (struct http_header){STR("content-type"), STR("application/json")};
    try->headers[count++] =
        (struct http_header){STR("traceparent"), str_of(try->trace)};
    if (hook->peer == INTAKE_GENESYS) {
        sign(sim->genesys_keys[hook->bridge], "sha256=", &hook->body, 1,
             try->signature);
        try->headers[count++] =
            (struct http_header){STR("x-hub-signature-256"), str_of(try->signature)};
        return count;
    }
    (void)snprintf(try->timestamp, sizeof(try->timestamp), "%lld",
                   (long long)(sim_wall_ms(sim) / 1000));
    hook_sign_partner(sim, hook->bridge, hook->id, str_of(try->timestamp), hook->body,
                      try->signature);
    try->headers[count++] = (struct http_header){STR("webhook-id"), hook->id};
    try->headers[count++] =
        (struct http_header){STR("webhook-timestamp"), str_of(try->timestamp)};
    try->headers[count++] =
        (struct http_header){STR("webhook-signature"), str_of(try->signature)};
    return count;
}

/* --- lanes: one after the other, or all at once
 * ---------------------------------------- */

static void send_first(struct sim *sim, struct hook *hook);

static void next_in_lane(struct sim *sim, const struct hook *hook)
{
    struct person *person = hook->person;
    if (hook->seq < 0 || !sim->plan.waits_for_answer)
        return;
    struct hook *next = person->waiting[hook->direction];
    person->is_busy[hook->direction] = next != NULL;
    if (next == NULL)
        return;
    person->waiting[hook->direction] = next->next;
    send_first(sim, next);
}

static void over(struct sim *sim, struct hook *hook, bool is_accepted)
{
    if (hook->is_over)
        return;
    hook->is_over = true;
    sim->hooks_open--;
    if (is_accepted && hook->seq >= 0)
        sim_history(sim, &(struct history_event){
                             .kind = HISTORY_ACCEPTED,
                             .lane = str_of(hook->person->lanes[hook->direction]),
                             .seq = hook->seq,
                         });
    next_in_lane(sim, hook);
}

/* --- a try
 * -------------------------------------------------------------------------------- */

static void send_again(struct sim *sim, void *context);

static void wait_and_send(struct sim *sim, struct hook *hook)
{
    if (hook->peer == INTAKE_GENESYS) {
        if (sim->now_ms + GENESYS_WAIT_MS - hook->first_ms > GENESYS_GIVES_UP_MS)
            over(sim, hook, false);
        else
            sim_after(sim, GENESYS_WAIT_MS, send_again, hook);
        return;
    }
    int64_t wait_ms = PARTNER_WAIT_MS << (hook->tries < 6 ? hook->tries : 6);
    if (wait_ms > PARTNER_WAIT_MAX_MS)
        wait_ms = PARTNER_WAIT_MAX_MS;
    sim_after(sim, sim_between(sim, wait_ms / 2, wait_ms), send_again, hook);
}

/* What comes of a try counts once: its answer, or that none came. */
static void try_ended(struct sim *sim, struct try *try, int status)
{
    struct hook *hook = try->hook;
    if (hook->is_over || try->is_doubled || hook->answered >= try->number)
        return;
    hook->answered = try->number;
    sim_note(sim, "hook answered", status, (int64_t)hook->tries);
    if (status >= 200 && status < 300) {
        over(sim, hook, true);
        return;
    }
    if (status >= 400 && status < 500 && status != 401 && status != 429) {
        sim_problem(sim, "refused: %d to %.*s", status, STR_ARG(hook->id));
        over(sim, hook, false);
        return;
    }
    wait_and_send(sim, hook);
}

static void answer_comes(struct sim *sim, void *context)
{
    struct try *try = context;
    try_ended(sim, try, try->status);
}

static void try_times_out(struct sim *sim, void *context)
{
    try_ended(sim, context, 0);
}

static void gateway_answered(struct sim *sim, void *token, int status)
{
    struct try *try = token;
    try->status = status;
    if (!sim_fault(sim, sim->plan.answer_lost))
        sim_after(sim, network_delay_ms(sim), answer_comes, try);
}

static void try_arrives(struct sim *sim, void *context)
{
    static const char *const bridges[] = {"b0", "b1", "b2"};
    struct try *try = context;
    const struct gateway *gateway = &sim->gateway;
    if (!gateway->is_up || gateway->is_draining) {
        sim_after(sim, network_delay_ms(sim), try_times_out, try); /* refused */
        return;
    }
    const struct front_request request = {
        .peer = try->hook->peer,
        .bridge_name = bridges[try->hook->bridge],
        .headers = try->headers,
        .header_count = try->header_count,
        .body = try->hook->body,
        .answered = gateway_answered,
        .token = try,
    };
    front_arrived(sim, &request);
}

static struct try *try_new(struct sim *sim, struct hook *hook)
{
    struct try *try = arena_alloc(sim->arena, sizeof(*try));
    try->hook = hook;
    try->number = hook->tries;
    peer_write_trace(hook->person, hook->direction, hook->seq, try->trace);
    try->header_count = write_headers(sim, try);
    return try;
}

static void send_again(struct sim *sim, void *context)
{
    struct hook *hook = context;
    hook->tries++;
    struct try *try = try_new(sim, hook);
    sim_after(sim, ANSWER_MS, try_times_out, try);
    if (!sim_fault(sim, sim->plan.request_lost))
        sim_after(sim, network_delay_ms(sim), try_arrives, try);
    if (!sim_fault(sim, sim->plan.doubled))
        return;
    struct try *copy = try_new(sim, hook);
    copy->is_doubled = true;
    sim_after(sim, network_delay_ms(sim), try_arrives, copy);
}

static void send_first(struct sim *sim, struct hook *hook)
{
    hook->first_ms = sim->now_ms;
    if (hook->seq >= 0)
        sim_history(sim, &(struct history_event){
                             .kind = HISTORY_SENT,
                             .lane = str_of(hook->person->lanes[hook->direction]),
                             .seq = hook->seq,
                             .parts = hook->parts,
                         });
    send_again(sim, hook);
}

/* --- a hook
 * ---------------------------------------------------------------------------------- */

struct hook *hook_new(struct sim *sim, enum intake_peer peer, struct person *person,
                      struct str id, struct str body)
{
    struct hook *hook = arena_alloc(sim->arena, sizeof(*hook));
    hook->peer = peer;
    hook->bridge = person->bridge;
    hook->person = person;
    hook->direction = peer == INTAKE_GENESYS ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
    hook->seq = -1;
    hook->id = id;
    hook->body = body;
    sim->hooks_open++;
    return hook;
}

void hook_send(struct sim *sim, struct hook *hook)
{
    send_first(sim, hook);
}

void hook_send_in_lane(struct sim *sim, struct hook *hook)
{
    struct person *person = hook->person;
    enum direction direction = hook->direction;
    if (!sim->plan.waits_for_answer || !person->is_busy[direction]) {
        person->is_busy[direction] = true;
        send_first(sim, hook);
        return;
    }
    struct hook **last = &person->waiting[direction];
    while (*last != NULL)
        last = &(*last)->next;
    *last = hook;
}
