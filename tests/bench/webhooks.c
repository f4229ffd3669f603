#include "webhooks.h"

#include "http.h"

#include "gateway/clock.h"

/* Contacts in an order that is never the same twice: the rows of those who write at one
 * time do not lie together. The bits of an odd multiplier, mixed. */
static int64_t contact_of(const struct webhooks *webhooks)
{
    uint64_t mixed = (uint64_t)webhooks->made * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (int64_t)((mixed >> 32) % (uint64_t)webhooks->contacts);
}

static void make_key(struct webhooks *webhooks)
{
    struct error err;
    uint8_t key[256];
    size_t len = 0;
    struct str encoded = str_of(WEBHOOK_PARTNER_SECRET + strlen("whsec_"));
    struct str secret = STR(WEBHOOK_GENESYS_SECRET);
    if (!webhooks->are_outbound && base64_decode(encoded, key, sizeof(key), &len))
        secret = str_from(key, len);
    if (hmac_new(secret, &webhooks->hmac, &err) != STATUS_OK)
        abort();
}

void webhooks_init(struct webhooks *webhooks, int argc, char **argv)
{
    const char *kind = bench_option(argc, argv, "--kind", "inbound");
    *webhooks = (struct webhooks){
        .are_outbound = strcmp(kind, "outbound") == 0,
        .contacts = bench_number(argc, argv, "--contacts", 5000),
        .bytes = bench_number(argc, argv, "--bytes", 1024),
        .run = clock_mono_us(),
    };
    if ((!webhooks->are_outbound && strcmp(kind, "inbound") != 0) ||
        webhooks->contacts < 1 || webhooks->bytes > BENCH_MESSAGE_BYTES / 2) {
        (void)fputs("--kind inbound|outbound, --contacts from 1, --bytes to 32768\n",
                    stderr);
        exit(64);
    }
    webhooks->path = bench_option(argc, argv, "--path",
                                  webhooks->are_outbound ? "/webhooks/genesys/acme"
                                                         : "/webhooks/channels/acme");
    buf_init(&webhooks->body, BENCH_MESSAGE_BYTES);
    make_key(webhooks);
}

void webhooks_release(struct webhooks *webhooks)
{
    hmac_free(webhooks->hmac);
    buf_release(&webhooks->body);
}

/* Writes up to the text; returns what belongs behind it. */
static struct str begin_body(const struct webhooks *webhooks, struct buf *body)
{
    int64_t contact = contact_of(webhooks);
    if (!webhooks->are_outbound) {
        buf_printf(
            body,
            "{\"type\":\"message.created\",\"timestamp\":\"2026-01-01T00:00:00Z\","
            "\"data\":{\"id\":\"m-%lld-%lld\",\"from\":{\"id\":\"contact-%lld\"},"
            "\"text\":\"",
            (long long)webhooks->run, (long long)webhooks->made, (long long)contact);
        return STR("\"}}");
    }
    buf_printf(body,
               "{\"id\":\"%016llx%016llx\",\"channel\":{\"id\":\"%s\",\"platform\":"
               "\"Open\",\"type\":\"Private\",\"to\":{\"id\":\"contact-%lld\","
               "\"idType\":\"Opaque\"},\"from\":{\"nickname\":\"Acme\",\"id\":\"%s\","
               "\"idType\":\"Opaque\"},\"time\":\"2026-01-01T00:00:00.000Z\"},"
               "\"type\":\"Text\",\"originatingEntity\":\"Human\",\"direction\":"
               "\"Outbound\",\"text\":\"",
               (unsigned long long)webhooks->run, (unsigned long long)webhooks->made,
               WEBHOOK_INTEGRATION_ID, (long long)contact, WEBHOOK_INTEGRATION_ID);
    return STR("\"}");
}

static void make_body(struct webhooks *webhooks, int64_t due_us)
{
    struct buf *body = &webhooks->body;
    buf_clear(body);
    struct str end = begin_body(webhooks, body);
    buf_printf(body, WEBHOOK_DUE_MARK "%lld ", (long long)due_us);
    while ((int64_t)(body->len + end.len) < webhooks->bytes)
        buf_add_char(body, (char)('a' + (char)(body->len % 26)));
    buf_add(body, end);
}

static void sign(struct webhooks *webhooks, const struct str *parts, size_t count,
                 char out[base64_encoded_size(SHA256_BYTES)])
{
    uint8_t sum[SHA256_BYTES];
    struct error err;
    if (hmac_sum(webhooks->hmac, parts, count, sum, &err) != STATUS_OK)
        abort();
    base64_encode(sum, sizeof(sum), out);
}

static void add_partner_headers(struct webhooks *webhooks, struct buf *out)
{
    char id[64];
    char timestamp[32];
    char signature[base64_encoded_size(SHA256_BYTES)];
    (void)snprintf(id, sizeof(id), "msg_%lld_%lld", (long long)webhooks->run,
                   (long long)webhooks->made);
    (void)snprintf(timestamp, sizeof(timestamp), "%lld",
                   (long long)(clock_now().wall_ms / 1000));
    const struct str parts[] = {str_of(id), STR("."), str_of(timestamp), STR("."),
                                buf_str(&webhooks->body)};
    sign(webhooks, parts, COUNT_OF(parts), signature);
    buf_printf(
        out, "webhook-id: %s\r\nwebhook-timestamp: %s\r\nwebhook-signature: v1,%s\r\n",
        id, timestamp, signature);
}

static void add_genesys_headers(struct webhooks *webhooks, struct buf *out)
{
    char signature[base64_encoded_size(SHA256_BYTES)];
    const struct str parts[] = {buf_str(&webhooks->body)};
    sign(webhooks, parts, COUNT_OF(parts), signature);
    buf_printf(out, "X-Hub-Signature-256: sha256=%s\r\n", signature);
}

void webhooks_make(struct webhooks *webhooks, int64_t due_us, struct buf *out)
{
    make_body(webhooks, due_us);
    buf_clear(out);
    buf_printf(out,
               "POST %s HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\n",
               webhooks->path, webhooks->body.len);
    if (webhooks->are_outbound)
        add_genesys_headers(webhooks, out);
    else
        add_partner_headers(webhooks, out);
    buf_add(out, STR("\r\n"));
    buf_add(out, buf_str(&webhooks->body));
    webhooks->made++;
}
