/* viber: what its settings and its requests keep to, beyond the fixtures. */
#include "channels/viber.h"
#include "support/expect.h"

#include "gateway/limits.h"

extern const struct channel viber_channel;

/* ---- settings ---- */

static enum status ready(struct viber_settings *own, char *name, char *token)
{
    char *tokens[] = {token, NULL};
    struct error err;

    *own = (struct viber_settings){
        .auth_tokens = {tokens, 1}
    };
    own->sender_name = name;
    enum status status = viber_channel.settings_ready(own, &err);
    viber_channel.settings_release(own);
    return status;
}

static void settings_keep_to_what_viber_takes(void **state)
{
    (void)state;
    static char token[] = "4d2c-1111-2222";
    static char header[] = "4d2c\r\nX-Other: header";
    static char long_enough[] =
        "Ana \xce\x93\xce\x95\xce\x99\xce\x91 of the shop, to-day";
    static char too_long[] =
        "Ana \xce\x93\xce\x95\xce\x99\xce\x91 of the shop, forever";
    struct viber_settings own;

    assert_int_equal(28, utf8_count(str_of(long_enough)));
    expect_status("a name of 28", STATUS_OK, ready(&own, long_enough, token));
    expect_status("a longer one", STATUS_INVALID, ready(&own, too_long, token));
    expect_status("a token of two lines", STATUS_INVALID,
                  ready(&own, long_enough, header));
}

/* ---- the size of a request ---- */

#define URL_LENGTH 2000

static char name[] = "Shop";
static char api_url[] = "https://chatapi.viber.com/pa";
static char token[] = "4d2c-1111-2222";
static char *tokens[] = {token, NULL};
static struct viber_settings settings = {
    .auth_tokens = {tokens, 1},
    .sender_name = name,
    .api_url = api_url,
    .min_api_version = 7,
};
static const struct bridge bridge = {
    .channel = &viber_channel,
    .settings = &settings,
};

static enum sender_step say(const struct event *event, struct arena *arena,
                            struct sender_result *out)
{
    const struct delivery delivery = {
        .class = DELIVERY_MESSAGE,
        .direction = DIRECTION_OUTBOUND,
        .message_id = INT64_MAX,
        .event = *event,
    };
    struct attempt attempt = {.delivery = &delivery, .bridge = &bridge, .arena = arena};

    return viber_sender.next(&attempt, NULL, (struct now){0}, out);
}

static void the_largest_text_with_a_keyboard_has_less_than_30_kb(void **state)
{
    (void)state;
    struct arena *arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    CLEANUP(buf_release) struct buf text;
    CLEANUP(buf_release) struct buf label;
    struct choice replies[VIBER_KEYS_MAX];
    struct sender_result out;

    buf_init(&text, SIZE_MAX);
    buf_init(&label, SIZE_MAX);
    for (int i = 0; i < VIBER_TEXT_MAX; i++)
        buf_add(&text, STR("\xe2\x82\xac"));
    for (int i = 0; i < VIBER_LABEL_MAX; i++)
        buf_add_char(&label, '&');
    for (size_t i = 0; i < COUNT_OF(replies); i++)
        replies[i] = (struct choice){.label = buf_str(&label), .payload = STR("p")};
    const struct event event = {
        .kind = EVENT_MESSAGE,
        .contact_id = STR("QW5hIFJ1aXo+/wAAAAAAAA=="),
        .text = buf_str(&text),
        .content = {.quick_replies = replies, .quick_reply_count = COUNT_OF(replies)},
    };
    expect_i64("it goes", SENDER_EXCHANGE, say(&event, arena, &out));
    expect_true("as one", out.exchange.body.len > text.len + 12 * 5 * label.len);
    expect_true("within the ceiling", out.exchange.body.len < 30000);
    arena_free(arena);
}

static void what_is_larger_is_refused_with_the_reason(void **state)
{
    (void)state;
    struct arena *arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    CLEANUP(buf_release) struct buf url;
    struct choice links[3];
    struct card cards[6];
    struct sender_result out;

    buf_init(&url, SIZE_MAX);
    buf_add(&url, STR("https://shop.example.com/"));
    for (int i = 0; i < URL_LENGTH; i++)
        buf_add_char(&url, 'x');
    for (size_t i = 0; i < COUNT_OF(links); i++)
        links[i] = (struct choice){
            .kind = CHOICE_LINK, .label = STR("See"), .payload = buf_str(&url)};
    for (size_t i = 0; i < COUNT_OF(cards); i++)
        cards[i] = (struct card){
            .title = STR("Blue"), .choices = links, .choice_count = COUNT_OF(links)};
    const struct event event = {
        .kind = EVENT_MESSAGE,
        .contact_id = STR("QW5h"),
        .content = {.cards = cards, .card_count = COUNT_OF(cards)},
    };
    expect_i64("it does not go", SENDER_OUTCOME, say(&event, arena, &out));
    expect_i64("never", OUTCOME_REFUSED_MESSAGE, out.outcome);
    expect_str("as it says", "the message is larger than the 30720 bytes Viber takes",
               out.reason);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_keep_to_what_viber_takes),
        cmocka_unit_test(the_largest_text_with_a_keyboard_has_less_than_30_kb),
        cmocka_unit_test(what_is_larger_is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
