/* line: what no single request of the fixtures can show. */
#include "channels/line.h"
#include "support/expect.h"

#include "gateway/channels.h"
#include "gateway/limits.h"

static struct arena *arena;
static struct line_settings settings;
static struct bridge bridge;
static const struct channel *channel;
static char token[] = "token";
static char api_url[] = "https://api.line.me";
static char bridge_name[] = "one";

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    settings = (struct line_settings){
        .access_token = token, .api_url = api_url, .mark_read = true};
    channel = channel_find(STR("line"));
    bridge =
        (struct bridge){.name = bridge_name, .channel = channel, .settings = &settings};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* ---- webhooks ---- */

static void decode(struct str body, struct unit *out)
{
    const struct http_message message = {.method = STR("POST"), .body = body};
    struct error err = {.text = ""};

    *out = (struct unit){.bridge = &bridge};
    expect_status("nothing is refused", STATUS_OK,
                  line_source.decode(&bridge, &message, arena, out, &err));
}

static void add_line(struct buf *body, size_t number)
{
    buf_printf(body,
               "%s{\"type\":\"message\",\"timestamp\":%zu,\"webhookEventId\":\"e%zu\","
               "\"source\":{\"type\":\"user\",\"userId\":\"U1\"},\"message\":{\"id\":"
               "\"m%zu\",\"type\":\"text\",\"text\":\"%zu\"}}",
               number == 0 ? "" : ",", 1700000000000 - number, number, number, number);
}

static void lines(size_t count, struct unit *out)
{
    CLEANUP(buf_release) struct buf body;

    buf_init(&body, LIMIT_REQUEST_ARENA_BYTES);
    buf_add(&body, STR("{\"events\":["));
    for (size_t i = 0; i < count; i++)
        add_line(&body, i);
    buf_add(&body, STR("]}"));
    assert_true(buf_ok(&body));
    decode(arena_copy(arena, buf_str(&body)), out);
}

static void events_past_the_ceiling_are_kept_as_one(void **state)
{
    (void)state;
    struct unit unit;

    lines(LIMIT_UNIT_EVENTS, &unit);
    expect_i64("as many as there may be", LIMIT_UNIT_EVENTS, (int64_t)unit.event_count);
    expect_str("the earliest is first", "1999", unit.events[0].text);
    expect_str("the latest is last", "0", unit.events[LIMIT_UNIT_EVENTS - 1].text);
    arena_reset(arena);
    lines(LIMIT_UNIT_EVENTS + 1, &unit);
    expect_i64("one more", 1, (int64_t)unit.event_count);
    expect_i64("is not taken apart", EVENT_UNREADABLE, unit.events[0].kind);
}

static void a_read_token_past_belief_is_left_out(void **state)
{
    (void)state;
    char long_token[1026];
    struct unit unit;

    memset(long_token, 't', sizeof(long_token) - 1);
    long_token[sizeof(long_token) - 1] = '\0';
    for (size_t i = 0; i < 2; i++) {
        decode(
            arena_printf(arena,
                         "{\"events\":[{\"type\":\"message\",\"webhookEventId\":"
                         "\"e\",\"source\":{\"type\":\"user\",\"userId\":\"U1\"},"
                         "\"message\":{\"id\":\"m\",\"type\":\"text\",\"text\":\"x\","
                         "\"markAsReadToken\":\"%s\"}}]}",
                         long_token + i),
            &unit);
        expect_i64("1024 bytes are a token", i == 0 ? 1 : 1026,
                   (int64_t)unit.events[0].source_id.len);
    }
}

/* ---- requests ---- */

static enum sender_step ask(const struct delivery *delivery, struct sender_result *out)
{
    struct attempt attempt = {.delivery = delivery, .bridge = &bridge, .arena = arena};
    return line_sender.next(&attempt, NULL, (struct now){0}, out);
}

static void only_what_has_a_token_is_marked_as_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct str id;
        enum sender_step want;
    } cases[] = {
        {"an id with its token",      STR("m1 mr-1"), SENDER_EXCHANGE},
        {"an id alone",               STR("m1"),      SENDER_OUTCOME },
        {"nothing, as of a button",   STR_NONE,       SENDER_OUTCOME },
        {"an id with an empty token", STR("m1 "),     SENDER_OUTCOME },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct delivery receipt = {.class = DELIVERY_RECEIPT,
                                         .target_peer_id = cases[i].id,
                                         .event = {.kind = EVENT_RECEIPT}};
        struct sender_result result;
        expect_i64(cases[i].name, cases[i].want, ask(&receipt, &result));
        if (cases[i].want == SENDER_OUTCOME)
            expect_i64(cases[i].name, OUTCOME_DONE, result.outcome);
    }
}

static void what_is_read_is_told_only_where_it_is_wanted(void **state)
{
    (void)state;
    struct capabilities can;

    channel->capabilities(&bridge, &can);
    expect_true("wanted", can.wants_status_accepted);
    settings.mark_read = false;
    channel->capabilities(&bridge, &can);
    expect_false("not wanted", can.wants_status_accepted);
}

static void what_line_cannot_do_is_refused_with_a_reason(void **state)
{
    (void)state;
    static const enum event_kind kinds[] = {EVENT_EDIT, EVENT_DELETION, EVENT_REACTION};

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct delivery delivery = {
            .event = {.kind = kinds[i], .text = STR("x")}
        };
        struct sender_result result;
        expect_i64(event_kind_name(kinds[i]), SENDER_OUTCOME, ask(&delivery, &result));
        expect_i64("refused", OUTCOME_REFUSED_MESSAGE, result.outcome);
        expect_i64("why", REASON_UNSUPPORTED_MESSAGE, result.reason_code);
    }
}

static void a_message_without_words_is_refused(void **state)
{
    (void)state;
    const struct delivery delivery = {
        .event = {.kind = EVENT_MESSAGE, .text = STR(" ")}
    };
    struct sender_result result;

    expect_i64("blank", SENDER_OUTCOME, ask(&delivery, &result));
    expect_str("why", "the message holds no text", result.reason);
}

/* ---- settings ---- */

static void a_token_that_would_break_its_header_is_refused(void **state)
{
    (void)state;
    static struct {
        char token[16];
        enum status want;
    } cases[] = {
        {"abc+/=",      STATUS_OK     },
        {"",            STATUS_INVALID},
        {"a b",         STATUS_INVALID},
        {"a\r\nb: c",   STATUS_INVALID},
        {"caf\xc3\xa9", STATUS_INVALID},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct line_settings own = {.access_token = cases[i].token};
        struct error err;
        expect_status(cases[i].token, cases[i].want,
                      channel->settings_ready(&own, &err));
        channel->settings_release(&own);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(events_past_the_ceiling_are_kept_as_one),
        TEST(a_read_token_past_belief_is_left_out),
        TEST(only_what_has_a_token_is_marked_as_read),
        TEST(what_is_read_is_told_only_where_it_is_wanted),
        TEST(what_line_cannot_do_is_refused_with_a_reason),
        TEST(a_message_without_words_is_refused),
        TEST(a_token_that_would_break_its_header_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
