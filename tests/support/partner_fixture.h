/*
 * partner_fixture: a bridge to an invented partner, and requests signed like his. One
 * program includes it once.
 */
#pragma once

#include "support/expect.h"

#include "channels/partner.h"
#include "gateway/channels.h"
#include "gateway/limits.h"

/* Source: channels/partner-webhook.md section 2, "Vectors": made with the reference
 * libraries (v1) and node:crypto (v1a). */
#define VECTOR_SECRET "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define VECTOR_PUBLIC "whpk_I7xUkSwebpLEqGglyGfif/3FVb/71CRPF6Jqv//ull0="
#define VECTOR_ID "msg_test0001"
#define VECTOR_SECONDS "1700000000"
#define VECTOR_BODY                                                                    \
    "{\"type\":\"message.created\",\"timestamp\":\"2023-11-14T22:13:20Z\","            \
    "\"data\":{\"id\":\"m1\",\"text\":\"hi\"}}"
#define VECTOR_V1 "v1,ENzjB9TUqXt87QubdeRYZ02egOfKihB+qxcNqhbiDfE="
#define VECTOR_V1A                                                                     \
    "v1a,YsfJ84SZQ5MaL+"                                                               \
    "lyJD9kA3gHj8ecTRQw5FdmO0lGFvNBMQuY4hmQpHMMHsiTqkyjzpVRvJn0SV8bgwU6qBVfCw=="
#define VECTOR_NOW                                                                     \
    (struct now)                                                                       \
    {                                                                                  \
        .wall_ms = INT64_C(1700000000000)                                              \
    }
/* base64 of "another-secret-of-24byte" */
#define OTHER_SECRET "YW5vdGhlci1zZWNyZXQtb2YtMjRieXRl"

/* What config would fill in; pointers to literals, never freed. */
struct partner_fixture {
    struct partner_settings settings;
    struct bridge bridge;
    char *secrets[4];
    char *public_keys[4];
    char *header_names[20];
    char *header_values[20];
};

static inline char *borrowed(const char *text)
{
    const union {
        const char *lent;
        char *owned;
    } same = {.lent = text};
    return same.owned; /* config owns its texts, the tests own nothing */
}

static inline void partner_fixture_init(struct partner_fixture *fixture)
{
    *fixture = (struct partner_fixture){
        .settings = {.callback_url = borrowed("https://partner.example/omgw"),
                     .text_max = LIMIT_PARTNER_TEXT                                                                   },
        .bridge = {.name = borrowed("acme"),                                 .channel = channel_find(STR("partner"))},
    };
    fixture->bridge.settings = &fixture->settings;
    fixture->settings.secrets.items = fixture->secrets;
    fixture->settings.public_keys.items = fixture->public_keys;
    fixture->settings.headers.names = fixture->header_names;
    fixture->settings.headers.values = fixture->header_values;
}

static inline void partner_fixture_secret(struct partner_fixture *fixture,
                                          const char *secret)
{
    fixture->secrets[fixture->settings.secrets.count++] = borrowed(secret);
}

static inline void partner_fixture_public(struct partner_fixture *fixture,
                                          const char *key)
{
    fixture->public_keys[fixture->settings.public_keys.count++] = borrowed(key);
}

static inline void partner_fixture_header(struct partner_fixture *fixture,
                                          const char *name, const char *value)
{
    size_t i = fixture->settings.headers.count++;

    fixture->header_names[i] = borrowed(name);
    fixture->header_values[i] = borrowed(value);
}

static inline enum status partner_fixture_ready(struct partner_fixture *fixture,
                                                struct error *err)
{
    return fixture->bridge.channel->settings_ready(&fixture->settings, err);
}

/* As ready, with the vector's secret; the usual case. */
static inline void partner_fixture_open(struct partner_fixture *fixture)
{
    struct error err;

    partner_fixture_init(fixture);
    partner_fixture_secret(fixture, VECTOR_SECRET);
    expect_status("ready", STATUS_OK, partner_fixture_ready(fixture, &err));
}

static inline void partner_fixture_close(struct partner_fixture *fixture)
{
    fixture->bridge.channel->settings_release(&fixture->settings);
}
