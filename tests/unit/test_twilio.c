/* twilio: its settings, and what a signature covers. What it holds is in the fixtures.
 */
#include "channels/twilio.h"
#include "support/expect.h"

#include "gateway/channels.h"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

static char sid[] = "AC000000000000000000000000000000f1";
static char token[] = "twilio-test-token-0001";
static char *tokens[] = {token, NULL};
static char number[] = "+15005550001";
static char sender[] = "whatsapp:+15005550001";
static char service[] = "MG00000000000000000000000000000001";
static char text[] = "x";
static char path[] = "AC1/../AC2";
static char overrides[] = "rc=3&rp=4xx,5xx";
static char fragment[] = "#rc=3";
static char url[] = "https://hooks.example.com";
static char name[] = "one";

static const struct twilio_settings usual = {
    .account_sid = sid,
    .auth_tokens = {tokens, 1},
    .from = number,
};

static const struct channel *the_channel(void)
{
    return channel_find(STR("twilio"));
}

/* ---- settings ---- */

static void settings_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct twilio_settings change;
        const char *want; /* in the error; NULL: they fit */
    } cases[] = {
        {"a number",               {.from = number},                                          NULL      },
        {"a service",              {.messaging_service_sid = service},                        NULL      },
        {"both",                   {.from = number, .messaging_service_sid = service},        NULL      },
        {"nobody sends",           {0},                                                       "from:"   },
        {"a path as the account",
         {.from = number, .account_sid = path},
         "account_sid:"                                                                                 },
        {"an API key",             {.from = number, .api_key = text, .api_key_secret = text}, NULL      },
        {"half an API key",        {.from = number, .api_key = text},                         "api_key:"},
        {"the other half",         {.from = number, .api_key_secret = text},                  "api_key:"},
        {"overrides",              {.from = number, .connection_overrides = overrides},       NULL      },
        {"overrides with their #",
         {.from = number, .connection_overrides = fragment},
         "connection_overrides:"                                                                        },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct twilio_settings settings = cases[i].change;
        struct error err = {.text = ""};
        if (settings.account_sid == NULL)
            settings.account_sid = sid;
        settings.auth_tokens = usual.auth_tokens;
        enum status status = the_channel()->settings_ready(&settings, &err);
        expect_status(cases[i].name, cases[i].want == NULL ? STATUS_OK : STATUS_INVALID,
                      status);
        if (cases[i].want != NULL)
            assert_non_null(strstr(err.text, cases[i].want));
        the_channel()->settings_release(&settings);
    }
}

static void only_a_sender_on_whatsapp_has_a_session(void **state)
{
    (void)state;
    char *const senders[] = {number, sender, NULL};
    for (size_t i = 0; i < COUNT_OF(senders); i++) {
        struct twilio_settings settings = {.from = senders[i]};
        const struct bridge bridge = {.channel = the_channel(), .settings = &settings};
        struct capabilities can;
        the_channel()->capabilities(&bridge, &can);
        expect_i64("session", senders[i] == sender ? DAY_MS : 0, can.session_ms);
    }
}

/* ---- what is signed ---- */

/* Made with the library twilio 6.3.1. */
#define FORM "MessageSid=SM1&From=%2B15005550006&Body=h%C3%A9llo+%26+bye&NumMedia=0"
#define SIGNATURE "dy4GCMpk4lL54yql5S2N3U4TFMk="

static enum status verify(struct str body)
{
    static const struct http_header headers[] = {
        {STR("X-Twilio-Signature"), STR(SIGNATURE)}
    };
    const struct http_message message = {
        .method = STR("POST"),
        .headers = headers,
        .header_count = 1,
        .body = body,
    };
    struct twilio_settings settings = usual;
    const struct bridge bridge = {.name = name,
                                  .public_url = url,
                                  .channel = the_channel(),
                                  .settings = &settings};
    struct error err;

    assert_int_equal(STATUS_OK, the_channel()->settings_ready(&settings, &err));
    enum status status =
        the_channel()->source->verify(&bridge, &message, (struct now){0}, &err);
    the_channel()->settings_release(&settings);
    return status;
}

static void every_byte_of_a_form_is_signed(void **state)
{
    (void)state;
    char body[] = FORM;
    expect_status("as it is", STATUS_OK, verify(STR(FORM)));
    for (size_t i = 0; i < sizeof(body) - 1; i++) {
        body[i] ^= 1;
        expect_status(body, STATUS_DENIED, verify(str_of(body)));
        body[i] ^= 1;
    }
}

static void a_form_of_too_many_fields_is_not_heard(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf body;
    buf_init(&body, 1u << 20);
    buf_add(&body, STR(FORM));
    for (int i = 0; i < 2000; i++)
        buf_add(&body, STR("&a"));
    expect_status("too many", STATUS_DENIED, verify(buf_str(&body)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_do_not_fit_are_refused),
        cmocka_unit_test(only_a_sender_on_whatsapp_has_a_session),
        cmocka_unit_test(every_byte_of_a_form_is_signed),
        cmocka_unit_test(a_form_of_too_many_fields_is_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
