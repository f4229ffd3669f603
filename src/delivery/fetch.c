/*
 * fetch: one try to get one file: the source says exchange after exchange, redirects
 * are followed, and what came is filed.
 */
#include "internal.h"

#include "gateway/fault.h"
#include "gateway/limits.h"
#include "gateway/memory.h"

/* Source: design.md section 6, "Media". */
#define REDIRECTS_MAX 3
/* Headers, URLs and reasons of a try. */
#define FETCH_ARENA_BYTES ((size_t)256 * 1024)

struct fetch_try {
    enum token_kind kind; /* first: what the transport's token points to */
    struct engine *engine;
    struct flow *flow;      /* borrowed from the engine */
    struct fetching *owner; /* NULL: nobody waits any more */
    struct config *config;  /* a reference */
    const struct source *source;
    struct arena *arena;
    struct fetch fetch;
    struct fetch_result result;
    struct attachment attachment; /* lives in the arena: its message may go */
    struct draft *draft;
    struct filing filing;
    bool is_asking; /* an exchange is under way */
    bool is_file;   /* that brings the file */
    unsigned redirects;
};

static void try_free(struct fetch_try *try)
{
    try->flow->fetches--;
    try->engine->fetches--;
    fetchings_look(try->engine);
    draft_free(try->draft);
    config_drop(try->config);
    arena_free(try->arena);
    mem_free(try);
}

static void end(struct fetch_try *try, const struct fetch_end *end)
{
    struct fetching *owner = TAKE(try->owner);

    if (owner != NULL)
        fetching_got(owner, end);
    try_free(try);
}

static void end_later(struct fetch_try *try, struct str reason)
{
    const struct fetch_end later = {
        .outcome = OUTCOME_RETRY, .pause_ms = -1, .reason = reason};
    end(try, &later);
}

static void end_missing(struct fetch_try *try, enum reason_code code, struct str reason)
{
    const struct fetch_end missing = {
        .outcome = OUTCOME_REFUSED_MESSAGE, .reason_code = code, .reason = reason};
    end(try, &missing);
}

static void refused(struct fetch_try *try)
{
    const struct fetch_end refused = {
        .outcome = try->result.outcome,
        .pause_ms = try->result.retry_after_ms,
        .reason_code = try->result.reason_code,
        .reason = try->result.reason,
    };
    end(try, &refused);
}

static enum status start(struct fetch_try *try, struct error *err)
{
    struct engine *engine = try->engine;
    struct exchange *exchange = &try->result.exchange;

    exchange->timeout_ms = try->config->timeouts.media;
    exchange->connect_ms = LIMIT_FETCH_CONNECT_MS;
    exchange->slow_s = LIMIT_FETCH_SLOW_S;
    if (try->is_file) {
        if (try->draft == NULL) {
            enum status status = draft_new(engine->settings.media, &try->draft, err);
            if (status != STATUS_OK)
                return status;
        }
        exchange->sink = draft_sink(try->draft);
    }
    enum status status = engine_start_exchange(engine, exchange, try, err);
    try->is_asking = status == STATUS_OK;
    return status;
}

static void ask(struct fetch_try *try)
{
    struct error err;
    if (start(try, &err) != STATUS_OK)
        end_later(try, str_of(err.text));
}

static void step(struct fetch_try *try, const struct reply *reply)
{
    try->result = (struct fetch_result){.retry_after_ms = -1};
    enum fetch_step step =
        try->source->fetch_next(&try->fetch, reply, try->engine->now, &try->result);
    try->is_file = step == FETCH_FILE;
    if (step == FETCH_OVER)
        refused(try);
    else
        ask(try);
}

/* Whoever it leads to gets no header of ours, and must be let through by the guard. */
static void follow(struct fetch_try *try, struct str location)
{
    try->redirects++;
    try->result.exchange = (struct exchange){
        .method = "GET",
        .url = arena_c_string(try->arena, location),
        .is_outside_url = true,
    };
    ask(try);
}

static void file(struct fetch_try *try, const struct reply *reply)
{
    const struct recorder *recorder = &try->engine->settings.recorder;
    struct str mime = try->attachment.mime;

    try->filing.draft = TAKE(try->draft);
    try->filing.claimed_mime =
        mime.len > 0 ? mime : arena_copy(try->arena, reply->content_type);
    try->filing.claimed_name = try->attachment.name;
    try->filing.claimed_sha256 = try->attachment.sha256;
    recorder->file(recorder->context, &try->filing);
}

static void file_answered(struct fetch_try *try, const struct reply *reply)
{
    enum reason_code code;
    struct str trouble = draft_trouble(try->draft, &code);
    bool is_answer = reply->kind == REPLY_ANSWER;

    if (trouble.len > 0) {
        end_missing(try, code, trouble);
    } else if (is_answer && reply->status == 200) {
        file(try, reply);
    } else if (is_answer && reply->location.len > 0 && try->redirects < REDIRECTS_MAX) {
        follow(try, reply->location);
    } else {
        draft_free(TAKE(try->draft)); /* of an answer that broke off */
        step(try, reply);
    }
}

void fetch_answered(struct fetch_try *try, const struct reply *reply)
{
    FAULT_POINT("fetch.answered");
    try->is_asking = false;
    if (try->owner == NULL)
        try_free(try);
    else if (try->is_file)
        file_answered(try, reply);
    else
        step(try, reply);
}

void fetch_filed(struct filing *filing)
{
    struct fetch_try *try = CONTAINER_OF(filing, struct fetch_try, filing);

    if (filing->status == STATUS_OK) {
        const struct fetch_end kept = {.outcome = OUTCOME_DONE, .kept = &filing->kept};
        end(try, &kept);
    } else if (filing->status == STATUS_RETRY) {
        end_later(try, str_of(filing->err.text));
    } else {
        end_missing(try, filing->reason_code, str_of(filing->err.text));
    }
}

struct fetch_try *fetch_try_new(struct fetching *owner, struct engine *engine,
                                const struct delivery *delivery,
                                const struct bridge *bridge, unsigned ordinal)
{
    const struct attachment *attachment = &delivery->event.content.attachments[ordinal];
    struct fetch_try *try = mem_new(sizeof(*try));
    struct arena *arena = arena_new(FETCH_ARENA_BYTES);

    try->kind = TOKEN_FETCH;
    try->engine = engine;
    try->owner = owner;
    try->config = config_hold(engine->config);
    try->arena = arena;
    try->attachment = (struct attachment){
        .url = arena_copy(arena, attachment->url),
        .ref = arena_copy(arena, attachment->ref),
        .mime = arena_copy(arena, attachment->mime),
        .name = arena_copy(arena, attachment->name),
        .sha256 = arena_copy(arena, attachment->sha256),
        .size = attachment->size,
    };
    try->filing.message = delivery->message_id;
    try->filing.ordinal = ordinal;
    try->fetch = (struct fetch){
        .attachment = &try->attachment, .bridge = bridge, .arena = arena};
    try->source = delivery->direction == DIRECTION_INBOUND
                      ? bridge->channel->source
                      : engine->settings.genesys_source;
    try->flow = flow_of(engine, delivery->bridge_row, delivery->direction);
    try->flow->fetches++;
    engine->fetches++;
    return try;
}

void fetch_try_begin(struct fetch_try *try)
{
    step(try, NULL);
}

void fetch_try_leave(struct fetch_try *try)
{
    struct transport *transport = try->engine->transport;

    try->owner = NULL; /* its end frees it */
    if (try->is_asking && transport != NULL)
        transport->ops->cancel(transport, try);
}
