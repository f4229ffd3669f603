/* slack_source: when a request is Slack's own. What it holds is in the fixtures. */
#include "channels/slack.h"
#include "support/expect.h"

#include "gateway/channels.h"

/* Source: channels/slack.md section 2, "Vector": made with @slack/bolt. */
#define VECTOR_S INT64_C(1700000000)
#define VECTOR_BODY "{\"type\":\"url_verification\",\"challenge\":\"abc123\"}"
static const struct http_header vector_headers[] = {
    {STR("X-Slack-Request-Timestamp"), STR("1700000000")                       },
    {STR("X-Slack-Signature"),
     STR("v0=886cdb6604f5729853110d4e3bce7f909c45647c30ecf993fc4dcee86e4cd67d")},
};
static const struct http_message vector = {
    .method = STR("POST"),
    .headers = vector_headers,
    .header_count = COUNT_OF(vector_headers),
    .body = STR(VECTOR_BODY),
};

static char new_secret[] = "slack-test-secret-0002";
static char vector_secret[] = "slack-test-secret-0001";
static char *secrets[] = {new_secret, vector_secret, NULL};
static char token[] = "xoxb-1";
static struct slack_settings settings;
static struct bridge bridge;

static int set_up(void **state)
{
    struct error err;

    (void)state;
    settings = (struct slack_settings){
        .signing_secrets = {.items = secrets, .count = 2},
        .bot_token = token,
    };
    bridge =
        (struct bridge){.channel = channel_find(STR("slack")), .settings = &settings};
    return bridge.channel->settings_ready(&settings, &err) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    bridge.channel->settings_release(&settings);
    return 0;
}

static enum status verify(const struct http_message *message, int64_t now_ms)
{
    struct error err = {.text = ""};
    const struct now now = {.wall_ms = now_ms};

    enum status status = bridge.channel->source->verify(&bridge, message, now, &err);
    expect_true("a refusal says why", (status == STATUS_OK) == (err.text[0] == '\0'));
    expect_true("and tells no secret", strstr(err.text, "slack-test") == NULL);
    return status;
}

static void a_request_is_five_minutes_fresh(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t late_s;
        enum status want;
    } cases[] = {
        {"at once",               0,    STATUS_OK    },
        {"five minutes later",    300,  STATUS_OK    },
        {"a second more",         301,  STATUS_DENIED},
        {"by a clock behind",     -300, STATUS_OK    },
        {"by one further behind", -301, STATUS_DENIED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_status(cases[i].name, cases[i].want,
                      verify(&vector, (VECTOR_S + cases[i].late_s) * 1000));
    expect_status("whole seconds count", STATUS_OK,
                  verify(&vector, (VECTOR_S + 300) * 1000 + 999));
}

/* Slack's own library takes such a request, and takes it again for an hour.
 * Source: channels/README.md section 5. */
static void a_timestamp_an_hour_in_the_future_is_refused(void **state)
{
    (void)state;
    expect_status("an hour ahead of us", STATUS_DENIED,
                  verify(&vector, (VECTOR_S - 3600) * 1000));
}

static void every_byte_of_the_body_is_signed(void **state)
{
    (void)state;
    char body[] = VECTOR_BODY;
    struct http_message message = vector;

    message.body = str_of(body);
    for (size_t i = 0; i < message.body.len; i++) {
        body[i] ^= 1;
        expect_status(body, STATUS_DENIED, verify(&message, VECTOR_S * 1000));
        body[i] ^= 1;
    }
    message.body.len--;
    expect_status("a byte less", STATUS_DENIED, verify(&message, VECTOR_S * 1000));
    message.body.len++;
    expect_status("as it was", STATUS_OK, verify(&message, VECTOR_S * 1000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_five_minutes_fresh),
        TEST(a_timestamp_an_hour_in_the_future_is_refused),
        TEST(every_byte_of_the_body_is_signed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
