/*
 * partner: the channel's record, settings and keys.
 *
 * Source: Standard Webhooks 1.0.0, "Signature scheme"; read 2026-11-21.
 */
#include "partner.h"

#include "gateway/limits.h"
#include "gateway/memory.h"
#include "keys.h"

/* Below 128 bits a secret can be guessed; the specification recommends 192 and more. */
#define SECRET_BYTES_MIN 16
/* Our own headers and these fit in an exchange. */
#define STATIC_HEADERS_MAX 16

static const char *const statuses_names[] = {"all", "failed", NULL};

#define ROW(member) .offset = offsetof(struct partner_settings, member)
static const struct setting_row partner_rows[] = {
    {.name = "callback_url",
     .kind = SETTING_URL,
     ROW(callback_url),
     .is_required = true,
     .help = "where agents' messages are posted to"                                                      },
    {.name = "secrets",
     .kind = SETTING_SECRETS,
     ROW(secrets),
     .is_required = true,
     .min = 1,
     .help = "whsec_ secrets, base64; each one verifies, all of them sign"},
    {.name = "public_keys",
     .kind = SETTING_TEXTS,
     ROW(public_keys),
     .help = "whpk_ public keys (ed25519) of a partner that signs with v1a"                                                                                  },
    {.name = "headers",
     .kind = SETTING_MAP,
     ROW(headers),
     .help = "headers added to every request to the partner"                                           },
    {.name = "receipts",
     .kind = SETTING_BOOL,
     ROW(receipts),
     .default_text = "false",
     .help = "the partner sends receipt.updated; else its 2xx counts as delivered"                              },
    {.name = "statuses",
     .kind = SETTING_CHOICE,
     ROW(statuses),
     .default_text = "all",
     .choices = statuses_names,
     .help = "which message.status events the partner gets"},
    {.name = "typing",
     .kind = SETTING_BOOL,
     ROW(typing),
     .default_text = "false",
     .help = "the partner gets agent.typing"},
    {.name = "text_max",
     .kind = SETTING_NUMBER,
     ROW(text_max),
     .default_text = "20000",
     .min = 1,
     .max = 1000000,
     .help = "longest text of one agent.message, in characters; longer ones are split"},
    {.name = "quick_replies_max",
     .kind = SETTING_NUMBER,
     ROW(quick_replies_max),
     .default_text = "0",
     .max = 100,
     .help = "how many quick replies the partner can show; more become numbered text"},
    {.name = "cards",
     .kind = SETTING_BOOL,
     ROW(cards),
     .default_text = "false",
     .help = "the partner can show cards; else they become text"                                                                                            },
    {.name = "files",
     .kind = SETTING_BOOL,
     ROW(files),
     .default_text = "false",
     .help = "the partner takes files by link"                                                                              },
};

/* ---- keys ---- */

static void partner_release(void *settings)
{
    struct partner_settings *own = settings;

    keys_free(&own->verify_keys, own->secrets.count);
    keys_free(&own->sign_keys, own->secrets.count);
    for (size_t i = 0; own->foreign_keys != NULL && i < own->public_keys.count; i++)
        ed25519_free(own->foreign_keys[i]);
    mem_free(TAKE(own->foreign_keys));
}

static struct str without_prefix(const char *text, struct str prefix)
{
    struct str whole = str_of(text);
    return str_starts(whole, prefix) ? str_sub(whole, prefix.len, whole.len) : whole;
}

static enum status make_hmacs(struct partner_settings *own, size_t i, struct str key,
                              struct error *err)
{
    if (key.len < SECRET_BYTES_MIN)
        return fail(err, STATUS_INVALID,
                    "secrets: entry %zu has only %zu bytes behind its base64; use 24 "
                    "to 64 random ones",
                    i + 1, key.len);
    enum status status = hmac_new(key, &own->verify_keys[i], err);
    if (status == STATUS_OK)
        status = hmac_new(key, &own->sign_keys[i], err);
    return status;
}

static enum status ready_secret(struct partner_settings *own, size_t i,
                                struct error *err)
{
    struct str text = without_prefix(own->secrets.items[i], STR("whsec_"));
    CLEANUP(mem_freep) uint8_t *key = mem_new(text.len);
    size_t len = 0;
    enum status status;

    if (base64_decode(text, key, text.len, &len))
        status = make_hmacs(own, i, str_from(key, len), err);
    else
        status =
            fail(err, STATUS_INVALID,
                 "secrets: entry %zu is no base64 (behind an optional whsec_)", i + 1);
    bytes_wipe(key, text.len);
    return status;
}

static enum status ready_public_key(struct partner_settings *own, size_t i,
                                    struct error *err)
{
    struct str text = without_prefix(own->public_keys.items[i], STR("whpk_"));
    uint8_t key[ED25519_KEY_BYTES];
    size_t len = 0;

    if (!base64_decode(text, key, sizeof(key), &len) || len != sizeof(key))
        return fail(
            err, STATUS_INVALID,
            "public_keys: entry %zu is no base64 of 32 bytes (behind an optional "
            "whpk_)",
            i + 1);
    return ed25519_new_public(key, &own->foreign_keys[i], err);
}

/* ---- static headers ---- */

/* Source: RFC 9110, section 5.6.2 "Tokens"; read 2026-11-21. */
static bool is_token(struct str name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !is_digit && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return name.len > 0;
}

static bool has_control(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* Headers that the gateway or the transport sets itself. */
static bool is_reserved(struct str name)
{
    static const char *const reserved[] = {
        "content-type",      "content-length", "transfer-encoding",
        "connection",        "expect",         "host",
        "traceparent",       "webhook-id",     "webhook-timestamp",
        "webhook-signature",
    };

    for (size_t i = 0; i < COUNT_OF(reserved); i++)
        if (str_equal_nocase(name, str_of(reserved[i])))
            return true;
    return false;
}

static enum status check_headers(const struct text_map *headers, struct error *err)
{
    if (headers->count > STATIC_HEADERS_MAX)
        return fail(err, STATUS_INVALID, "headers: at most %d are possible",
                    STATIC_HEADERS_MAX);
    for (size_t i = 0; i < headers->count; i++) {
        struct str name = str_of(headers->names[i]);
        if (!is_token(name))
            return fail(err, STATUS_INVALID, "headers: \"%s\" is no header name",
                        headers->names[i]);
        if (is_reserved(name))
            return fail(err, STATUS_INVALID, "headers: \"%s\" is set by the gateway",
                        headers->names[i]);
        if (has_control(str_of(headers->values[i])))
            return fail(err, STATUS_INVALID,
                        "headers: the value of \"%s\" holds a control character",
                        headers->names[i]);
    }
    return STATUS_OK;
}

/* ---- the record ---- */

static enum status make_keys(struct partner_settings *own, struct error *err)
{
    enum status status = STATUS_OK;

    if (own->secrets.count > PARTNER_KEYS_MAX ||
        own->public_keys.count > PARTNER_KEYS_MAX)
        return fail(err, STATUS_INVALID,
                    "secrets, public_keys: at most %d of each are possible",
                    PARTNER_KEYS_MAX);
    own->verify_keys = mem_new_array(own->secrets.count, sizeof(struct hmac *));
    own->sign_keys = mem_new_array(own->secrets.count, sizeof(struct hmac *));
    own->foreign_keys = mem_new_array(own->public_keys.count, sizeof(struct ed25519 *));
    for (size_t i = 0; i < own->secrets.count && status == STATUS_OK; i++)
        status = ready_secret(own, i, err);
    for (size_t i = 0; i < own->public_keys.count && status == STATUS_OK; i++)
        status = ready_public_key(own, i, err);
    return status;
}

static enum status partner_ready(void *settings, struct error *err)
{
    struct partner_settings *own = settings;

    enum status status = check_headers(&own->headers, err);
    if (status == STATUS_OK)
        status = make_keys(own, err);
    if (status != STATUS_OK)
        partner_release(own);
    return status;
}

static void partner_capabilities(const struct bridge *bridge, struct capabilities *out)
{
    const struct partner_settings *own = bridge->settings;

    *out = (struct capabilities){
        .text_max = own->text_max,
        .quick_replies_max = (unsigned)own->quick_replies_max,
        .cards = own->cards,
        .files_with_text = own->files,
        .receipts = own->receipts,
        .typing = own->typing,
        .has_idempotency_key = true,
        .wants_status_accepted = own->statuses == PARTNER_STATUSES_ALL,
        .wants_status_failed = true,
    };
}

const struct channel partner_channel = {
    .name = "partner",
    .settings_rows = partner_rows,
    .settings_row_count = COUNT_OF(partner_rows),
    .settings_size = sizeof(struct partner_settings),
    .settings_ready = partner_ready,
    .settings_release = partner_release,
    .capabilities = partner_capabilities,
    .source = &partner_source,
    .sender = &partner_sender,
    .setup = &partner_setup,
};
