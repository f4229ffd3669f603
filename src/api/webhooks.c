/*
 * webhooks: translates the listener's requests for relay's intake and back, nothing
 * else.
 */
#include "front.h"

#include "gateway/log.h"
#include "gateway/memory.h"

/* Refusals logged in one second: who floods us with forgeries shall not fill the disk.
 */
#define REFUSALS_A_SECOND 10

struct front *front_new(struct relay *relay, struct media *media, struct config *config)
{
    struct front *front = mem_new(sizeof(*front));
    front->relay = relay;
    front->media = media;
    front->config = config_hold(config);
    return front;
}

void front_free(struct front *front)
{
    if (front == NULL)
        return;
    config_drop(atomic_exchange(&front->adopt, NULL));
    config_drop(front->config);
    mem_free(front);
}

void front_adopt(struct front *front, struct config *config)
{
    config_drop(atomic_exchange(&front->adopt, config_hold(config)));
}

void front_refuse(struct front *front)
{
    front->is_refusing = true;
}

void front_refresh(struct front *front)
{
    if (atomic_load(&front->adopt) == NULL)
        return;
    struct config *config = atomic_exchange(&front->adopt, NULL);
    config_drop(front->config);
    front->config = config;
}

static int64_t webhook_body_max(const struct request *request, void *context)
{
    const struct front *front = context;
    (void)request;
    return front->config->limits.body;
}

static void log_refusal(struct front *front, struct request *request,
                        const struct intake_answer *answer)
{
    int64_t second = clock_now().mono_ms / 1000;
    if (second != front->refusals_second) {
        front->refusals_second = second;
        front->refusals = 0;
    }
    if (front->refusals++ >= REFUSALS_A_SECOND)
        return; /* omgw_webhook_requests_total counts them all */
    log_warn("webhook.refused", F_STR("path", request_path(request)),
             F_TEXT("status", status_name(answer->status)),
             F_TEXT("error", answer->err.text), F_MASK("peer", request_peer(request)));
}

/* What the database says about itself is for the log, not for strangers. */
static void respond_refusal(struct request *request, const struct intake_answer *answer)
{
    struct error err = answer->err;
    if (answer->status == STATUS_RETRY || answer->status == STATUS_FAILED)
        (void)fail(&err, answer->status, "not stored: send it again");
    char seconds[24];
    (void)snprintf(seconds, sizeof(seconds), "%lld",
                   (long long)answer->reply.retry_after_s);
    const struct http_header when = {STR("Retry-After"), str_of(seconds)};
    request_respond_problem_with(request, answer->status, &err,
                                 answer->reply.retry_after_s > 0 ? &when : NULL);
}

static void respond(struct front *front, struct request *request,
                    const struct intake_answer *answer)
{
    const struct http_reply *reply = &answer->reply;
    if (answer->status != STATUS_OK && answer->status != STATUS_DUPLICATE) {
        log_refusal(front, request, answer);
        respond_refusal(request, answer);
        return;
    }
    request_respond(request, reply->status == 0 ? 200 : reply->status,
                    reply->content_type, reply->body, NULL, 0);
}

/* Writer thread. */
static void webhook_stored(void *token)
{
    request_resume(token);
}

static enum handled webhook(struct request *request, struct front *front,
                            enum intake_peer peer)
{
    front_refresh(front); /* what was adopted counts for the very next request */
    struct http_message *message =
        arena_alloc(request_arena(request), sizeof(struct http_message));
    *message = *request_message(request);
    message->part = request_argument(request, "part");

    const struct intake_request intake_request = {
        .peer = peer,
        .bridge_name = request_argument(request, "bridge"),
        .message = message,
        .arena = request_arena(request),
        .now = clock_now(),
        .started_ms = request_started_ms(request),
        .stored = webhook_stored,
        .token = request,
    };
    struct intake *intake = NULL;
    struct intake_answer answer;

    if (front->is_refusing) {
        (void)fail(&answer.err, STATUS_RETRY, "the gateway is stopping: send it again");
        request_respond_problem(request, STATUS_RETRY, &answer.err);
        return HANDLED_ANSWERED;
    }

    if (intake_begin(front->relay, front->config, &intake_request, &intake, &answer)) {
        respond(front, request, &answer);
        return HANDLED_ANSWERED;
    }
    request_set_data(request, intake);
    request_suspend(request);
    intake_submit(intake); /* may resume before it returns */
    return HANDLED_SUSPENDED;
}

static enum handled channel_webhook(struct request *request, void *context)
{
    return webhook(request, context, INTAKE_CHANNEL);
}

static enum handled genesys_webhook(struct request *request, void *context)
{
    return webhook(request, context, INTAKE_GENESYS);
}

static void webhook_resumed(struct request *request, bool timed_out, void *context)
{
    struct intake *intake = request_data(request);
    struct intake_answer answer;
    if (timed_out)
        intake_abandon(intake, clock_now(), &answer);
    else
        intake_finish(intake, clock_now(), &answer);
    respond(context, request, &answer);
}

static const struct route routes[] = {
    {"POST", "/webhooks/channels/{bridge}",        webhook_body_max, channel_webhook,
     webhook_resumed                                                                                 },
    {"POST", "/webhooks/channels/{bridge}/{part}", webhook_body_max, channel_webhook,
     webhook_resumed                                                                                 },
    {"GET",  "/webhooks/channels/{bridge}",        NULL,             channel_webhook, webhook_resumed},
    {"GET",  "/webhooks/channels/{bridge}/{part}", NULL,             channel_webhook,
     webhook_resumed                                                                                 },
    {"POST", "/webhooks/genesys/{bridge}",         webhook_body_max, genesys_webhook,
     webhook_resumed                                                                                 },
    {"GET",  "/media/{token}",                     NULL,             front_media,     NULL           },
};

const struct route *front_routes(size_t *out_count)
{
    *out_count = COUNT_OF(routes);
    return routes;
}
