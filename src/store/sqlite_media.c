/* Copies of attachments as rows. */
#include "sqlite.h"

/* What `state` says: there is a file. */
#define MEDIA_KEPT 1

/* The file that a statement's only column names; NOT_FOUND. */
static enum status read_file_name(struct query *q, struct arena *arena,
                                  struct str *out_file, struct error *err)
{
    enum status status = query_one(q, err);
    if (status == STATUS_OK && !column_copy(q, 0, arena, out_file))
        return fail_arena(err);
    return status;
}

static enum status find_own(struct sqlite_store *store, int64_t message,
                            unsigned ordinal, struct arena *arena, struct str *out_file,
                            struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "SELECT file FROM media WHERE message = ?1 AND ordinal = ?2");
    query_i64(&q, message);
    query_i64(&q, ordinal);
    return read_file_name(&q, arena, out_file, err);
}

static enum status find_like(struct sqlite_store *store,
                             const struct stored_media *media, struct arena *arena,
                             struct str *out_file, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "SELECT file FROM media WHERE sha256 = ?1 AND size = ?2 LIMIT 1");
    query_text(&q, media->sha256);
    query_i64(&q, media->size);
    return read_file_name(&q, arena, out_file, err);
}

static enum status insert(struct sqlite_store *store, int64_t message,
                          const struct stored_media *media, struct str file,
                          int64_t now_ms, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "INSERT INTO media (message, ordinal, state, file, mime, name, sha256, "
               "size, created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    query_i64(&q, message);
    query_i64(&q, media->ordinal);
    query_i64(&q, MEDIA_KEPT);
    query_text(&q, file);
    query_text(&q, media->mime);
    query_text(&q, media->name);
    query_text(&q, media->sha256);
    query_i64(&q, media->size);
    query_i64(&q, now_ms);
    return query_run(&q, err);
}

enum status sqlite_media_add(struct store *store, int64_t message,
                             const struct stored_media *media, int64_t now_ms,
                             struct arena *arena, struct str *out_file,
                             struct error *err)
{
    struct sqlite_store *own = sqlite_of(store);
    enum status status = find_own(own, message, media->ordinal, arena, out_file, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    status = find_like(own, media, arena, out_file, err);
    if (status == STATUS_NOT_FOUND) {
        *out_file = media->file;
        status = STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    return insert(own, message, media, *out_file, now_ms, err);
}

enum status sqlite_media_get(struct store *store, int64_t message, unsigned ordinal,
                             struct arena *arena, struct stored_media *out,
                             struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(sqlite_of(store),
                                 "SELECT file, mime, name, sha256, size FROM media "
                                 "WHERE message = ?1 AND ordinal = ?2");
    struct stored_media media = {.ordinal = ordinal};
    query_i64(&q, message);
    query_i64(&q, ordinal);
    enum status status = query_one(&q, err);
    if (status == STATUS_NOT_FOUND)
        return fail(err, status, "there is no copy of the attachment");
    if (status != STATUS_OK)
        return status;
    media.size = column_i64(&q, 4);
    if (!column_copy(&q, 0, arena, &media.file) ||
        !column_copy(&q, 1, arena, &media.mime) ||
        !column_copy(&q, 2, arena, &media.name) ||
        !column_copy(&q, 3, arena, &media.sha256))
        return fail_arena(err);
    *out = media;
    return STATUS_OK;
}

enum status sqlite_media_is_needed(struct store *store, struct str file, bool *out_is,
                                   struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(sqlite_of(store), "SELECT 1 FROM media WHERE file = ?1 LIMIT 1");
    query_text(&q, file);
    enum status status = query_one(&q, err);
    *out_is = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
