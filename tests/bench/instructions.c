/*
 * instructions: the way of a message through one thread, stage by stage, for callgrind:
 * signed partner webhooks of 1 KB from known contacts, stored in a SQLite file in
 * batches, relayed to a Genesys that answers at once, outcomes stored. libmicrohttpd
 * and libcurl are not in it.
 *
 *   valgrind --tool=callgrind --toggle-collect='measured_accept*' \
 *       bench-instructions --directory DIR [--messages 1024] [--batch 64]
 *           [--contacts 1000] [--wall-ms N] [--first 0]
 *
 * Only the functions measured_* count; the contacts' first messages go another way.
 * Without valgrind it is the quickest way to a database of many messages.
 */
#include "http.h"

#include "gateway/channels.h"
#include "gateway/crypto.h"
#include "gateway/engine.h"
#include "gateway/genesys.h"
#include "gateway/log.h"
#include "gateway/memory.h"
#include "gateway/relay.h"
#include "gateway/store.h"

#define BATCH_MAX 256
#define BODY_BYTES 1024
#define SECRET "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define MEASURED __attribute__((noinline))

struct webhook {
    struct arena *arena;
    struct http_header headers[8];
    struct http_message message;
    char id[64];
    char signature[3 + base64_encoded_size(SHA256_BYTES)];
    struct buf body;
    struct intake *intake;
    bool is_stored;
};

/* A peer without a network: what was started is answered by the next poll. */
struct stub {
    struct transport transport;
    void *tokens[BATCH_MAX];
    bool are_logins[BATCH_MAX];
    size_t count;
    int64_t answered;
};

struct bench {
    struct config *config;
    struct store *store;
    struct store *reader;
    struct writer *writer;
    struct relay *relay;
    struct engine *engine;
    struct stub stub;
    struct hmac *hmac;
    struct webhook webhooks[BATCH_MAX];
    size_t batch;
    int64_t contacts;
    int64_t made;
    const char *stage; /* also keeps the compiler from making two stages one */
};

static const char config_text[] =
    "public_url: http://127.0.0.1\n"
    "database: \"sqlite:/unused\"\n"
    "limits: { max_pending: 1000000 }\n"
    "genesys:\n"
    "  - { name: main, api_url: \"http://127.0.0.1:1\", login_url: "
    "\"http://127.0.0.1:1\", client_id: a, client_secret: b, requests_per_minute: 0, "
    "connections: 256 }\n"
    "bridges:\n"
    "  - { name: acme, channel: partner, genesys: main, integration_id: "
    "5a1d3a52-0000-4000-8000-000000000002, genesys_secrets: [ { value: "
    "a-genesys-signing-secret } ], partner: { callback_url: "
    "\"http://127.0.0.1:1/partner\", statuses: failed, secrets: [ { value: "
    "\"whsec_" SECRET "\" } ] } }\n";

static void must(enum status status, const char *what, const char *why)
{
    if (status == STATUS_OK)
        return;
    (void)fprintf(stderr, "instructions: %s: %s\n", what, why);
    exit(1);
}

/* Ahead of the messages' own times, and the same in every run unless told otherwise. */
static int64_t wall_ms = INT64_C(1770000000000);
static struct now now_fixed(void)
{
    return (struct now){.wall_ms = wall_ms, .mono_ms = 1000};
}

/* --- the peer -------------------------------------------------------------- */

static struct stub *stub_of(struct transport *transport)
{
    return CONTAINER_OF(transport, struct stub, transport);
}

static enum status stub_start(struct transport *transport,
                              const struct exchange *exchange, void *token,
                              struct error *err)
{
    struct stub *stub = stub_of(transport);
    if (stub->count == BATCH_MAX)
        return fail(err, STATUS_RETRY, "the stub has no room");
    stub->tokens[stub->count] = token;
    stub->are_logins[stub->count++] = strstr(exchange->url, "/oauth/token") != NULL;
    return STATUS_OK;
}

static void stub_answer(struct stub *stub, void *token, bool is_login)
{
    char body[128];
    int len =
        is_login
            ? snprintf(body, sizeof(body),
                       "{\"access_token\":\"token\",\"token_type\":\"bearer\","
                       "\"expires_in\":86400}")
            : snprintf(body, sizeof(body), "{\"id\":\"%032lld\",\"type\":\"Text\"}",
                       (long long)++stub->answered);
    const struct reply reply = {
        .kind = REPLY_ANSWER,
        .status = 200,
        .body = str_from(body, (size_t)len),
        .retry_after_ms = -1,
        .why = "",
    };
    stub->transport.done(token, &reply, stub->transport.context);
}

static void stub_poll(struct transport *transport, int64_t timeout_ms)
{
    struct stub *stub = stub_of(transport);
    size_t count = stub->count;
    (void)timeout_ms;
    stub->count = 0; /* answers start what comes next */
    for (size_t i = 0; i < count; i++)
        stub_answer(stub, stub->tokens[i], stub->are_logins[i]);
}

static void stub_cancel(struct transport *transport, void *token)
{
    (void)transport;
    (void)token;
}

static void stub_nothing(struct transport *transport)
{
    (void)transport;
}

static const struct transport_ops stub_ops = {
    .start = stub_start,
    .cancel = stub_cancel,
    .poll = stub_poll,
    .wake = stub_nothing,
    .free = stub_nothing,
};

/* --- up and down ----------------------------------------------------------- */

static void load_config(struct bench *bench, const char *directory)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/omgw.yaml", directory);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(config_text, file) < 0 || fclose(file) != 0)
        must(STATUS_FAILED, "write", path);
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, BENCH_MESSAGE_BYTES);
    enum status status = config_load(path, NULL, channels, &bench->config, &problems);
    must(status, "configuration", buf_c_string(&problems));
}

static void open_stores(struct bench *bench, const char *directory)
{
    const struct store_options writer = {.mode = STORE_WRITER, .may_migrate = true};
    const struct store_options reader = {.mode = STORE_READER};
    struct error err;
    char url[512];
    (void)snprintf(url, sizeof(url), "sqlite:%s/omgw.db", directory);
    must(store_open(url, &writer, &bench->store, &err), "writer", err.text);
    must(store_open(url, &reader, &bench->reader, &err), "reader", err.text);
}

static void bench_offer(void *context, struct delivery *list)
{
    struct dispatcher to = engine_dispatcher(((struct bench *)context)->engine);
    to.offer(to.context, list);
}

static void bench_recorded(void *context, struct report *report)
{
    struct dispatcher to = engine_dispatcher(((struct bench *)context)->engine);
    to.recorded(to.context, report);
}

static void open_relay(struct bench *bench)
{
    struct error err;
    bench->writer = writer_new(bench->store, 4 * BATCH_MAX);
    const struct relay_settings settings = {
        .writer = bench->writer,
        .genesys_source = &genesys_source,
        .dispatcher = {.offer = bench_offer,
                       .recorded = bench_recorded,
                       .context = bench},
        .seed = 7,
    };
    bench->relay = relay_new(&settings);
    must(store_begin(bench->store, &err), "begin", err.text);
    must(relay_sync_bridges(bench->relay, bench->config, bench->store,
                            now_fixed().wall_ms, &err),
         "bridges", err.text);
    must(store_run_begin(bench->store, &err), "run", err.text);
    must(store_commit(bench->store, &err), "commit", err.text);
}

static void open_engine(struct bench *bench)
{
    struct error err;
    const struct engine_settings settings = {
        .reader = bench->reader,
        .genesys_sender = &genesys_sender,
        .recorder = relay_recorder(bench->relay),
        .flights = store_flights(bench->store),
        .owner = "bench",
        .seed = 7,
        .inbox = 4 * BATCH_MAX,
        .clock = now_fixed,
    };
    bench->engine = engine_new(&settings, bench->config);
    bench->stub.transport =
        (struct transport){&stub_ops, engine_exchange_done, bench->engine};
    engine_set_transport(bench->engine, &bench->stub.transport);
    must(engine_load(bench->engine, &err), "engine", err.text);
}

static void bench_open(struct bench *bench, const char *directory)
{
    uint8_t key[64];
    size_t len = 0;
    struct error err;
    log_init(LOG_WARN, LOG_JSON, COLOUR_AUTO);
    if (!base64_decode(STR(SECRET), key, sizeof(key), &len))
        must(STATUS_FAILED, "secret", "no base64");
    must(hmac_new(str_from(key, len), &bench->hmac, &err), "hmac", err.text);
    load_config(bench, directory);
    open_stores(bench, directory);
    open_relay(bench);
    open_engine(bench);
    for (size_t i = 0; i < bench->batch; i++) {
        bench->webhooks[i].arena = arena_new(1024 * 1024);
        buf_init(&bench->webhooks[i].body, BENCH_MESSAGE_BYTES);
    }
}

static void bench_close(struct bench *bench)
{
    for (size_t i = 0; i < bench->batch; i++) {
        arena_free(bench->webhooks[i].arena);
        buf_release(&bench->webhooks[i].body);
    }
    engine_cut(bench->engine);
    engine_finish(bench->engine);
    engine_free(bench->engine);
    relay_free(bench->relay);
    writer_free(bench->writer);
    store_close(bench->reader);
    store_close(bench->store);
    config_drop(bench->config);
    hmac_free(bench->hmac);
}

/* --- webhooks -------------------------------------------------------------- */

static void write_body(const struct bench *bench, struct buf *body, int64_t number)
{
    buf_clear(body);
    buf_printf(body,
               "{\"type\":\"message.created\",\"timestamp\":\"2026-01-01T00:00:00Z\","
               "\"data\":{\"id\":\"m-%lld\",\"from\":{\"id\":\"contact-%lld\"},"
               "\"text\":\"",
               (long long)number, (long long)(number % bench->contacts));
    while (body->len < BODY_BYTES - 3)
        buf_add_char(body, (char)('a' + (char)(body->len % 26)));
    buf_add(body, STR("\"}}"));
}

static void sign(const struct bench *bench, struct webhook *webhook,
                 struct str timestamp)
{
    const struct str parts[] = {str_of(webhook->id), STR("."), timestamp, STR("."),
                                buf_str(&webhook->body)};
    uint8_t sum[SHA256_BYTES];
    struct error err;
    must(hmac_sum(bench->hmac, parts, COUNT_OF(parts), sum, &err), "sign", err.text);
    memcpy(webhook->signature, "v1,", 3);
    base64_encode(sum, sizeof(sum), webhook->signature + 3);
}

/* What the listener would have made of the request. */
static void make_webhook(struct bench *bench, struct webhook *webhook)
{
    int64_t number = bench->made++;
    arena_reset(webhook->arena);
    struct str timestamp =
        arena_printf(webhook->arena, "%lld", (long long)(wall_ms / 1000));
    (void)snprintf(webhook->id, sizeof(webhook->id), "msg_%lld", (long long)number);
    write_body(bench, &webhook->body, number);
    sign(bench, webhook, timestamp);
    const struct http_header headers[] = {
        {STR("Host"),              STR("bench")              },
        {STR("Content-Type"),      STR("application/json")   },
        {STR("webhook-id"),        str_of(webhook->id)       },
        {STR("webhook-timestamp"), timestamp                 },
        {STR("webhook-signature"), str_of(webhook->signature)},
        {STR("Content-Length"),    STR("1024")               },
    };
    memcpy(webhook->headers, headers, sizeof(headers));
    webhook->message = (struct http_message){
        .method = STR("POST"),
        .path = STR("/webhooks/channels/acme"),
        .headers = webhook->headers,
        .header_count = COUNT_OF(headers),
        .body = buf_str(&webhook->body),
    };
    webhook->is_stored = false;
}

static void webhook_stored(void *token)
{
    ((struct webhook *)token)->is_stored = true;
}

/* --- the stages ------------------------------------------------------------ */

static void front_in(struct bench *bench)
{
    for (size_t i = 0; i < bench->batch; i++) {
        struct webhook *webhook = &bench->webhooks[i];
        const struct intake_request request = {
            .peer = INTAKE_CHANNEL,
            .bridge_name = STR("acme"),
            .message = &webhook->message,
            .arena = webhook->arena,
            .now = now_fixed(),
            .started_ms = now_fixed().mono_ms,
            .stored = webhook_stored,
            .token = webhook,
        };
        struct intake_answer answer;
        if (intake_begin(bench->relay, bench->config, &request, &webhook->intake,
                         &answer))
            must(STATUS_FAILED, "intake", answer.err.text);
        intake_submit(webhook->intake);
    }
}

static void front_out(struct bench *bench)
{
    for (size_t i = 0; i < bench->batch; i++) {
        struct webhook *webhook = &bench->webhooks[i];
        struct intake_answer answer;
        if (!webhook->is_stored)
            must(STATUS_FAILED, "store", "not told");
        intake_finish(webhook->intake, now_fixed(), &answer);
        must(answer.status, "answer", answer.err.text);
    }
}

static void store(struct bench *bench)
{
    if (writer_step(bench->writer, now_fixed()) != bench->batch)
        must(STATUS_FAILED, "writer", "another number of jobs than expected");
}

static MEASURED void measured_front(struct bench *bench, void (*stage)(struct bench *))
{
    bench->stage = "front";
    stage(bench);
}

static MEASURED void measured_accept(struct bench *bench)
{
    bench->stage = "accept";
    store(bench);
}

static MEASURED void measured_engine(struct bench *bench)
{
    bench->stage = "engine";
    engine_step(bench->engine, 0);
}

static MEASURED void measured_outcome(struct bench *bench)
{
    bench->stage = "outcome";
    store(bench);
}

/* --- a run ----------------------------------------------------------------- */

static void make_batch(struct bench *bench)
{
    for (size_t i = 0; i < bench->batch; i++)
        make_webhook(bench, &bench->webhooks[i]);
}

/* The first exchange is a login, so the engine may need a second step. */
static void warm_up(struct bench *bench)
{
    make_batch(bench);
    front_in(bench);
    store(bench);
    front_out(bench);
    for (int64_t want = bench->stub.answered + (int64_t)bench->batch;
         bench->stub.answered < want;)
        engine_step(bench->engine, 0);
    store(bench);
}

static void measure(struct bench *bench)
{
    make_batch(bench);
    measured_front(bench, front_in);
    measured_accept(bench);
    measured_front(bench, front_out);
    measured_engine(bench);
    measured_outcome(bench);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    int64_t messages = bench_number(argc, argv, "--messages", 1024);
    int64_t batch = bench_number(argc, argv, "--batch", 64);
    const char *directory = bench_option(argc, argv, "--directory", ".");
    if (batch < 1 || batch > BATCH_MAX)
        must(STATUS_FAILED, "--batch", "1 to 256");

    bench.batch = (size_t)batch;
    bench.contacts = bench_number(argc, argv, "--contacts", 1000);
    wall_ms = bench_number(argc, argv, "--wall-ms", wall_ms);
    bench.made =
        bench_number(argc, argv, "--first", 0); /* of a database that has some */
    int64_t warm = bench.made + 2 * bench.contacts;
    bench_open(&bench, directory);
    relay_tidy(bench.relay, bench.config);
    (void)writer_step(bench.writer, now_fixed());
    while (bench.made < warm)
        warm_up(&bench);
    int64_t first = bench.made;
    while (bench.made - first < messages)
        measure(&bench);
    (void)printf("%lld\n", (long long)(bench.made - first));
    engine_step(bench.engine, 0);
    bench_close(&bench);
    return 0;
}
