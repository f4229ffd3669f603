#include "mail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/must.h"

#include "gateway/crypto.h"
#include "gateway/json.h"
#include "gateway/memory.h"

#define FIXTURE_BYTES (64u * 1024)
#define BODY_TOO_LARGE (3u * 1024 * 1024)
#define HOUR_MS (INT64_C(3600) * 1000)

/* --- bodies ---------------------------------------------------------------------- */

static void read_file(const char *name, struct buf *out)
{
    char path[512];
    char bytes[4096];
    size_t got;
    (void)snprintf(path, sizeof(path), "%s/%s", FIXTURES, name);
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    while ((got = fread(bytes, 1, sizeof(bytes), file)) > 0)
        buf_add_bytes(out, bytes, got);
    (void)fclose(file);
}

/* Files are nowhere, which is known at once: no name server is asked, whose answer
 * would come when it likes. */
static void add_nowhere(struct str text, struct buf *out)
{
    static const char *const hosts[] = {"api-downloads.mypurecloud.ie",
                                        "files.partner.example"};

    while (text.len > 0) {
        size_t taken = 1;
        for (size_t i = 0; i < COUNT_OF(hosts); i++)
            if (str_starts(text, str_of(hosts[i])))
                taken = strlen(hosts[i]);
        if (taken == 1)
            buf_add_char(out, text.ptr[0]);
        else
            buf_add(out, STR("["));
        text = str_sub(text, taken, text.len);
    }
}

/* A text member is the raw body, anything else is the body as JSON. */
static void add_fixture(const char *name, struct buf *to)
{
    CLEANUP(buf_release) struct buf whole;
    struct buf *out = &whole;
    buf_init(&whole, 2 * BODY_TOO_LARGE);
    CLEANUP(buf_release) struct buf text;
    CLEANUP(json_freep) struct json *fixture = NULL;
    struct error err;
    struct str raw;
    buf_init(&text, FIXTURE_BYTES);
    read_file(name, &text);
    must(json_parse(buf_str(&text), JSON_DEPTH_DEFAULT, &fixture, &err) == STATUS_OK,
         name);
    const struct json *body = json_get(fixture, "body");
    must(body != NULL, name);
    if (json_str(body, &raw))
        buf_add(out, raw);
    else
        must(json_print(body, out, &err) == STATUS_OK, name);
    add_nowhere(buf_str(&whole), to);
}

/* The text with the ids in their places. */
static void add_text(const char *text, const struct mail_ids *ids, struct buf *out)
{
    while (*text != '\0') {
        if (str_starts(str_of(text), STR("$IN$"))) {
            buf_add(out, str_of(ids->in));
            text += 4;
        } else if (str_starts(str_of(text), STR("$OUT$"))) {
            buf_add(out, str_of(ids->out));
            text += 5;
        } else {
            buf_add_char(out, *text++);
        }
    }
}

static void add_body(const struct mail *mail, const struct mail_ids *ids,
                     struct buf *out)
{
    if (mail->fixture != NULL)
        add_fixture(mail->fixture, out);
    else if (mail->body != NULL)
        add_text(mail->body, ids, out);
    for (size_t i = 0; mail->twist == MAIL_TOO_LARGE && i < BODY_TOO_LARGE; i++)
        buf_add_char(out, ' ');
}

/* --- signatures ------------------------------------------------------------------ */

static void sign(struct str key, const struct str *parts, size_t count, char out[64])
{
    struct hmac *hmac = NULL;
    uint8_t sum[SHA256_BYTES];
    struct error err;
    must(hmac_new(key, &hmac, &err) == STATUS_OK, "a key");
    must(hmac_sum(hmac, parts, count, sum, &err) == STATUS_OK, "a signature");
    base64_encode(sum, sizeof(sum), out);
    hmac_free(hmac);
}

static void add_partner_headers(const struct mail *mail, struct str body,
                                int64_t now_ms, struct buf *out)
{
    uint8_t key[64];
    size_t len = 0;
    char time[24];
    char signature[64];
    const char *id = mail->id == NULL ? "msg-1" : mail->id;
    struct str secret = str_of(MAIL_PARTNER_SECRET);
    int64_t at_ms = mail->twist == MAIL_OLD ? now_ms - HOUR_MS : now_ms;
    must(base64_decode(str_sub(secret, 6, secret.len), key, sizeof(key), &len),
         "a secret");
    (void)snprintf(time, sizeof(time), "%lld", (long long)(at_ms / 1000));
    const struct str parts[] = {str_of(id), STR("."), str_of(time), STR("."), body};
    sign(str_from(key, len), parts, COUNT_OF(parts), signature);
    if (mail->twist == MAIL_BAD_SIGNATURE)
        signature[0] = signature[0] == 'A' ? 'B' : 'A';
    buf_printf(out,
               "webhook-id: %s\r\nwebhook-timestamp: %s\r\n"
               "webhook-signature: v1,%s\r\n",
               id, time, signature);
}

static void add_genesys_headers(const struct mail *mail, struct str body,
                                struct buf *out)
{
    char signature[64];
    sign(str_of(MAIL_GENESYS_SECRET), &body, 1, signature);
    if (mail->twist == MAIL_BAD_SIGNATURE)
        signature[0] = signature[0] == 'A' ? 'B' : 'A';
    buf_printf(out, "X-Hub-Signature-256: sha256=%s\r\n", signature);
}

/* --- the request ----------------------------------------------------------------- */

static const char *path_of(const struct mail *mail)
{
    if (mail->side == MAIL_ADMIN)
        return mail->id;
    if (mail->twist == MAIL_WRONG_PATH)
        return "/nowhere";
    if (mail->twist == MAIL_UNKNOWN_BRIDGE)
        return mail->side == MAIL_PARTNER ? "/webhooks/channels/nobody"
                                          : "/webhooks/genesys/nobody";
    return mail->side == MAIL_PARTNER ? "/webhooks/channels/acme"
                                      : "/webhooks/genesys/acme";
}

void mail_write(const struct mail *mail, const struct mail_ids *ids, int64_t now_ms,
                struct buf *out)
{
    CLEANUP(buf_release) struct buf body;
    bool is_get = mail->side == MAIL_ADMIN;
    buf_init(&body, 2 * BODY_TOO_LARGE);
    add_body(mail, ids, &body);
    buf_printf(out, "%s %s HTTP/1.1\r\nHost: localhost\r\n",
               is_get                             ? "GET"
               : mail->twist == MAIL_WRONG_METHOD ? "PUT"
                                                  : "POST",
               path_of(mail));
    if (mail->side == MAIL_PARTNER)
        add_partner_headers(mail, buf_str(&body), now_ms, out);
    else if (mail->side == MAIL_GENESYS)
        add_genesys_headers(mail, buf_str(&body), out);
    if (!is_get)
        buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                   mail->twist == MAIL_NO_TYPE ? "text/plain" : "application/json",
                   body.len);
    buf_add(out, STR("\r\n"));
    buf_add(out, buf_str(&body));
}
