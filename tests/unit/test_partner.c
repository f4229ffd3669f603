/* partner: its settings, its keys, and who may speak for it. */
#include "support/partner_fixture.h"

/* ---- the table of channels ---- */

static void channels_are_found_by_name(void **state)
{
    (void)state;
    size_t count = 0;

    assert_null(channel_find(STR("pigeon")));
    assert_null(channel_find(STR_NONE));
    while (channels[count] != NULL) {
        const struct channel *channel = channels[count++];
        assert_ptr_equal(channel_find(str_of(channel->name)), channel);
        assert_non_null(channel->settings_rows);
        assert_non_null(channel->source->handshake);
        assert_non_null(channel->source->verify);
        assert_non_null(channel->source->decode);
        assert_non_null(channel->source->ack);
        assert_non_null(channel->sender->next);
        assert_non_null(channel->sender->credential_next);
    }
    assert_true(count > 0);
}

/* ---- settings ---- */

#define SHORT_SECRET "whsec_MTIzNDU2Nzg5MDEyMzQ1" /* 15 bytes */

static void bad_secrets_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *secret;
        enum status want;
    } cases[] = {
        {"with its prefix",            VECTOR_SECRET,                                       STATUS_OK     },
        {"without a prefix",           "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",      STATUS_OK     },
        {"16 bytes are enough",        "whsec_MTIzNDU2Nzg5MDEyMzQ1Ng==",                    STATUS_OK     },
        {"15 bytes are not",           SHORT_SECRET,                                        STATUS_INVALID},
        {"nothing behind the prefix",  "whsec_",                                            STATUS_INVALID},
        {"no base64",                  "whsec_correct horse battery staple",                STATUS_INVALID},
        {"padding missing",            "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY",
         STATUS_INVALID                                                                                   },
        {"the URL alphabet",           "whsec_____-MDEyMzQ1Njc4OWFiY2RlZjAx",               STATUS_INVALID},
        {"the prefix of a public key", VECTOR_PUBLIC,                                       STATUS_INVALID},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct partner_fixture fixture;
        struct error err = {.text = ""};
        partner_fixture_init(&fixture);
        partner_fixture_secret(&fixture, VECTOR_SECRET);
        partner_fixture_secret(&fixture, cases[i].secret);
        expect_status(cases[i].name, cases[i].want,
                      partner_fixture_ready(&fixture, &err));
        if (cases[i].want != STATUS_OK)
            assert_non_null(strstr(err.text, "entry 2"));
        assert_null(strstr(err.text, cases[i].secret));
        partner_fixture_close(&fixture);
    }
}

static void bad_public_keys_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *key;
        enum status want;
    } cases[] = {
        {"with its prefix", VECTOR_PUBLIC,                                       STATUS_OK     },
        {"without",         "I7xUkSwebpLEqGglyGfif/3FVb/71CRPF6Jqv//ull0=",      STATUS_OK     },
        {"31 bytes",
         "whpk_I7xUkSwebpLEqGglyGfif/3FVb/71CRPF6Jqv//ulg==",                    STATUS_INVALID},
        {"33 bytes",        "whpk_I7xUkSwebpLEqGglyGfif/3FVb/71CRPF6Jqv//ull0A",
         STATUS_INVALID                                                                        },
        {"a secret key",
         "whsk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",                    STATUS_INVALID},
        {"empty",           "",                                                  STATUS_INVALID},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct partner_fixture fixture;
        struct error err;
        partner_fixture_init(&fixture);
        partner_fixture_secret(&fixture, VECTOR_SECRET);
        partner_fixture_public(&fixture, cases[i].key);
        expect_status(cases[i].name, cases[i].want,
                      partner_fixture_ready(&fixture, &err));
        partner_fixture_close(&fixture);
    }
}

static void bad_static_headers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *header;
        const char *value;
        enum status want;
    } cases[] = {
        {"an ordinary one",           "X-Tenant",          "acme",         STATUS_OK     },
        {"authorization",             "Authorization",     "Bearer abc",   STATUS_OK     },
        {"an empty value",            "X-Tenant",          "",             STATUS_OK     },
        {"a tab in the value",        "X-Tenant",          "a\tb",         STATUS_OK     },
        {"no name",                   "",                  "x",            STATUS_INVALID},
        {"a blank in the name",       "X Tenant",          "x",            STATUS_INVALID},
        {"a colon in the name",       "X:Tenant",          "x",            STATUS_INVALID},
        {"a line break in the value", "X-Tenant",          "a\r\nHost: b", STATUS_INVALID},
        {"our id, in any case",       "Webhook-ID",        "x",            STATUS_INVALID},
        {"our time",                  "webhook-timestamp", "x",            STATUS_INVALID},
        {"our signature",             "webhook-signature", "x",            STATUS_INVALID},
        {"our content type",          "content-type",      "text/plain",   STATUS_INVALID},
        {"the length",                "Content-Length",    "1",            STATUS_INVALID},
        {"the host",                  "HOST",              "b.example",    STATUS_INVALID},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct partner_fixture fixture;
        struct error err;
        partner_fixture_init(&fixture);
        partner_fixture_secret(&fixture, VECTOR_SECRET);
        partner_fixture_header(&fixture, cases[i].header, cases[i].value);
        expect_status(cases[i].name, cases[i].want,
                      partner_fixture_ready(&fixture, &err));
        partner_fixture_close(&fixture);
    }
}

static void only_where_and_with_what_to_sign_is_required(void **state)
{
    (void)state;
    const struct channel *partner = channel_find(STR("partner"));
    size_t required = 0;

    for (size_t i = 0; i < partner->settings_row_count; i++) {
        const struct setting_row *row = &partner->settings_rows[i];
        expect_true(row->name, row->help != NULL && row->help[0] != '\0');
        if (!row->is_required)
            continue;
        required++;
        expect_true(row->name, strcmp(row->name, "callback_url") == 0 ||
                                   strcmp(row->name, "secrets") == 0);
    }
    expect_i64("rows", 2, (int64_t)required);
}

static void settings_have_ceilings(void **state)
{
    (void)state;
    struct partner_fixture fixture;
    struct error err;
    char *many[PARTNER_KEYS_MAX + 1];

    partner_fixture_init(&fixture);
    partner_fixture_secret(&fixture, VECTOR_SECRET);
    for (int i = 0; i < 16; i++)
        partner_fixture_header(&fixture, "X-Tenant", "acme");
    expect_status("16 headers", STATUS_OK, partner_fixture_ready(&fixture, &err));
    partner_fixture_close(&fixture);
    partner_fixture_header(&fixture, "X-Tenant", "acme");
    expect_status("17 headers", STATUS_INVALID, partner_fixture_ready(&fixture, &err));

    partner_fixture_init(&fixture);
    for (size_t i = 0; i < COUNT_OF(many); i++)
        many[i] = borrowed(VECTOR_SECRET);
    fixture.settings.secrets = (struct text_list){many, COUNT_OF(many)};
    expect_status("secrets", STATUS_INVALID, partner_fixture_ready(&fixture, &err));
    fixture.settings.secrets.count--;
    expect_status("one less", STATUS_OK, partner_fixture_ready(&fixture, &err));
    partner_fixture_close(&fixture);
    partner_fixture_close(&fixture); /* a second release finds nothing */
}

static void capabilities_are_the_settings(void **state)
{
    (void)state;
    struct partner_fixture fixture;
    struct capabilities can;

    partner_fixture_open(&fixture);
    fixture.bridge.channel->capabilities(&fixture.bridge, &can);
    expect_i64("text", 20000, can.text_max);
    expect_i64("quick replies", 0, can.quick_replies_max);
    expect_false("cards, files, receipts, typing",
                 can.cards || can.files_with_text || can.receipts || can.typing);
    expect_true("always", can.has_idempotency_key);
    expect_true("both statuses", can.wants_status_accepted && can.wants_status_failed);

    fixture.settings.statuses = PARTNER_STATUSES_FAILED;
    fixture.settings.quick_replies_max = 13;
    fixture.settings.text_max = 500;
    fixture.settings.cards = fixture.settings.files = true;
    fixture.settings.receipts = fixture.settings.typing = true;
    fixture.bridge.channel->capabilities(&fixture.bridge, &can);
    expect_i64("text", 500, can.text_max);
    expect_i64("quick replies", 13, can.quick_replies_max);
    expect_true("all", can.cards && can.files_with_text && can.receipts && can.typing);
    expect_true("failed only", !can.wants_status_accepted && can.wants_status_failed);
    partner_fixture_close(&fixture);
}

/* ---- verify ---- */

#define HEADERS_MAX 5

struct request {
    const char *name;
    struct http_header headers[HEADERS_MAX];
    enum status want;
};

#define ID_HEADER                                                                      \
    {                                                                                  \
        STR("webhook-id"), STR(VECTOR_ID)                                              \
    }
#define TIME_HEADER                                                                    \
    {                                                                                  \
        STR("webhook-timestamp"), STR(VECTOR_SECONDS)                                  \
    }
#define SIGNED(text)                                                                   \
    {                                                                                  \
        STR("webhook-signature"), STR(text)                                            \
    }
#define WRONG_V1 "v1,FNzjB9TUqXt87QubdeRYZ02egOfKihB+qxcNqhbiDfE="
#define WRONG_V1A                                                                      \
    "v1a,ZsfJ84SZQ5MaL+"                                                               \
    "lyJD9kA3gHj8ecTRQw5FdmO0lGFvNBMQuY4hmQpHMMHsiTqkyjzpVRvJn0SV8bgwU6qBVfCw=="
#define FOUR(text) text " " text " " text " " text " "
#define SIXTEEN(text) FOUR(text) FOUR(text) FOUR(text) FOUR(text)

static enum status verify(const struct partner_fixture *fixture,
                          const struct http_header *headers, const char *body,
                          struct now now)
{
    struct http_message message = {
        .method = STR("POST"), .headers = headers, .body = str_of(body)};
    struct error err = {.text = ""};

    while (message.header_count < HEADERS_MAX &&
           headers[message.header_count].name.len > 0)
        message.header_count++;
    enum status status =
        fixture->bridge.channel->source->verify(&fixture->bridge, &message, now, &err);
    assert_true((status == STATUS_OK) == (err.text[0] == '\0'));
    return status;
}

static void signatures_are_checked_to_the_letter(void **state)
{
    (void)state;
    static const struct request requests[] = {
        {"the vector",                   {ID_HEADER, TIME_HEADER, SIGNED(VECTOR_V1)},   STATUS_OK    },
        {"header names in any case",
         {{STR("Webhook-Id"), STR(VECTOR_ID)},
          {STR("WEBHOOK-TIMESTAMP"), STR(VECTOR_SECONDS)},
          {STR("Webhook-Signature"), STR(VECTOR_V1)}},
         STATUS_OK                                                                                   },
        {"v1a",                          {ID_HEADER, TIME_HEADER, SIGNED(VECTOR_V1A)},  STATUS_OK    },
        {"the good one last",
         {ID_HEADER, TIME_HEADER, SIGNED(WRONG_V1 " " VECTOR_V1)},
         STATUS_OK                                                                                   },
        {"the good one first",
         {ID_HEADER, TIME_HEADER, SIGNED(VECTOR_V1 " " WRONG_V1)},
         STATUS_OK                                                                                   },
        {"a wrong v1 beside a good v1a",
         {ID_HEADER, TIME_HEADER, SIGNED(WRONG_V1 " " VECTOR_V1A)},
         STATUS_OK                                                                                   },
        {"unknown versions are skipped",
         {ID_HEADER, TIME_HEADER, SIGNED("v2,abcd v9 , " VECTOR_V1 " v0,x")},
         STATUS_OK                                                                                   },
        {"many v1 are looked at",
         {ID_HEADER, TIME_HEADER, SIGNED(SIXTEEN(WRONG_V1) VECTOR_V1)},
         STATUS_OK                                                                                   },
        {"v1a only so many",
         {ID_HEADER, TIME_HEADER, SIGNED(SIXTEEN(WRONG_V1A) VECTOR_V1A)},
         STATUS_DENIED                                                                               },
        {"a wrong v1",                   {ID_HEADER, TIME_HEADER, SIGNED(WRONG_V1)},    STATUS_DENIED},
        {"a wrong v1a",                  {ID_HEADER, TIME_HEADER, SIGNED(WRONG_V1A)},   STATUS_DENIED},
        {"the v1 signature called v1a",
         {ID_HEADER, TIME_HEADER,
          SIGNED("v1a,ENzjB9TUqXt87QubdeRYZ02egOfKihB+qxcNqhbiDfE=")},
         STATUS_DENIED                                                                               },
        {"the v1 signature called v2",
         {ID_HEADER, TIME_HEADER,
          SIGNED("v2,ENzjB9TUqXt87QubdeRYZ02egOfKihB+qxcNqhbiDfE=")},
         STATUS_DENIED                                                                               },
        {"without a version",
         {ID_HEADER, TIME_HEADER,
          SIGNED("ENzjB9TUqXt87QubdeRYZ02egOfKihB+qxcNqhbiDfE=")},
         STATUS_DENIED                                                                               },
        {"without padding",
         {ID_HEADER, TIME_HEADER,
          SIGNED("v1,ENzjB9TUqXt87QubdeRYZ02egOfKihB+qxcNqhbiDfE")},
         STATUS_DENIED                                                                               },
        {"filler bits set",
         {ID_HEADER, TIME_HEADER,
          SIGNED("v1,ENzjB9TUqXt87QubdeRYZ02egOfKihB+qxcNqhbiDfF=")},
         STATUS_DENIED                                                                               },
        {"in hex",
         {ID_HEADER, TIME_HEADER,
          SIGNED(
              "v1,10dce307d4d4a97b7ced0b9b75e458674d9e80e7ca8a107eab170daa16e20df1")},
         STATUS_DENIED                                                                               },
        {"the beginning only",
         {ID_HEADER, TIME_HEADER, SIGNED("v1,ENzj")},
         STATUS_DENIED                                                                               },
        {"empty",                        {ID_HEADER, TIME_HEADER, SIGNED("")},          STATUS_DENIED},
        {"separated by commas",
         {ID_HEADER, TIME_HEADER, SIGNED(WRONG_V1 "," VECTOR_V1)},
         STATUS_DENIED                                                                               },
        {"no id",                        {TIME_HEADER, SIGNED(VECTOR_V1)},              STATUS_DENIED},
        {"no time",                      {ID_HEADER, SIGNED(VECTOR_V1)},                STATUS_DENIED},
        {"no signature",                 {ID_HEADER, TIME_HEADER},                      STATUS_DENIED},
        {"two ids",
         {ID_HEADER, ID_HEADER, TIME_HEADER, SIGNED(VECTOR_V1)},
         STATUS_DENIED                                                                               },
        {"two times",
         {ID_HEADER, TIME_HEADER, TIME_HEADER, SIGNED(VECTOR_V1)},
         STATUS_DENIED                                                                               },
        {"two signatures",
         {ID_HEADER, TIME_HEADER, SIGNED(VECTOR_V1), SIGNED(VECTOR_V1)},
         STATUS_DENIED                                                                               },
        {"another id",
         {{STR("webhook-id"), STR("msg_test0002")}, TIME_HEADER, SIGNED(VECTOR_V1)},
         STATUS_DENIED                                                                               },
        {"another time",
         {ID_HEADER, {STR("webhook-timestamp"), STR("1700000001")}, SIGNED(VECTOR_V1)},
         STATUS_DENIED                                                                               },
        {"nothing at all",               {{STR_NONE, STR_NONE}},                        STATUS_DENIED},
    };
    struct partner_fixture fixture;
    struct error err;

    partner_fixture_init(&fixture);
    partner_fixture_secret(&fixture, OTHER_SECRET);
    partner_fixture_secret(&fixture, VECTOR_SECRET);
    partner_fixture_public(&fixture, VECTOR_PUBLIC);
    expect_status("ready", STATUS_OK, partner_fixture_ready(&fixture, &err));
    for (size_t i = 0; i < COUNT_OF(requests); i++)
        expect_status(requests[i].name, requests[i].want,
                      verify(&fixture, requests[i].headers, VECTOR_BODY, VECTOR_NOW));
    partner_fixture_close(&fixture);
}

static void every_byte_of_the_body_is_signed(void **state)
{
    (void)state;
    static const struct http_header headers[HEADERS_MAX] = {ID_HEADER, TIME_HEADER,
                                                            SIGNED(VECTOR_V1)};
    char body[] = VECTOR_BODY;
    struct partner_fixture fixture;

    partner_fixture_open(&fixture);
    for (size_t i = 0; i < sizeof(body) - 1; i++) {
        body[i] ^= 1;
        expect_status("changed", STATUS_DENIED,
                      verify(&fixture, headers, body, VECTOR_NOW));
        body[i] ^= 1;
    }
    expect_status("intact", STATUS_OK, verify(&fixture, headers, body, VECTOR_NOW));
    expect_status("with white space", STATUS_DENIED,
                  verify(&fixture, headers, VECTOR_BODY "\n", VECTOR_NOW));
    partner_fixture_close(&fixture);
}

/* The signature is made by the test, so that only the time decides. */
static enum status verify_at(const struct partner_fixture *fixture,
                             const char *timestamp, int64_t now_ms)
{
    const struct str key = STR("0123456789abcdef0123456789abcdef");
    const struct str parts[] = {STR(VECTOR_ID), STR("."), str_of(timestamp), STR("."),
                                STR(VECTOR_BODY)};
    uint8_t sum[SHA256_BYTES];
    char header[3 + base64_encoded_size(SHA256_BYTES)] = "v1,";
    struct hmac *hmac = NULL;
    struct error err;

    expect_status("key", STATUS_OK, hmac_new(key, &hmac, &err));
    expect_status("sum", STATUS_OK, hmac_sum(hmac, parts, COUNT_OF(parts), sum, &err));
    hmac_free(hmac);
    base64_encode(sum, sizeof(sum), header + 3);
    const struct http_header headers[HEADERS_MAX] = {
        ID_HEADER,
        {STR("webhook-timestamp"), str_of(timestamp)},
        {STR("webhook-signature"), str_of(header)   }
    };
    return verify(fixture, headers, VECTOR_BODY, (struct now){.wall_ms = now_ms});
}

static void a_request_is_five_minutes_fresh(void **state)
{
    (void)state;
    static const int64_t sent_ms = INT64_C(1700000000000);
    static const struct {
        const char *name;
        const char *timestamp;
        int64_t after_ms; /* from sent_ms */
        enum status want;
    } cases[] = {
        {"at once",                "1700000000",           0,                STATUS_OK    },
        {"five minutes late",      "1700000000",           300 * 1000,       STATUS_OK    },
        {"within that second",     "1700000000",           300 * 1000 + 999, STATUS_OK    },
        {"a second later",         "1700000000",           301 * 1000,       STATUS_DENIED},
        {"five minutes early",     "1700000000",           -300 * 1000,      STATUS_OK    },
        {"a second earlier",       "1700000000",           -301 * 1000,      STATUS_DENIED},
        {"milliseconds",           "1700000000000",        0,                STATUS_DENIED},
        {"a fraction",             "1700000000.0",         0,                STATUS_DENIED},
        {"behind it more",         "1700000000abc",        0,                STATUS_DENIED},
        {"a blank",                " 1700000000",          0,                STATUS_DENIED},
        {"a sign",                 "+1700000000",          0,                STATUS_DENIED},
        {"negative",               "-1700000000",          0,                STATUS_DENIED},
        {"an exponent",            "17e8",                 0,                STATUS_DENIED},
        {"hexadecimal",            "0x6553f100",           0,                STATUS_DENIED},
        {"empty",                  "",                     0,                STATUS_DENIED},
        {"too large for 64 bits",  "99999999999999999999", 0,                STATUS_DENIED},
        {"the largest of 64 bits", "9223372036854775807",  0,                STATUS_DENIED},
    };
    struct partner_fixture fixture;

    partner_fixture_open(&fixture);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_status(
            cases[i].name, cases[i].want,
            verify_at(&fixture, cases[i].timestamp, sent_ms + cases[i].after_ms));
    partner_fixture_close(&fixture);
}

static void a_key_that_is_not_configured_opens_nothing(void **state)
{
    (void)state;
    static const struct http_header with_v1[HEADERS_MAX] = {ID_HEADER, TIME_HEADER,
                                                            SIGNED(VECTOR_V1)};
    static const struct http_header with_v1a[HEADERS_MAX] = {ID_HEADER, TIME_HEADER,
                                                             SIGNED(VECTOR_V1A)};
    struct partner_fixture fixture;
    struct error err;

    partner_fixture_init(&fixture);
    partner_fixture_secret(&fixture, OTHER_SECRET);
    expect_status("ready", STATUS_OK, partner_fixture_ready(&fixture, &err));
    expect_status("v1", STATUS_DENIED,
                  verify(&fixture, with_v1, VECTOR_BODY, VECTOR_NOW));
    expect_status("v1a", STATUS_DENIED,
                  verify(&fixture, with_v1a, VECTOR_BODY, VECTOR_NOW));
    partner_fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_are_found_by_name),
        cmocka_unit_test(bad_secrets_are_refused),
        cmocka_unit_test(bad_public_keys_are_refused),
        cmocka_unit_test(bad_static_headers_are_refused),
        cmocka_unit_test(only_where_and_with_what_to_sign_is_required),
        cmocka_unit_test(settings_have_ceilings),
        cmocka_unit_test(capabilities_are_the_settings),
        cmocka_unit_test(signatures_are_checked_to_the_letter),
        cmocka_unit_test(every_byte_of_the_body_is_signed),
        cmocka_unit_test(a_request_is_five_minutes_fresh),
        cmocka_unit_test(a_key_that_is_not_configured_opens_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
