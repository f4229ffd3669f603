/*
 * front: webhooks into intake and its answers out, as src/api/webhooks.c does it,
 * without HTTP.
 */
#include "sim.h"

#include "gateway/memory.h"

#define ARENA_BYTES (16u * 1024 * 1024)

/* In the sim's arena: actions may look at one that is gone. */
struct request {
    struct request *next;
    struct request **link; /* what points to it */
    struct sim *sim;
    struct arena *arena; /* NULL: it is gone */
    struct http_message message;
    struct intake *intake;
    bool is_answered;
    front_answered *answered;
    void *token;
};

static int http_status(const struct intake_answer *answer)
{
    static const int statuses[] = {
        [STATUS_DENIED] = 401,      [STATUS_FORBIDDEN] = 403,
        [STATUS_NOT_FOUND] = 404,   [STATUS_BAD_METHOD] = 405,
        [STATUS_CONFLICT] = 409,    [STATUS_TOO_LARGE] = 413,
        [STATUS_UNSUPPORTED] = 415, [STATUS_UNPROCESSABLE] = 422,
        [STATUS_SLOW_DOWN] = 429,   [STATUS_RETRY] = 503,
        [STATUS_INVALID] = 400,     [STATUS_FAILED] = 500,
    };
    if (answer->status == STATUS_OK || answer->status == STATUS_DUPLICATE)
        return answer->reply.status == 0 ? 200 : answer->reply.status;
    return statuses[answer->status];
}

static void request_end(struct request *request)
{
    *request->link = request->next;
    if (request->next != NULL)
        request->next->link = request->link;
    arena_free(TAKE(request->arena));
}

static void respond(struct request *request, const struct intake_answer *answer)
{
    struct sim *sim = request->sim;
    int status = http_status(answer);
    request->is_answered = true;
    if (sim->gateway.is_dead)
        return;
    if (answer->status == STATUS_FAILED)
        sim_problem(sim, "error: a webhook was answered 500: %s", answer->err.text);
    request->answered(sim, request->token, status);
}

/* --- waiting for the commit ----------------------------------------------------- */

static void resumes(struct sim *sim, void *context)
{
    struct request *request = context;
    struct intake_answer answer;
    if (request->arena == NULL || sim->gateway.is_dead)
        return; /* died meanwhile */
    if (!request->is_answered) {
        intake_finish(request->intake, gateway_now(sim), &answer);
        respond(request, &answer);
    }
    request_end(request);
}

/* The writer's word. */
static void stored(void *token)
{
    struct request *request = token;
    sim_after(request->sim, sim_between(request->sim, 0, 1), resumes, request);
}

static void times_out(struct sim *sim, void *context)
{
    struct request *request = context;
    struct intake_answer answer;
    if (request->arena == NULL || request->is_answered || sim->gateway.is_dead)
        return;
    sim_note(sim, "not stored in time", 0, 0);
    intake_abandon(request->intake, gateway_now(sim), &answer);
    respond(request, &answer);
}

/* --- the request ------------------------------------------------------------------ */

static struct request *request_new(struct sim *sim, const struct front_request *from)
{
    struct request *request = arena_alloc(sim->arena, sizeof(*request));
    struct gateway *gateway = &sim->gateway;
    request->sim = sim;
    request->arena = arena_new(ARENA_BYTES);
    request->answered = from->answered;
    request->token = from->token;
    request->message = (struct http_message){
        .method = STR("POST"),
        .headers = from->headers,
        .header_count = from->header_count,
        .body = from->body,
    };
    request->next = gateway->requests;
    request->link = &gateway->requests;
    if (request->next != NULL)
        request->next->link = &request->next;
    gateway->requests = request;
    return request;
}

void front_arrived(struct sim *sim, const struct front_request *from)
{
    struct gateway *gateway = &sim->gateway;
    struct request *request = request_new(sim, from);
    const struct intake_request intake_request = {
        .peer = from->peer,
        .bridge_name = str_of(from->bridge_name),
        .message = &request->message,
        .arena = request->arena,
        .now = gateway_now(sim),
        .stored = stored,
        .token = request,
    };
    struct intake_answer answer;
    if (intake_begin(gateway->relay, gateway->config, &intake_request, &request->intake,
                     &answer)) {
        respond(request, &answer);
        request_end(request);
        return;
    }
    sim_after(sim, gateway->config->timeouts.stored, times_out, request);
    intake_submit(request->intake);
}

void front_drop_all(struct sim *sim)
{
    while (sim->gateway.requests != NULL) {
        struct request *request = sim->gateway.requests;
        struct intake_answer answer;
        if (!request->is_answered)
            intake_abandon(request->intake, gateway_now(sim), &answer);
        request_end(request);
    }
}
