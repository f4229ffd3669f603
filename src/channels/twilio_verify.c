/*
 * twilio_verify: who a webhook is from.
 *
 * What is signed is the address as Twilio was given it, then all fields of a form by
 * their names, without anything in between; or the address alone, with the hash of a
 * body that is no form in its query.
 * Source: channels/twilio.md section 2; the library's validateRequest, 6.3.1; Twilio's
 * "Sign webhooks with shared keys"; read 2026-12-01.
 */
#include "twilio.h"

#include "gateway/limits.h"

#define HASH_FIELD "bodySHA256"
#define FIELDS_MAX 1000
/* Names in the header that says which shared key signed, and how. */
#define ALGORITHM_FIELD "algorithm"
#define SHA1_NAME "HMAC_SHA1"
#define SHA256_NAME "HMAC_SHA256"

/* ---- fields ---- */

static bool is_get(const struct http_message *message)
{
    return str_is(message->method, "GET");
}

/* The value as it stands; the hash is hex, and needs no decoding. */
static struct str hash_of(const struct http_message *message)
{
    struct str rest = message->query;

    while (rest.len > 0) {
        struct str value = str_cut(&rest, '&');
        if (str_is(str_cut(&value, '='), HASH_FIELD))
            return value;
    }
    return STR_NONE;
}

bool twilio_is_hashed(const struct http_message *message)
{
    return hash_of(message).len > 0;
}

enum status twilio_fields(const struct http_message *message, struct arena *arena,
                          struct form *out, struct error *err)
{
    return form_parse(is_get(message) ? message->query : message->body, FIELDS_MAX,
                      arena, out, err);
}

static int compare_bytes(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *left, const void *right)
{
    const struct form_field *a = left;
    const struct form_field *b = right;
    int order = compare_bytes(a->name, b->name);

    return order != 0 ? order : compare_bytes(a->value, b->value);
}

/* In the order in which they are signed; of the same ones only the first. */
static void sort_fields(struct form *form)
{
    size_t kept = 0;

    if (form->count > 1)
        qsort(form->fields, form->count, sizeof(*form->fields), by_name);
    for (size_t i = 0; i < form->count; i++)
        if (kept == 0 || by_name(&form->fields[kept - 1], &form->fields[i]) != 0)
            form->fields[kept++] = form->fields[i];
    form->count = kept;
}

/* ---- the address ---- */

/* The ways in which the two sides may write one address. */
#define QUERIES_MAX 4
struct address {
    struct str host; /* with the scheme */
    struct str ports[2];
    struct str path;
    struct str queries[QUERIES_MAX];
    size_t query_count;
    struct str fragments[2];
    size_t fragment_count;
};

static void split(struct str url, struct address *out)
{
    struct str rest = url;
    bool is_https = str_starts(url, STR("https:"));

    (void)str_cut(&rest, '/');
    (void)str_cut(&rest, '/');
    int64_t slash = str_find_byte(rest, '/');
    size_t host_end = slash < 0 ? url.len : url.len - rest.len + (size_t)slash;
    struct str authority = str_sub(url, 0, host_end);
    size_t colon = authority.len;
    while (colon > 0 && authority.ptr[colon - 1] >= '0' &&
           authority.ptr[colon - 1] <= '9')
        colon--;
    bool has_port = colon > 0 && authority.ptr[colon - 1] == ':';
    out->host = has_port ? str_sub(authority, 0, colon - 1) : authority;
    out->ports[0] = STR_NONE;
    out->ports[1] = is_https ? STR(":443") : STR(":80");
    if (has_port)
        out->ports[1] = str_sub(authority, colon - 1, authority.len);
    out->path = str_sub(url, host_end, url.len);
}

/* What each way of writing a query leaves as it is, besides letters and digits. */
static const char legacy_marks[] = "-_.!~*'()";

static bool is_kept_legacy(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           memchr(legacy_marks, c, sizeof(legacy_marks) - 1) != NULL;
}

/* Source: WHATWG URL Standard, section 1.3, "special-query percent-encode set". */
static bool is_kept_by_browsers(char c)
{
    return c > ' ' && c < 0x7f && strchr("\"#<>'", c) == NULL;
}

static void escape(struct buf *out, struct str text, bool (*is_kept)(char))
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_kept(text.ptr[i]))
            buf_add_char(out, text.ptr[i]);
        else
            buf_printf(out, "%%%02X", (uint8_t)text.ptr[i]);
    }
}

static void add_query(struct address *address, const struct buf *text,
                      struct arena *arena)
{
    if (text->len == 0)
        return;
    for (size_t i = 0; i < address->query_count; i++)
        if (str_equal(address->queries[i], buf_str(text)))
            return;
    char *copy = arena_try_alloc(arena, text->len);
    if (copy == NULL || !buf_ok(text))
        return; /* one way less to read it */
    memcpy(copy, text->ptr, text->len);
    address->queries[address->query_count++] = str_from(copy, text->len);
}

/* What is escaped only by some on the way from there to here. */
static void add_quotes(struct buf *out, struct str query)
{
    for (size_t i = 0; i < query.len; i++) {
        bool is_quote = str_starts(str_sub(query, i, 3), STR("%27"));
        buf_add(out, is_quote ? STR("'") : str_sub(query, i, 1));
        i += is_quote ? 2 : 0;
    }
}

/* As Node's querystring writes what it has read. */
static void add_legacy(struct buf *out, const struct form *form)
{
    for (size_t i = 0; i < form->count; i++) {
        if (i > 0)
            buf_add_char(out, '&');
        escape(out, form->fields[i].name, is_kept_legacy);
        buf_add_char(out, '=');
        escape(out, form->fields[i].value, is_kept_legacy);
    }
}

/* As it came, with quotes or with what browsers make of them, and as the library once
 * wrote it. */
static void spell_query(struct str query, struct arena *arena, struct address *out)
{
    CLEANUP(buf_release) struct buf text;
    struct form form;
    struct error err;

    buf_init(&text, LIMIT_REQUEST_ARENA_BYTES);
    out->queries[out->query_count++] = query;
    if (query.len == 0 ||
        form_parse(query, FIELDS_MAX, arena, &form, &err) != STATUS_OK)
        return;
    add_quotes(&text, query);
    add_query(out, &text, arena);
    buf_clear(&text);
    escape(&text, query, is_kept_by_browsers);
    add_query(out, &text, arena);
    buf_clear(&text);
    add_legacy(&text, &form);
    add_query(out, &text, arena);
}

/* Never from a header: the address is the configured one. *unsure*: whether what stands
 * behind '#' there is signed. */
static void spell_address(const struct bridge *bridge,
                          const struct http_message *message, struct arena *arena,
                          struct address *out)
{
    const struct twilio_settings *own = bridge->settings;

    *out = (struct address){.fragment_count = 1};
    split(bridge_webhook_url(bridge, message->part, arena), out);
    spell_query(message->query, arena, out);
    if (own->connection_overrides != NULL)
        out->fragments[out->fragment_count++] = str_of(own->connection_overrides);
}

/* ---- the signature ---- */

struct signature {
    struct hmac *const *keys; /* any of which may have made it */
    size_t key_count;
    uint8_t sum[SHA256_BYTES]; /* filled up with zeros */
};

static struct str algorithm_of(struct str settings)
{
    while (settings.len > 0) {
        struct str value = str_cut(&settings, ',');
        if (str_is(str_trim(str_cut(&value, '=')), ALGORITHM_FIELD) && value.len > 0)
            return str_trim(value);
    }
    return STR(SHA1_NAME);
}

static enum status find_keys(const struct twilio_settings *own,
                             const struct http_message *message, struct signature *out,
                             size_t *sum_bytes, struct error *err)
{
    struct str settings;

    *sum_bytes = SHA1_BYTES;
    out->keys = own->token_keys;
    out->key_count = own->auth_tokens.count;
    if (!http_header_find(message, "x-twilio-webhooks-signature-settings", &settings))
        return STATUS_OK;
    struct str algorithm = algorithm_of(settings);
    out->keys = own->shared_sha1_keys;
    out->key_count = own->shared_keys.count;
    if (str_is(algorithm, SHA1_NAME))
        return STATUS_OK;
    *sum_bytes = SHA256_BYTES;
    out->keys = own->shared_sha256_keys;
    if (str_is(algorithm, SHA256_NAME))
        return STATUS_OK;
    return fail(err, STATUS_DENIED, "the webhook is signed by an unknown algorithm");
}

static enum status read_signature(const struct twilio_settings *own,
                                  const struct http_message *message,
                                  struct signature *out, struct error *err)
{
    struct str header;
    size_t wanted = 0;
    size_t len = 0;

    *out = (struct signature){0};
    if (!http_header_find(message, "x-twilio-signature", &header))
        return fail(err, STATUS_DENIED, "X-Twilio-Signature must be there once");
    enum status status = find_keys(own, message, out, &wanted, err);
    if (status != STATUS_OK)
        return status;
    if (!base64_decode(header, out->sum, sizeof(out->sum), &len) || len != wanted)
        return fail(err, STATUS_DENIED,
                    "X-Twilio-Signature must be %zu bytes in base64", wanted);
    return STATUS_OK;
}

/* ---- what was signed ---- */

/* Scheme and host, port, path, '?', query, '#', fragment. */
#define ADDRESS_PARTS 7

static void set_address(const struct address *address, size_t spelling,
                        struct str parts[ADDRESS_PARTS])
{
    struct str query = address->queries[spelling / 2 % address->query_count];
    struct str fragment = address->fragments[spelling / 2 / address->query_count];

    parts[0] = address->host;
    parts[1] = address->ports[spelling % 2];
    parts[2] = address->path;
    parts[3] = query.len > 0 ? STR("?") : STR_NONE;
    parts[4] = query;
    parts[5] = fragment.len > 0 ? STR("#") : STR_NONE;
    parts[6] = fragment;
}

/* Every spelling is tried, whatever fits. */
static enum status match(const struct address *address, const struct form *form,
                         const struct signature *signature, struct arena *arena,
                         struct error *err)
{
    size_t count = ADDRESS_PARTS + 2 * form->count;
    struct str *parts = arena_try_alloc(arena, count * sizeof(*parts));
    bool matches = false;

    if (parts == NULL)
        return fail(err, STATUS_DENIED, "the form is too large to be verified");
    for (size_t i = 0; i < form->count; i++) {
        parts[ADDRESS_PARTS + 2 * i] = form->fields[i].name;
        parts[ADDRESS_PARTS + 2 * i + 1] = form->fields[i].value;
    }
    size_t spellings = 2 * address->query_count * address->fragment_count;
    for (size_t i = 0; i < spellings; i++) {
        bool fits = false;
        set_address(address, i, parts);
        enum status status = keys_match(signature->keys, signature->key_count, parts,
                                        count, signature->sum, &fits, err);
        if (status != STATUS_OK)
            return status;
        matches |= fits;
    }
    if (!matches)
        return fail(err, STATUS_DENIED,
                    "no token of the bridge fits the signature: check public_url too");
    return STATUS_OK;
}

static enum status check_hash(const struct http_message *message, struct error *err)
{
    uint8_t given[SHA256_BYTES];
    uint8_t sum[SHA256_BYTES];

    enum status status = sha256(message->body, sum, err);
    if (status != STATUS_OK)
        return status;
    if (!hex_decode(hash_of(message), given, sizeof(given)) ||
        !bytes_equal(sum, given, sizeof(sum)))
        return fail(err, STATUS_DENIED, HASH_FIELD " is not the hash of the body");
    return STATUS_OK;
}

static enum status signed_fields(const struct http_message *message,
                                 struct arena *arena, struct form *out,
                                 struct error *err)
{
    *out = (struct form){0};
    if (twilio_is_hashed(message))
        return check_hash(message, err);
    if (is_get(message))
        return STATUS_OK; /* they are a part of the address */
    if (twilio_fields(message, arena, out, err) != STATUS_OK)
        return STATUS_DENIED;
    sort_fields(out);
    return STATUS_OK;
}

enum status twilio_verify(const struct bridge *bridge,
                          const struct http_message *message, struct now now,
                          struct error *err)
{
    const struct twilio_settings *own = bridge->settings;
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    struct signature signature;
    struct address address;
    struct form form;

    (void)now; /* nothing that is signed says when */
    enum status status = read_signature(own, message, &signature, err);
    if (status == STATUS_OK)
        status = signed_fields(message, arena, &form, err);
    if (status != STATUS_OK)
        return status;
    spell_address(bridge, message, arena, &address);
    return match(&address, &form, &signature, arena, err);
}
