/* slack_sender: what becomes of blocks that Slack does not take. Requests and outcomes
 * of one exchange are in the fixtures. */
#include "channels/slack.h"
#include "support/expect.h"

#include "gateway/channels.h"
#include "gateway/limits.h"

static char token[] = "xoxb-1";
static char api_url[] = "https://slack.example/api";
static struct slack_settings settings;
static struct bridge bridge;
static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    settings = (struct slack_settings){.bot_token = token, .api_url = api_url};
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

/* ---- a question with a card, and answers to it ---- */

static struct choice take[] = {
    {CHOICE_BUTTON, STR("Take"), STR("p"), STR_NONE}
};
static struct card blue[] = {
    {STR("Blue"), STR_NONE, STR("https://shop.example/b.png"), take, COUNT_OF(take)},
};

static struct delivery question(const char *text)
{
    return (struct delivery){
        .class = DELIVERY_MESSAGE,
        .direction = DIRECTION_OUTBOUND,
        .message_id = 100,
        .event = {.kind = EVENT_MESSAGE,
                  .contact_id = STR("U1"),
                  .text = str_of(text),
                  .content = {.cards = blue, .card_count = COUNT_OF(blue)}},
    };
}

static enum sender_step ask(struct attempt *attempt, const char *answer,
                            struct sender_result *out)
{
    const struct reply reply = {
        .status = 200, .body = str_of(answer), .retry_after_ms = -1, .why = ""};
    return slack_sender.next(attempt, answer == NULL ? NULL : &reply, (struct now){0},
                             out);
}

static struct attempt attempt_of(const struct delivery *delivery)
{
    return (struct attempt){.delivery = delivery, .bridge = &bridge, .arena = arena};
}

#define REFUSED "{\"ok\":false,\"error\":\"invalid_blocks\"}"
#define TAKEN "{\"ok\":true,\"channel\":\"D1\",\"ts\":\"1.2\"}"

/* ---- tests ---- */

static void blocks_that_are_refused_go_on_as_numbered_text(void **state)
{
    (void)state;
    const struct delivery delivery = question("Which?");
    struct attempt attempt = attempt_of(&delivery);
    struct sender_result result;

    expect_i64("with blocks", SENDER_EXCHANGE, ask(&attempt, NULL, &result));
    expect_true("they are there",
                str_holds_nocase(result.exchange.body, STR("blocks")));
    expect_false("and no numbers", attempt.shows_numbers);
    expect_i64("without them", SENDER_EXCHANGE, ask(&attempt, REFUSED, &result));
    expect_str("as text",
               "{\"channel\":\"U1\",\"text\":\"Which?\\nBlue\\n1. Take\","
               "\"mrkdwn\":false,\"unfurl_links\":false}",
               result.exchange.body);
    expect_true("a number answers", attempt.shows_numbers);
    expect_i64("that is all", SENDER_OUTCOME, ask(&attempt, TAKEN, &result));
    expect_i64("and well", OUTCOME_DONE, result.outcome);
    expect_str("under its id", "D1/1.2", result.provider_id);
}

static void text_that_is_refused_too_is_refused(void **state)
{
    (void)state;
    const struct delivery delivery = question("Which?");
    struct attempt attempt = attempt_of(&delivery);
    struct sender_result result;

    (void)ask(&attempt, NULL, &result);
    (void)ask(&attempt, REFUSED, &result);
    expect_i64("an end", SENDER_OUTCOME, ask(&attempt, REFUSED, &result));
    expect_i64("of this message", OUTCOME_REFUSED_MESSAGE, result.outcome);
    expect_str("for that", "Slack answered invalid_blocks", result.reason);
}

static void blocks_behind_other_parts_are_refused(void **state)
{
    (void)state;
    char text[3100];
    struct sender_result result;

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    const struct delivery delivery = question(text);
    struct attempt attempt = attempt_of(&delivery);
    attempt.parts_done = 1;
    expect_i64("the last part", SENDER_EXCHANGE, ask(&attempt, NULL, &result));
    expect_i64("an end", SENDER_OUTCOME, ask(&attempt, REFUSED, &result));
    expect_i64("of this message", OUTCOME_REFUSED_MESSAGE, result.outcome);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blocks_that_are_refused_go_on_as_numbered_text),
        TEST(text_that_is_refused_too_is_refused),
        TEST(blocks_behind_other_parts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
