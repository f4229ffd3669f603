/*
 * fuzz_signature: the headers that say who sent a webhook, against a second reading of
 * the same rules.
 *
 * The input is a request as in request.h in which %1, %a, %h and %t stand for what
 * would be right: the v1 and v1a signatures of the id and time, Genesys' own of the
 * body, and the time. A reading that compares texts must come to the same verdict as
 * the one that decodes them.
 */
#include "request.h"

#include <errno.h>
#include <strings.h>

#include "channels/partner.h"
#include "gateway/arena.h"
#include "gateway/channels.h"
#include "gateway/genesys.h"
#include "gateway/limits.h"
#include "gateway/memory.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define NOW_S INT64_C(1700000000)
#define TOLERANCE_S 300
#define V1A_LOOKED_AT 4

static char secret[] = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
/* Of the seed KEY. Source: channels/partner-webhook.md section 2, "Vectors". */
static char public_key[] = "whpk_I7xUkSwebpLEqGglyGfif/3FVb/71CRPF6Jqv//ull0=";
static char name[] = "acme";
static char url[] = "https://partner.example/omgw";

static struct hmac *key;
static struct ed25519 *seed;

static const struct bridge *the_bridge(void)
{
    static char *secrets[] = {secret};
    static char *public_keys[] = {public_key};
    static struct partner_settings settings = {
        .callback_url = url,
        .secrets = {secrets,     1},
        .public_keys = {public_keys, 1},
        .text_max = LIMIT_PARTNER_TEXT,
    };
    static struct bridge bridge = {.name = name, .genesys_secrets = {.count = 1}};
    struct error err;

    if (bridge.settings != NULL)
        return &bridge;
    bridge.channel = channel_find(STR("partner"));
    demand(bridge.channel->settings_ready(&settings, &err) == STATUS_OK, "settings");
    demand(hmac_new(STR(KEY), &key, &err) == STATUS_OK, "a key");
    demand(ed25519_new_seed((const uint8_t *)KEY, &seed, &err) == STATUS_OK, "a seed");
    bridge.genesys_keys = &key;
    bridge.settings = &settings;
    return &bridge;
}

/* ---- what is right ---- */

struct right {
    char v1[base64_encoded_size(SHA256_BYTES)];
    char v1a[base64_encoded_size(ED25519_SIGNATURE_BYTES)];
    char hub[base64_encoded_size(SHA256_BYTES)];
};

static void sign(const struct str *parts, size_t count, char *out)
{
    uint8_t sum[SHA256_BYTES];
    struct error err;
    demand(hmac_sum(key, parts, count, sum, &err) == STATUS_OK, "a sum");
    base64_encode(sum, sizeof(sum), out);
}

static void find_right(const struct http_message *message, bool wants_v1a,
                       struct right *out)
{
    struct str id = STR_NONE;
    struct str time = STR_NONE;
    (void)http_header_find(message, "webhook-id", &id);
    (void)http_header_find(message, "webhook-timestamp", &time);
    const struct str parts[] = {id, STR("."), time, STR("."), message->body};
    sign(parts, COUNT_OF(parts), out->v1);
    sign(&message->body, 1, out->hub);
    if (!wants_v1a)
        return;

    CLEANUP(buf_release) struct buf bytes;
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    struct error err;
    buf_init(&bytes, SIZE_MAX);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        buf_add(&bytes, parts[i]);
    demand(ed25519_sign(seed, buf_str(&bytes), signature, &err) == STATUS_OK, "v1a");
    base64_encode(signature, sizeof(signature), out->v1a);
}

static const char *meant(char letter, const struct right *right)
{
    switch (letter) {
    case '1':
        return right->v1;
    case 'a':
        return right->v1a;
    case 'h':
        return right->hub;
    case 't':
        return "1700000000";
    default:
        return NULL;
    }
}

static void fill_in(struct http_header *header, const struct right *right,
                    struct arena *arena)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    for (size_t i = 0; i < header->value.len; i++) {
        char c = header->value.ptr[i];
        const char *word = NULL;
        if (c == '%' && i + 1 < header->value.len)
            word = meant(header->value.ptr[i + 1], right);
        if (word == NULL) {
            buf_add_char(&text, c);
            continue;
        }
        buf_add(&text, str_of(word));
        i++;
    }
    header->value = arena_copy(arena, buf_str(&text));
    buf_release(&text);
}

/* The time first, since it is signed. */
static void fill_in_all(struct request *request, bool wants_v1a, struct right *right,
                        struct arena *arena)
{
    *right = (struct right){.v1 = ""};
    for (size_t i = 0; i < request->message.header_count; i++)
        if (str_equal_nocase(request->headers[i].name, STR("webhook-timestamp")))
            fill_in(&request->headers[i], right, arena);
    find_right(&request->message, wants_v1a, right);
    for (size_t i = 0; i < request->message.header_count; i++)
        if (!str_equal_nocase(request->headers[i].name, STR("webhook-timestamp")) &&
            !str_equal_nocase(request->headers[i].name, STR("webhook-id")))
            fill_in(&request->headers[i], right, arena);
}

/* ---- the second reading ---- */

static bool only_header(const struct http_message *message, const char *wanted,
                        struct str *out)
{
    size_t count = 0;
    for (size_t i = 0; i < message->header_count; i++) {
        const struct http_header *header = &message->headers[i];
        if (header->name.len == strlen(wanted) &&
            strncasecmp(header->name.ptr, wanted, header->name.len) == 0) {
            *out = header->value;
            count++;
        }
    }
    return count == 1;
}

static bool is_timely(struct str text)
{
    CLEANUP(mem_freep) char *digits = mem_new(text.len + 1);
    if (text.len > 0)
        memcpy(digits, text.ptr, text.len);
    size_t sign = digits[0] == '-' ? 1 : 0;
    if (text.len == sign || strspn(digits + sign, "0123456789") != text.len - sign)
        return false;
    errno = 0;
    long long sent = strtoll(digits, NULL, 10);
    return errno == 0 && sent >= NOW_S - TOLERANCE_S && sent <= NOW_S + TOLERANCE_S;
}

static bool has_word(struct str list, const char *version, const char *right,
                     size_t most)
{
    size_t seen = 0;
    while (list.len > 0 && seen < most) {
        struct str rest = str_cut(&list, ' ');
        struct str word = str_cut(&rest, ',');
        uint8_t bytes[ED25519_SIGNATURE_BYTES];
        size_t len = 0;
        if (!str_is(word, version))
            continue;
        if (str_is(rest, right))
            return true;
        seen += base64_decode(rest, bytes, sizeof(bytes), &len) && len == sizeof(bytes);
    }
    return false;
}

static bool is_the_partners(const struct http_message *message,
                            const struct right *right)
{
    struct str id;
    struct str time;
    struct str list;
    return only_header(message, "webhook-id", &id) &&
           only_header(message, "webhook-timestamp", &time) &&
           only_header(message, "webhook-signature", &list) && is_timely(time) &&
           (has_word(list, "v1", right->v1, SIZE_MAX) ||
            (right->v1a[0] != '\0' &&
             has_word(list, "v1a", right->v1a, V1A_LOOKED_AT)));
}

static bool is_genesys(const struct http_message *message, const struct right *right)
{
    struct str value;
    return only_header(message, "x-hub-signature-256", &value) &&
           str_starts(value, STR("sha256=")) &&
           str_is(str_sub(value, 7, value.len), right->hub);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bridge *bridge = the_bridge();
    struct now now = {.wall_ms = NOW_S * 1000};
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    struct request request;
    struct right right;
    struct error err = {.text = ""};
    if (size > LIMIT_UNREADABLE_BYTES)
        return -1;
    request_init(&request, data, size);
    /* Signing costs more than all the rest. */
    bool wants_v1a = size > 0 && memmem(data, size, "%a", 2) != NULL;
    fill_in_all(&request, wants_v1a, &right, arena);

    enum status status =
        bridge->channel->source->verify(bridge, &request.message, now, &err);
    demand(status == STATUS_OK || status == STATUS_DENIED, "an odd verdict");
    demand((status == STATUS_OK) == is_the_partners(&request.message, &right),
           "another verdict on the partner");
    status = genesys_source.verify(bridge, &request.message, now, &err);
    demand(status == STATUS_OK || status == STATUS_DENIED, "an odd verdict");
    demand((status == STATUS_OK) == is_genesys(&request.message, &right),
           "another verdict on Genesys");
    return 0;
}
