#include "examine.h"

#include <string.h>

#include "store/sqlite.h"

#include "gateway/memory.h"
#include "gateway/text.h"

#define ARENA_BYTES (1024 * 1024)

static bool wrong(struct error *err, const char *what, struct str of)
{
    (void)fail(err, STATUS_FAILED, "%s: %.*s", what, STR_ARG(of));
    return false;
}

static bool was_told(struct moment told, struct moment by)
{
    if (told.position == LIFE_NEVER || told.phase > by.phase)
        return false;
    return told.phase < by.phase || told.position <= by.position;
}

/* --- pages ----------------------------------------------------------------- */

static bool check_integrity(struct half *half, struct error *err)
{
    struct sqlite_store *store = sqlite_of(half->store);
    CLEANUP(query_end) struct query q = query_start(store, "PRAGMA integrity_check");
    if (query_one(&q, err) != STATUS_OK)
        return false;
    struct str answer = column_text(&q, 0);
    return str_is(answer, "ok") || wrong(err, "integrity", answer);
}

/* --- webhooks -------------------------------------------------------------- */

static bool check_message(struct half *half, const struct letter *letter, int64_t row,
                          struct str contact, struct str text, bool is_first,
                          struct arena *arena, struct error *err)
{
    struct message message;
    if (store_message_get(half->store, row, arena, &message, err) != STATUS_OK)
        return false;
    if (!str_equal(message.text, text))
        return wrong(err, "another text", message.source_id);
    if (!str_equal(message.contact_id, contact))
        return wrong(err, "another contact", message.source_id);
    if (message.direction !=
        (letter->is_outbound ? DIRECTION_OUTBOUND : DIRECTION_INBOUND))
        return wrong(err, "another direction", message.source_id);
    if (is_first && strcmp(message.public_id, letter->public_id) != 0)
        return wrong(err, "another id than the sender was told", message.source_id);
    return true;
}

static bool check_line(struct half *half, const struct life *life,
                       const struct letter *letter, struct str line, bool is_first,
                       struct arena *arena, struct error *err)
{
    char kind = str_cut(&line, ' ').ptr[0];
    struct event_key key = {
        .side = letter->is_outbound ? ID_SIDE_GENESYS : ID_SIDE_CHANNEL,
        .kind = kind == 'r' || kind == 'p' ? ID_KIND_RECEIPT : ID_KIND_MESSAGE,
        .id = str_cut(&line, ' '),
    };
    struct str contact = str_cut(&line, ' ');
    int64_t row = 0;
    uint32_t tag = 0;
    if (store_id_find(half->store, life->config->bridges[0].row, &key, &row, &tag,
                      err) != STATUS_OK)
        return wrong(err, "its id is not known", key.id);
    if (kind != 'm')
        return true;
    return check_message(half, letter, row, contact, line, is_first, arena, err);
}

static bool check_letter(struct half *half, const struct life *life,
                         const struct letter *letter, struct error *err)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(ARENA_BYTES);
    struct str rest = str_of(letter->lines);
    bool is_first = letter->public_id[0] != '\0';
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        if (!check_line(half, life, letter, line, is_first, arena, err))
            return false;
        is_first = false;
    }
    return true;
}

/* --- outcomes -------------------------------------------------------------- */

/* Attempts only grow; a later outcome may be there without having been told. */
static bool check_ending(struct half *half, const struct ending *ending,
                         struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        sqlite_of(half->store), "SELECT state, attempts FROM deliveries WHERE id = ?1");
    query_i64(&q, ending->delivery);
    enum status status = query_one(&q, err);
    if (status == STATUS_NOT_FOUND)
        return wrong(err, "a delivery", STR("is gone"));
    if (status != STATUS_OK)
        return false;
    unsigned attempts = column_unsigned(&q, 1);
    if (attempts < ending->attempts)
        return wrong(err, "a delivery", STR("has forgotten an attempt"));
    if (attempts == ending->attempts && !delivery_is_pending(ending->state) &&
        column_i64(&q, 0) != (int64_t)ending->state)
        return wrong(err, "a delivery", STR("has another end"));
    return true;
}

bool examine(struct half *half, const struct life *life, struct moment moment,
             struct error *err)
{
    if (!check_integrity(half, err))
        return false;
    for (size_t i = 0; i < life->letters.count; i++) {
        const struct letter *letter = &life->letters.items[i];
        if (was_told(letter->told, moment) && !check_letter(half, life, letter, err))
            return false;
    }
    for (size_t i = 0; i < life->endings.count; i++) {
        const struct ending *ending = &life->endings.items[i];
        if (was_told(ending->told, moment) && !check_ending(half, ending, err))
            return false;
    }
    return true;
}

/* --- repeats --------------------------------------------------------------- */

static bool count_rows(struct half *half, int64_t *out_count, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(half->store), "SELECT (SELECT count(*) FROM messages) + "
                                            "(SELECT count(*) FROM deliveries) + "
                                            "(SELECT count(*) FROM contacts) + "
                                            "(SELECT count(*) FROM conversations)");
    if (query_one(&q, err) != STATUS_OK)
        return false;
    *out_count = column_i64(&q, 0);
    return true;
}

static bool repeat(struct half *half, const struct life *life,
                   const struct letter *letter, struct error *err)
{
    char id[PUBLIC_ID_BYTES];
    struct posted posted = {
        .is_outbound = letter->is_outbound,
        .lines = letter->lines,
        .vfs = life->vfs,
    };
    if (half_post(half, life->config, &posted, life->now))
        while (!posted.is_stored)
            (void)writer_step(half->writer, life->now);
    enum status status = half_collect(&posted, life->now, id);
    if (status != STATUS_OK && status != STATUS_DUPLICATE)
        return wrong(err, "a repeat is refused", str_of(letter->lines));
    return strcmp(id, letter->public_id) == 0 ||
           wrong(err, "a repeat is answered with another id", str_of(letter->lines));
}

bool examine_repeats(struct half *half, const struct life *life, struct moment moment,
                     struct error *err)
{
    int64_t before = 0;
    int64_t after = 0;
    if (!count_rows(half, &before, err))
        return false;
    for (size_t i = 0; i < life->letters.count; i++) {
        const struct letter *letter = &life->letters.items[i];
        if (was_told(letter->told, moment) && !repeat(half, life, letter, err))
            return false;
    }
    if (!count_rows(half, &after, err))
        return false;
    return before == after || wrong(err, "repeats", STR("were stored again"));
}

/* --- the sum --------------------------------------------------------------- */

static uint64_t add_bytes(uint64_t sum, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ at[i]) * UINT64_C(0x100000001B3);
    return (sum ^ len) * UINT64_C(0x100000001B3);
}

static int sum_table(sqlite3 *db, const char *name, uint64_t *sum)
{
    sqlite3_stmt *stmt = NULL;
    char sql[128];
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", name);
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    *sum = add_bytes(*sum, name, strlen(name));
    while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            const void *value = sqlite3_column_blob(stmt, i);
            *sum = add_bytes(*sum, value, (size_t)sqlite3_column_bytes(stmt, i));
        }
        rc = SQLITE_OK;
    }
    int ended = sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? ended : rc;
}

bool examine_sum(struct half *half, uint64_t *out_sum, struct error *err)
{
    struct sqlite_store *store = sqlite_of(half->store);
    uint64_t sum = 0;
    bool has_row = false;
    CLEANUP(query_end)
    struct query q = query_start(
        store, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    while (query_row(&q, &has_row, err) == STATUS_OK && has_row) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%.*s", STR_ARG(column_text(&q, 0)));
        int rc = sum_table(store->db, name, &sum);
        if (rc != SQLITE_OK)
            return wrong(err, sqlite3_errstr(rc), str_of(name));
    }
    *out_sum = sum;
    return !has_row;
}
