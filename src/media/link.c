/*
 * link: a file's name, type, name for people and end of life under a signature, so that
 * serving it asks no database.
 *
 *   version 1 | file 16 | type 1 | expiry, seconds 5 | name 0..100 | signature 16
 *
 * in base64 for URLs, and behind a dot what files of the type end in: services take a
 * file for what its URL ends in.
 */
#include "internal.h"

#include "gateway/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE ".link-key"
#define KEY_BYTES 32
#define TICKET_VERSION 1
#define TICKET_MAC_BYTES 16
#define TICKET_EXPIRY_BYTES 5
#define TICKET_FIXED_BYTES (1 + HASH16_BYTES + 1 + TICKET_EXPIRY_BYTES)
#define TICKET_BYTES (TICKET_FIXED_BYTES + MEDIA_NAME_BYTES - 1 + TICKET_MAC_BYTES)
/* Keys that differ in use never sign the same bytes. */
#define TICKET_CONTEXT "omgw media link"

/* ---- keys ---- */

void media_keys_free(struct media_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        hmac_free(keys->items[i]);
    mem_free(TAKE(keys->items));
    keys->count = 0;
}

static void close_descriptor(const int *descriptor)
{
    if (*descriptor >= 0)
        (void)close(*descriptor);
}

static bool read_key(const struct media *media, uint8_t out_key[KEY_BYTES])
{
    CLEANUP(close_descriptor)
    int file = openat(media->folder, KEY_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return file >= 0 && read(file, out_key, KEY_BYTES) == KEY_BYTES;
}

/* Whole or not at all: under another name first. */
static bool write_key(const struct media *media, const uint8_t key[KEY_BYTES])
{
    static const char draft[] = ".draft-link-key";
    CLEANUP(close_descriptor)
    int file = openat(media->folder, draft,
                      O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
    return file >= 0 && write(file, key, KEY_BYTES) == KEY_BYTES && fsync(file) == 0 &&
           renameat(media->folder, draft, media->folder, KEY_FILE) == 0 &&
           fsync(media->folder) == 0;
}

static enum status folder_key(const struct media *media, uint8_t out_key[KEY_BYTES],
                              struct error *err)
{
    if (faccessat(media->folder, KEY_FILE, F_OK, 0) == 0) {
        if (read_key(media, out_key))
            return STATUS_OK;
        return fail(err, STATUS_INVALID,
                    "media_dir: " KEY_FILE " is not the %d bytes it was made with; "
                    "remove it, and links given out so far end",
                    KEY_BYTES);
    }
    bytes_random(out_key, KEY_BYTES);
    if (write_key(media, out_key))
        return STATUS_OK;
    return fail(err, STATUS_INVALID, "media_dir: " KEY_FILE " cannot be written: %s",
                strerror(errno));
}

static enum status add_key(struct media_keys *keys, struct str secret,
                           struct error *err)
{
    enum status status = hmac_new(secret, &keys->items[keys->count], err);
    if (status == STATUS_OK)
        keys->count++;
    return status;
}

enum status media_keys_make(struct media *media, const struct text_list *secrets,
                            struct media_keys *out, struct error *err)
{
    uint8_t key[KEY_BYTES];
    enum status status = STATUS_OK;
    struct media_keys keys = {
        .items = mem_new_array(secrets->count + 1, sizeof(struct hmac *))};

    for (size_t i = 0; i < secrets->count && status == STATUS_OK; i++)
        status = add_key(&keys, str_of(secrets->items[i]), err);
    if (secrets->count == 0) {
        status = folder_key(media, key, err);
        if (status == STATUS_OK)
            status = add_key(&keys, str_from(key, sizeof(key)), err);
        bytes_wipe(key, sizeof(key));
    }
    if (status != STATUS_OK) {
        media_keys_free(&keys);
        return status;
    }
    *out = keys;
    return STATUS_OK;
}

static enum status sign(struct hmac *key, struct str ticket,
                        uint8_t out_sum[SHA256_BYTES], struct error *err)
{
    const struct str parts[] = {STR(TICKET_CONTEXT), ticket};
    return hmac_sum(key, parts, COUNT_OF(parts), out_sum, err);
}

/* ---- base64 for URLs. Source: RFC 4648, section 5; read 2026-12-01. ---- */

/* Two characters for two others. */
static void change(char *text, size_t len, const char from[2], const char to[2])
{
    for (size_t i = 0; i < len; i++)
        for (size_t j = 0; j < 2; j++)
            if (text[i] == from[j])
                text[i] = to[j];
}

static struct str to_url(char *text)
{
    size_t len = strcspn(text, "=");
    change(text, len, "+/", "-_");
    return str_from(text, len);
}

static bool from_url(struct str text, uint8_t *out_bytes, size_t room, size_t *out_len)
{
    char padded[base64_encoded_size(TICKET_BYTES)];
    size_t len = text.len + (4 - text.len % 4) % 4;

    if (len >= sizeof(padded) || str_find_byte(text, '+') >= 0 ||
        str_find_byte(text, '/') >= 0 || str_find_byte(text, '=') >= 0)
        return false;
    memset(padded, '=', len);
    if (text.len > 0)
        memcpy(padded, text.ptr, text.len);
    change(padded, text.len, "-_", "+/");
    return base64_decode(str_from(padded, len), out_bytes, room, out_len);
}

/* ---- tickets ---- */

static size_t write_ticket(const struct media_file *file, int64_t expires_ms,
                           uint8_t out[TICKET_BYTES])
{
    size_t at = 0;
    uint64_t seconds = (uint64_t)(expires_ms / 1000);

    out[at++] = TICKET_VERSION;
    if (!hex_decode(str_of(file->file), out + at, HASH16_BYTES))
        return 0;
    at += HASH16_BYTES;
    out[at++] = (uint8_t)media_type_index(file->mime);
    for (unsigned i = 0; i < TICKET_EXPIRY_BYTES; i++)
        out[at++] = (uint8_t)(seconds >> (8 * (TICKET_EXPIRY_BYTES - 1 - i)));
    size_t len = strnlen(file->name, MEDIA_NAME_BYTES - 1);
    memcpy(out + at, file->name, len);
    return at + len;
}

enum status media_link(struct media *media, const char *public_url,
                       const struct media_file *file, int64_t expires_ms,
                       struct arena *arena, struct str *out_link, struct error *err)
{
    uint8_t ticket[TICKET_BYTES];
    uint8_t sum[SHA256_BYTES];
    char text[base64_encoded_size(TICKET_BYTES)];
    size_t len = write_ticket(file, expires_ms, ticket);
    const struct media_type *type = media_type_at(media_type_index(file->mime));

    if (len == 0 || type == NULL)
        return fail(err, STATUS_FAILED,
                    "a file of the database has no name or type of ours");
    (void)pthread_mutex_lock(&media->keys_lock);
    enum status status = sign(media->keys.items[0], str_from(ticket, len), sum, err);
    (void)pthread_mutex_unlock(&media->keys_lock);
    if (status != STATUS_OK)
        return status;
    memcpy(ticket + len, sum, TICKET_MAC_BYTES);
    base64_encode(ticket, len + TICKET_MAC_BYTES, text);
    *out_link = arena_printf(arena, "%s/media/%.*s.%s", public_url,
                             STR_ARG(to_url(text)), type->ending);
    return STATUS_OK;
}

static bool is_signed(struct media *media, struct str ticket, const uint8_t *mac)
{
    uint8_t sum[SHA256_BYTES];
    bool fits = false;

    (void)pthread_mutex_lock(&media->keys_lock);
    for (size_t i = 0; i < media->keys.count; i++)
        fits |= sign(media->keys.items[i], ticket, sum, NULL) == STATUS_OK &&
                bytes_equal(sum, mac, TICKET_MAC_BYTES);
    (void)pthread_mutex_unlock(&media->keys_lock);
    return fits;
}

static void read_ticket(const uint8_t *ticket, size_t len, struct media_ticket *out,
                        const struct media_type **out_type)
{
    uint64_t seconds = 0;
    size_t at = 1;

    hex_encode(ticket + at, HASH16_BYTES, out->file);
    at += HASH16_BYTES;
    *out_type = media_type_at(ticket[at++]);
    for (unsigned i = 0; i < TICKET_EXPIRY_BYTES; i++)
        seconds = seconds << 8 | ticket[at++];
    out->expires_ms = (int64_t)seconds * 1000;
    memcpy(out->name, ticket + at, len - at);
    out->name[len - at] = '\0';
}

enum status media_ticket_read(struct media *media, struct str token, int64_t now_ms,
                              struct media_ticket *out, struct error *err)
{
    uint8_t bytes[TICKET_BYTES];
    size_t len = 0;
    const struct media_type *type = NULL;
    struct media_ticket ticket;
    struct str ending = token;
    struct str text = str_cut(&ending, '.');

    bool is_ours = from_url(text, bytes, sizeof(bytes), &len) &&
                   len >= TICKET_FIXED_BYTES + TICKET_MAC_BYTES &&
                   bytes[0] == TICKET_VERSION;
    if (is_ours) {
        len -= TICKET_MAC_BYTES;
        is_ours = is_signed(media, str_from(bytes, len), bytes + len);
    }
    if (is_ours)
        read_ticket(bytes, len, &ticket, &type);
    if (!is_ours || type == NULL || !str_is(ending, type->ending) ||
        ticket.expires_ms <= now_ms)
        return fail(err, STATUS_NOT_FOUND, "there is no such file, or no longer");
    ticket.mime = type->mime;
    ticket.is_shown = type->is_shown;
    *out = ticket;
    return STATUS_OK;
}
