/* slack_media: an agent's file on its way, call by call. The first calls, and what is
 * got from customers, are in the fixtures. */
#include "channels/slack.h"
#include "support/expect.h"

#include "gateway/channels.h"
#include "gateway/limits.h"

static char token[] = "xoxb-1";
static char api_url[] = "https://slack.example/api";
static char files_url[] = "https://files.example";
static struct slack_settings settings;
static struct bridge bridge;
static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    settings = (struct slack_settings){
        .bot_token = token, .api_url = api_url, .files_url = files_url};
    bridge =
        (struct bridge){.channel = channel_find(STR("slack")), .settings = &settings};
    arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* ---- a file, and the answers to its calls ---- */

static struct attachment attachments[] = {
    {.name = STR("terms.pdf"), .text = STR("ours & <yours>")}
};
static const struct file files[] = {
    {.link = STR("https://hooks.example/media/x?a=1&b=2"),
     .mime = STR("application/pdf"),
     .name = STR("terms.pdf"),
     .size = 7,
     .descriptor = -1}
};

static struct delivery delivery_to(const char *contact)
{
    return (struct delivery){
        .class = DELIVERY_MESSAGE,
        .direction = DIRECTION_OUTBOUND,
        .event = {.kind = EVENT_MESSAGE,
                  .contact_id = str_of(contact),
                  .content = {.attachments = attachments, .attachment_count = 1}},
    };
}

#define OPENED "{\"ok\":true,\"channel\":{\"id\":\"D1\"}}"
#define RESERVED                                                                       \
    "{\"ok\":true,\"file_id\":\"F1\",\"upload_url\":\"https://files.example/up/1\"}"
#define SHARED "{\"ok\":true,\"files\":[{\"id\":\"F1\",\"title\":\"terms.pdf\"}]}"
#define POSTED "{\"ok\":true,\"channel\":\"D1\",\"ts\":\"1.2\"}"
#define SHARE_BODY(where)                                                              \
    "{\"files\":[{\"id\":\"F1\",\"title\":\"terms.pdf\"}]," where                      \
    ",\"initial_comment\":\"ours &amp; &lt;yours&gt;\"}"
#define LINK_BODY                                                                      \
    "{\"channel\":\"U1\",\"text\":\"ours &amp; &lt;yours&gt;\\n"                       \
    "terms.pdf: https://hooks.example/media/"                                          \
    "x?a=1&amp;b=2\",\"mrkdwn\":false,\"unfurl_links\":false}"

struct call {
    const char *url;
    const char *body;
    int status; /* 0: no answer came */
    const char *answer;
};

/* Plays the calls; the last answer's result is left in *out. */
static void play(const char *contact, const struct call *calls, size_t count,
                 struct sender_result *out)
{
    const struct delivery delivery = delivery_to(contact);
    struct attempt attempt = {
        .delivery = &delivery, .bridge = &bridge, .arena = arena, .files = files};
    enum sender_step step = slack_sender.next(&attempt, NULL, (struct now){0}, out);

    for (size_t i = 0; i < count; i++) {
        const struct reply reply = {
            .kind = calls[i].status == 0 ? REPLY_UNKNOWN : REPLY_ANSWER,
            .status = calls[i].status,
            .body = str_of(calls[i].answer),
            .retry_after_ms = -1,
            .why = "",
        };
        expect_i64(calls[i].url, SENDER_EXCHANGE, step);
        expect_str("the place", calls[i].url, str_of(out->exchange.url));
        expect_str(calls[i].url, calls[i].body, out->exchange.body);
        expect_true("bytes go to the place they have",
                    (out->exchange.file != NULL) ==
                        (strstr(calls[i].url, "/up/") != 0));
        step = slack_sender.next(&attempt, &reply, (struct now){0}, out);
    }
    expect_i64("an end", SENDER_OUTCOME, step);
}

static bool has_token(const struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->header_count; i++)
        if (str_is(exchange->headers[i].name, "Authorization"))
            return true;
    return false;
}

#define API "https://slack.example/api/"
#define UPLOAD_URL "https://files.example/up/1"
#define ERROR(name) "{\"ok\":false,\"error\":\"" name "\",\"needed\":\"a:scope\"}"

/* Each of the calls, answered so. */
static struct call opening(int status, const char *answer)
{
    return (struct call){API "conversations.open", "{\"users\":\"U1\"}", status,
                         answer};
}

static struct call reserving(const char *answer)
{
    return (struct call){API "files.getUploadURLExternal",
                         "filename=terms.pdf&length=7", 200, answer};
}

static struct call putting(int status)
{
    return (struct call){UPLOAD_URL, "", status, "OK - 7"};
}

static struct call sharing(const char *body, int status)
{
    return (struct call){API "files.completeUploadExternal", body, status, SHARED};
}

static struct call linking(void)
{
    return (struct call){API "chat.postMessage", LINK_BODY, 200, POSTED};
}

/* ---- tests ---- */

static void a_file_is_uploaded_and_then_shown(void **state)
{
    (void)state;
    const struct call person[] = {opening(200, OPENED), reserving(RESERVED),
                                  putting(200),
                                  sharing(SHARE_BODY("\"channel_id\":\"D1\""), 200)};
    const struct call thread[] = {
        reserving(RESERVED), putting(200),
        sharing(SHARE_BODY("\"channel_id\":\"C1\",\"thread_ts\":\"1.5\""), 200)};
    struct sender_result result;

    play("U1", person, COUNT_OF(person), &result);
    expect_i64("to a person", OUTCOME_DONE, result.outcome);
    expect_str("under the file's id", "F1", result.provider_id);
    play("C1/1.5/U1", thread, COUNT_OF(thread), &result);
    expect_i64("in a thread", OUTCOME_DONE, result.outcome);
}

static void expect_link(const char *name, const struct call *calls, size_t count)
{
    struct call with_link[5];
    struct sender_result result;

    memcpy(with_link, calls, count * sizeof(*calls));
    with_link[count] = linking();
    play("U1", with_link, count + 1, &result);
    expect_i64(name, OUTCOME_DONE, result.outcome);
    expect_str(name, "D1/1.2", result.provider_id);
}

static void what_slack_does_not_take_goes_as_a_link(void **state)
{
    (void)state;
    struct call calls[] = {opening(200, OPENED), reserving(RESERVED), putting(413)};

    expect_link("a body too large", calls, 3);
    calls[2] = putting(404);
    expect_link("a place that is gone", calls, 3);
    calls[1] = reserving(ERROR("missing_scope"));
    expect_link("an app that may not upload", calls, 2);
    calls[1] = reserving(ERROR("file_uploads_disabled"));
    expect_link("a workspace where nobody may", calls, 2);
    calls[1] = reserving("{\"ok\":true}");
    expect_link("no place at all", calls, 2);
    calls[0] = opening(200, ERROR("missing_scope"));
    expect_link("an app that may not open", calls, 1);
}

static void expect_end(const char *name, enum outcome want, const struct call *calls,
                       size_t count)
{
    struct sender_result result;

    play("U1", calls, count, &result);
    expect_i64(name, want, result.outcome);
    expect_true(name, result.may_have_arrived == (want == OUTCOME_UNKNOWN));
    expect_true("it says why", result.reason.len > 0);
}

static void trouble_is_the_accounts_the_contacts_or_passes(void **state)
{
    (void)state;
    struct call calls[] = {opening(200, OPENED), reserving(RESERVED), putting(200),
                           sharing(SHARE_BODY("\"channel_id\":\"D1\""), 0)};

    expect_end("it may be there", OUTCOME_UNKNOWN, calls, 4);
    calls[2] = putting(0);
    expect_end("nobody has seen it yet", OUTCOME_RETRY, calls, 3);
    calls[2] = putting(502);
    expect_end("a passing trouble", OUTCOME_RETRY, calls, 3);
    calls[1] = reserving(ERROR("token_revoked"));
    expect_end("a revoked token", OUTCOME_BROKEN, calls, 2);
    calls[0] = opening(200, ERROR("user_not_found"));
    expect_end("nobody there", OUTCOME_REFUSED_CONTACT, calls, 1);
    calls[0] = opening(429, "");
    expect_end("too often", OUTCOME_SLOW_DOWN, calls, 1);
}

static void the_token_goes_to_the_web_api_only(void **state)
{
    (void)state;
    const struct delivery delivery = delivery_to("C1/1.5/U1");
    struct attempt attempt = {
        .delivery = &delivery, .bridge = &bridge, .arena = arena, .files = files};
    struct reply reply = {
        .status = 200,
        .body = STR("{\"ok\":true,\"file_id\":\"F1\",\"upload_url\":"
                    "\"https://files.example.evil/up/1\"}"),
        .retry_after_ms = -1,
        .why = "",
    };
    struct sender_result result;

    (void)slack_sender.next(&attempt, NULL, (struct now){0}, &result);
    expect_true("a call has it", has_token(&result.exchange));
    (void)slack_sender.next(&attempt, &reply, (struct now){0}, &result);
    expect_false("the bytes have not", has_token(&result.exchange));
    expect_true("and a place of nobody's settings is guarded",
                result.exchange.is_outside_url);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_uploaded_and_then_shown),
        TEST(what_slack_does_not_take_goes_as_a_link),
        TEST(trouble_is_the_accounts_the_contacts_or_passes),
        TEST(the_token_goes_to_the_web_api_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
