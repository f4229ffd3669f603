#include "gate.h"

#include "gateway/form.h"
#include "gateway/limits.h"
#include "gateway/memory.h"

/* Source: open-messaging.md, section 6 (request.bytes.max); read 2026-11-21. */
#define REQUEST_BYTES_MAX 512000
/* A long list is printed once in a while; its memory is not kept. */
#define OUT_KEPT_BYTES ((size_t)1024 * 1024)

/* Lives in its request's arena. */
struct delayed {
    struct delayed *next;
    struct request *request;
    int64_t due_ms; /* mono */
    struct answer answer;
};

/* --- the wire ------------------------------------------------------------- */

#define ANSWER_HEADERS_MAX 5
#define NUMBER_BYTES 24

struct answer_headers {
    struct http_header items[ANSWER_HEADERS_MAX];
    char numbers[ANSWER_HEADERS_MAX][NUMBER_BYTES];
    size_t count;
};

static void header_add(struct answer_headers *headers, const char *name,
                       const char *value)
{
    headers->items[headers->count++] =
        (struct http_header){str_of(name), str_of(value)};
}

static void header_add_number(struct answer_headers *headers, const char *name,
                              int64_t value)
{
    char *text = headers->numbers[headers->count];
    (void)snprintf(text, NUMBER_BYTES, "%lld", (long long)value);
    header_add(headers, name, text);
}

/* Nothing in a stranger's file may run as if it were a page of the emulator's. */
static void respond_file(struct request *request, const struct kept_file *file)
{
    char etag[sizeof(file->sha256) + 2];
    int descriptor = file == NULL ? -1 : file_open(file);
    if (descriptor < 0) { /* a reset was faster, or there are too many open */
        request_respond(request, file == NULL ? 404 : 503, NULL, STR_NONE, NULL, 0);
        return;
    }
    CLEANUP(buf_release) struct buf disposition;
    buf_init(&disposition, SIZE_MAX); /* a name is short */
    buf_add(&disposition, STR("attachment; filename*=UTF-8''"));
    percent_encode(&disposition, str_of(file->name));
    (void)snprintf(etag, sizeof(etag), "\"%s\"", file->sha256);
    const struct http_header headers[] = {
        {STR("Content-Disposition"),     buf_str(&disposition)             },
        {STR("Content-Security-Policy"), STR("default-src 'none'; sandbox")},
    };
    request_respond_file(request, descriptor, file->size, str_of(etag), file->type,
                         headers, COUNT_OF(headers));
}

static void respond(const struct emulator *emulator, struct request *request,
                    const struct answer *answer)
{
    if (answer->file_id[0] != '\0') {
        respond_file(request, files_find(&emulator->files, str_of(answer->file_id)));
        return;
    }
    struct answer_headers headers = {.count = 0};
    header_add(&headers, "ININ-Correlation-Id", answer->context_id);
    if (answer->retry_after_s > 0)
        header_add_number(&headers, "Retry-After", answer->retry_after_s);
    if (answer->budget_allowed > 0) {
        header_add_number(&headers, "inin-ratelimit-count", answer->budget_used);
        header_add_number(&headers, "inin-ratelimit-allowed", answer->budget_allowed);
        header_add_number(&headers, "inin-ratelimit-reset", answer->budget_reset_s);
    }
    request_respond(request, answer->status, "application/json", answer->body,
                    headers.items, headers.count);
}

/* --- answers held back ---------------------------------------------------- */

/* False when the request's arena has no room for the answer. */
static bool delay(struct call *call, int64_t delay_ms)
{
    struct arena *arena = request_arena(call->request);
    struct delayed *delayed = arena_try_alloc(arena, sizeof(*delayed));
    char *body = arena_try_alloc(arena, call->answer.body.len + 1);
    if (delayed == NULL || body == NULL)
        return false;

    memcpy(body, call->answer.body.ptr, call->answer.body.len);
    delayed->answer = call->answer;
    delayed->answer.body.ptr = body;
    delayed->request = call->request;
    delayed->due_ms = clock_now().mono_ms + delay_ms;

    struct delayed **place = &call->emulator->delayed;
    while (*place != NULL && (*place)->due_ms <= delayed->due_ms)
        place = &(*place)->next;
    delayed->next = *place;
    *place = delayed;
    request_set_data(call->request, delayed);
    request_suspend(call->request);
    return true;
}

void gate_serve_delayed(struct request *request, const struct emulator *emulator)
{
    const struct delayed *delayed = request_data(request);
    respond(emulator, request, &delayed->answer);
}

void gate_release_delayed(struct emulator *emulator, bool all)
{
    int64_t now_ms = clock_now().mono_ms;
    while (emulator->delayed != NULL && (all || emulator->delayed->due_ms <= now_ms)) {
        struct delayed *due = emulator->delayed;
        emulator->delayed = due->next; /* resuming may free it */
        request_resume(due->request);
    }
}

int64_t gate_wait_ms(const struct emulator *emulator, int64_t max_ms)
{
    if (emulator->delayed == NULL)
        return max_ms;
    int64_t wait_ms = emulator->delayed->due_ms - clock_now().mono_ms;
    if (wait_ms < 0)
        return 0;
    return wait_ms < max_ms ? wait_ms : max_ms;
}

/* --- who asks, and how often ---------------------------------------------- */

static bool authorize(struct call *call)
{
    struct str header = request_header(call->request, "Authorization");
    struct str scheme = str_cut(&header, ' ');
    if (!str_equal_nocase(scheme, STR("Bearer"))) {
        call_refuse(
            call, 401, "authentication.required",
            "No authentication bearer token specified in authorization header.");
        return false;
    }
    const struct token *token =
        login_find_token(&call->emulator->login, str_trim(header));
    if (token == NULL) {
        call_refuse(call, 401, "bad.credentials", "Invalid login credentials.");
        return false;
    }
    if (token->expires_ms <= world_now_ms(call->world)) {
        call_refuse(call, 401, "credentials.expired", "The access token has expired.");
        return false;
    }
    call->client = token->client;
    return true;
}

static int64_t seconds_up(int64_t span_ms)
{
    return (span_ms + 999) / 1000;
}

static bool spend(struct call *call)
{
    struct budget *budget = &call->client->budget;
    int64_t now_ms = clock_now().mono_ms;
    int64_t wait_ms = 0;
    bool is_spent = budget_spend(budget, now_ms, &wait_ms);

    call->answer.budget_used = (int64_t)budget->used;
    call->answer.budget_allowed = (int64_t)budget->allowed;
    call->answer.budget_reset_s = seconds_up(budget_reset_ms(budget, now_ms));
    if (is_spent)
        return true;
    int64_t wait_s = seconds_up(wait_ms);
    call_refuse(call, 429, "too.many.requests.retry.after",
                "Rate limit exceeded the maximum. Retry the request in [%lld] seconds",
                (long long)wait_s);
    call->answer.retry_after_s = wait_s;
    return false;
}

/* --- faults --------------------------------------------------------------- */

/* The customer that the request is about; empty when the body does not say. */
static struct str contact_of(struct call *call)
{
    struct error err;
    if (call->body == NULL && json_parse(request_body(call->request), LIMIT_JSON_DEPTH,
                                         &call->body, &err) != STATUS_OK)
        return STR_NONE;
    const struct json *channel = json_get(call->body, "channel");
    struct str from = text_of(json_get(channel, "from"), "id");
    return from.len > 0 ? from : text_of(json_get(channel, "to"), "id");
}

static struct fault take_fault(struct call *call)
{
    struct fault_plan *plan = &call->emulator->faults;
    if (plan->first == NULL)
        return (struct fault){.kind = FAULT_NONE};
    struct str contact = plan->asks_contact ? contact_of(call) : STR_NONE;
    return fault_plan_take(plan, call->operation->fault, contact);
}

static void refuse_as_ordered(struct call *call, const struct fault *fault)
{
    call->answer.retry_after_s = fault->retry_after_s;
    if (fault->status == 429 && fault->retry_after_s == 0)
        call->answer.retry_after_s = 1; /* a 429 always says when */
    call_refuse_status(call, fault->status);
}

/* --- one request ---------------------------------------------------------- */

static void note_request(struct call *call, int status)
{
    struct str path = request_path(call->request);
    struct str method = request_method(call->request);
    struct seen_request *seen = mem_new(sizeof(*seen) + path.len);
    seen->took_ms = clock_now().mono_ms - request_started_ms(call->request);
    seen->at_ms = clock_now().wall_ms - seen->took_ms;
    seen->status = status;
    (void)snprintf(seen->method, sizeof(seen->method), "%.*s", STR_ARG(method));
    seen->path_len = path.len;
    memcpy(seen->path, path.ptr, path.len);
    /* A full list does not stop the API: whoever reads it is told that it is cut. */
    (void)rows_add(&call->emulator->requests, seen);
}

static void work(struct call *call)
{
    if (request_body(call->request).len > REQUEST_BYTES_MAX &&
        !call->operation->takes_bytes) {
        call_refuse(call, 413, "request.entity.too.large",
                    "The request body exceeds %d bytes", REQUEST_BYTES_MAX);
        return;
    }
    if (call->operation->door == DOOR_API && (!authorize(call) || !spend(call)))
        return;
    call->operation->handle(call);
}

/* The answer's body is what was printed, in any case something. */
static void close_body(struct call *call)
{
    if (!buf_ok(call->out))
        call_refuse(call, 507, "emulator.full", "The answer is too large: use limit");
    call->answer.body = buf_str(call->out);
}

static enum handled answer(struct call *call, int64_t delay_ms)
{
    close_body(call);
    if (delay_ms > 0 && delay(call, delay_ms))
        return HANDLED_SUSPENDED;
    respond(call->emulator, call->request, &call->answer);
    return HANDLED_ANSWERED;
}

static enum handled drop(struct call *call, bool is_reset)
{
    request_abort(call->request, is_reset);
    return HANDLED_ANSWERED;
}

static enum handled serve_as_ordered(struct call *call, const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_DROP_BEFORE:
    case FAULT_DROP_RESET:
        note_request(call, 0);
        return drop(call, fault->kind == FAULT_DROP_RESET);
    case FAULT_DROP_AFTER:
        work(call);
        note_request(call, 0);
        return drop(call, false);
    case FAULT_STATUS:
        refuse_as_ordered(call, fault);
        break;
    case FAULT_NONE:
    case FAULT_DELAY:
        work(call);
        break;
    }
    note_request(call, call->answer.status);
    return answer(call, fault->delay_ms);
}

enum handled gate_serve(struct request *request, struct emulator *emulator,
                        const struct operation *operation)
{
    struct call call = {
        .emulator = emulator,
        .world = &emulator->world,
        .request = request,
        .operation = operation,
        .out = &emulator->out,
    };
    make_uuid(&emulator->world.random, call.answer.context_id);
    buf_clear(call.out);

    enum handled handled;
    if (operation->door == DOOR_CONTROL) {
        work(&call);
        handled = answer(&call, 0);
    } else {
        struct fault fault = take_fault(&call);
        handled = serve_as_ordered(&call, &fault);
    }
    json_free(call.body);
    if (call.out->capacity > OUT_KEPT_BYTES)
        buf_release(call.out);
    return handled;
}
