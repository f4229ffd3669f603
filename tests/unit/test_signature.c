#include "support/expect.h"

#include "demo/signature.h"

/* The partner's side of Standard Webhooks. */

/* The specification's own example. Source: Standard Webhooks 1.0.0, "Signing the
 * content", as its reference libraries test it; read 2026-11-28. */
#define KEY "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIME "1614265330"
#define TIME_MS INT64_C(1614265330000)
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static struct hmac *hmac;

static int start(void **state)
{
    (void)state;
    uint8_t key[64];
    size_t len = 0;
    struct error err;
    assert_true(base64_decode(STR(KEY), key, sizeof(key), &len));
    return hmac_new(str_from(key, len), &hmac, &err) == STATUS_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    hmac_free(hmac);
    return 0;
}

static void a_signature_is_that_of_the_specification(void **state)
{
    (void)state;
    char signature[SIGNATURE_BYTES];
    struct error err;
    assert_int_equal(
        signature_make(hmac, STR(ID), STR(TIME), STR(BODY), signature, &err),
        STATUS_OK);
    assert_string_equal(signature, SIGNATURE);
}

static void a_check_takes_what_is_signed_and_fresh(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *id;
        const char *time;
        const char *signatures;
        const char *body;
        int64_t now_ms;
        enum status want;
    } cases[] = {
        {"as it was sent",              ID,      TIME,         SIGNATURE,                     BODY, TIME_MS,          STATUS_OK    },
        {"at the edge of five minutes", ID,      TIME,         SIGNATURE,                     BODY, TIME_MS + 300999,
         STATUS_OK                                                                                                                 },
        {"five minutes too late",       ID,      TIME,         SIGNATURE,                     BODY, TIME_MS + 301000,
         STATUS_DENIED                                                                                                             },
        {"five minutes too early",      ID,      TIME,         SIGNATURE,                     BODY, TIME_MS - 301000,
         STATUS_DENIED                                                                                                             },
        {"one of several fits",         ID,      TIME,         "v1,AAAA v1a,BBBB " SIGNATURE, BODY, TIME_MS,
         STATUS_OK                                                                                                                 },
        {"none of several",             ID,      TIME,         "v1,AAAA v1a,BBBB",            BODY, TIME_MS,          STATUS_DENIED},
        {"another body",                ID,      TIME,         SIGNATURE,                     "{}", TIME_MS,          STATUS_DENIED},
        {"another id",                  "msg_1", TIME,         SIGNATURE,                     BODY, TIME_MS,          STATUS_DENIED},
        {"another time",                ID,      "1614265331", SIGNATURE,                     BODY, TIME_MS,          STATUS_DENIED},
        {"a time that is none",         ID,      "now",        SIGNATURE,                     BODY, TIME_MS,          STATUS_DENIED},
        {"no signature",                ID,      TIME,         NULL,                          BODY, TIME_MS,          STATUS_DENIED},
        {"no id",                       NULL,    TIME,         SIGNATURE,                     BODY, TIME_MS,          STATUS_DENIED},
        {"no time",                     ID,      NULL,         SIGNATURE,                     BODY, TIME_MS,          STATUS_DENIED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_header headers[3];
        size_t count = 0;
        struct error err;
        if (cases[i].id != NULL)
            headers[count++] =
                (struct http_header){STR("Webhook-Id"), str_of(cases[i].id)};
        if (cases[i].time != NULL)
            headers[count++] =
                (struct http_header){STR("Webhook-Timestamp"), str_of(cases[i].time)};
        if (cases[i].signatures != NULL)
            headers[count++] = (struct http_header){STR("Webhook-Signature"),
                                                    str_of(cases[i].signatures)};
        const struct http_message message = {
            .headers = headers,
            .header_count = count,
            .body = str_of(cases[i].body),
        };
        expect_status(cases[i].name, cases[i].want,
                      signature_check(hmac, &message, cases[i].now_ms, &err));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_that_of_the_specification),
        cmocka_unit_test(a_check_takes_what_is_signed_and_fresh),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
