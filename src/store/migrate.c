#include "migrate.h"

#include "gateway/clock.h"

#define SHA256_TEXT_BYTES (2 * SHA256_BYTES + 1)

struct migrator {
    struct sqlite_store *store;
    const struct migration *migrations;
    size_t count;
    size_t applied; /* of them, from the first */
};

/* --- what is there --------------------------------------------------------- */

static enum status count_tables(struct sqlite_store *store, struct str name,
                                int64_t *out_count, struct error *err)
{
    CLEANUP(query_end)
    struct query q =
        query_start(store, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
                           "AND (?1 IS NULL OR name = ?1)");
    query_text(&q, name);
    enum status status = query_one(&q, err);
    if (status == STATUS_OK)
        *out_count = column_i64(&q, 0);
    return status;
}

/* Whether a schema of ours is there; a file with anything else in it is left alone. */
static enum status find_schema(struct sqlite_store *store, bool *out_has_schema,
                               struct error *err)
{
    int64_t ours = 0;
    int64_t all = 0;
    enum status status = count_tables(store, STR("schema_migrations"), &ours, err);
    if (status == STATUS_OK)
        status = count_tables(store, STR_NONE, &all, err);
    if (status != STATUS_OK)
        return status;
    if (ours == 0 && all > 0)
        return fail(err, STATUS_INVALID, "%s is not a database of this program",
                    store->path);
    *out_has_schema = ours > 0;
    return STATUS_OK;
}

static enum status checksum(const struct migration *migration,
                            char out_text[SHA256_TEXT_BYTES], struct error *err)
{
    uint8_t sum[SHA256_BYTES];
    enum status status = sha256(str_from(migration->sql, migration->length), sum, err);
    if (status == STATUS_OK)
        hex_encode(sum, sizeof(sum), out_text);
    return status;
}

static enum status fail_newer(const struct migrator *migrator, struct str name,
                              struct error *err)
{
    return fail(err, STATUS_INVALID,
                "the schema of %s is newer (%.*s) than this program, which knows up to "
                "%s: use the omgw that wrote it, or a later one",
                migrator->store->path, STR_ARG(name),
                migrator->migrations[migrator->count - 1].name);
}

/* One row of schema_migrations against the migration that should stand there. */
static enum status compare(const struct migrator *migrator, struct str name,
                           struct str sum, struct error *err)
{
    if (migrator->applied == migrator->count)
        return fail_newer(migrator, name, err);

    const struct migration *migration = &migrator->migrations[migrator->applied];
    char own[SHA256_TEXT_BYTES];
    enum status status = checksum(migration, own, err);
    if (status != STATUS_OK)
        return status;
    if (!str_is(name, migration->name) || !str_is(sum, own))
        return fail(
            err, STATUS_INVALID,
            "migration %.*s of %s is not the %s of this program: one of them was "
            "edited",
            STR_ARG(name), migrator->store->path, migration->name);
    return STATUS_OK;
}

static enum status read_applied(struct migrator *migrator, struct error *err)
{
    bool has_row = false;
    enum status status = find_schema(migrator->store, &has_row, err);
    if (status != STATUS_OK || !has_row)
        return status;

    CLEANUP(query_end)
    struct query q = query_start(
        migrator->store, "SELECT name, sha256 FROM schema_migrations ORDER BY number");
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row) {
        status = compare(migrator, column_text(&q, 0), column_text(&q, 1), err);
        if (status != STATUS_OK)
            return status;
        migrator->applied++;
    }
    return status;
}

/* --- applying -------------------------------------------------------------- */

static enum status note_applied(const struct migrator *migrator,
                                const struct migration *migration, struct error *err)
{
    char sum[SHA256_TEXT_BYTES];
    enum status status = checksum(migration, sum, err);
    if (status != STATUS_OK)
        return status;

    CLEANUP(query_end)
    struct query q =
        query_start(migrator->store,
                    "INSERT INTO schema_migrations (number, name, sha256, applied_ms)"
                    " VALUES (?1, ?2, ?3, ?4)");
    query_i64(&q, (int64_t)migrator->applied + 1);
    query_c_string(&q, migration->name);
    query_c_string(&q, sum);
    query_i64(&q, clock_now().wall_ms);
    return query_run(&q, err);
}

/* Made with the database: nobody who can choose ids shall know where they are kept. */
static enum status make_id_key(struct sqlite_store *store, struct error *err)
{
    uint8_t key[HASH16_BYTES];
    bytes_random(key, sizeof(key));
    CLEANUP(query_end)
    struct query q =
        query_start(store, "INSERT INTO meta (name, value) VALUES ('id_key', ?1) "
                           "ON CONFLICT DO NOTHING");
    query_blob(&q, key, sizeof(key));
    return query_run(&q, err);
}

static enum status apply(const struct migrator *migrator,
                         const struct migration *migration, struct error *err)
{
    enum status status = sqlite_run(migrator->store, migration->sql, err);
    if (status == STATUS_OK)
        status = note_applied(migrator, migration, err);
    if (status == STATUS_OK && migrator->applied == 0)
        status = make_id_key(migrator->store, err);
    return status;
}

static enum status apply_in_transaction(const struct migrator *migrator,
                                        const struct migration *migration,
                                        struct error *err)
{
    struct sqlite_store *store = migrator->store;
    enum status status = sqlite_run(store, "BEGIN IMMEDIATE", err);
    if (status != STATUS_OK)
        return status;
    status = apply(migrator, migration, err);
    if (status == STATUS_OK)
        status = sqlite_run(store, "COMMIT", err);
    if (status != STATUS_OK)
        sqlite_abandon(store);
    return status;
}

enum status migrate_with(struct sqlite_store *store, const struct migration *migrations,
                         size_t count, const struct store_options *options,
                         bool *out_is_current, struct error *err)
{
    struct migrator migrator = {
        .store = store, .migrations = migrations, .count = count};
    enum status status = read_applied(&migrator, err);
    if (status != STATUS_OK)
        return status;
    if (migrator.applied < count && !options->may_migrate)
        return fail(
            err, STATUS_INVALID,
            "the schema of %s is older than this program: migration %s is pending; "
            "back up, then run \"omgw db migrate\" (or set migrate: auto)",
            store->path, migrations[migrator.applied].name);
    if (options->mode == STORE_READER) {
        *out_is_current = migrator.applied == count;
        return STATUS_OK;
    }
    while (migrator.applied < count) {
        status = apply_in_transaction(&migrator, &migrations[migrator.applied], err);
        if (status != STATUS_OK)
            return status;
        migrator.applied++;
    }
    *out_is_current = true;
    return STATUS_OK;
}

enum status migrate(struct sqlite_store *store, const struct store_options *options,
                    bool *out_is_current, struct error *err)
{
    return migrate_with(store, sqlite_migrations, sqlite_migration_count, options,
                        out_is_current, err);
}

/* --- looking --------------------------------------------------------------- */

enum status migrate_pending(struct store *store, each_row *seen, void *context,
                            struct error *err)
{
    struct migrator migrator = {.store = sqlite_of(store),
                                .migrations = sqlite_migrations,
                                .count = sqlite_migration_count};
    enum status status = read_applied(&migrator, err);
    if (status != STATUS_OK)
        return status;
    for (size_t i = migrator.applied; i < migrator.count; i++) {
        struct str name = str_of(migrator.migrations[i].name);
        seen(&name, context);
    }
    return STATUS_OK;
}

enum status migrate_version(struct sqlite_store *store, const char **out_name,
                            struct error *err)
{
    struct migrator migrator = {.store = store,
                                .migrations = sqlite_migrations,
                                .count = sqlite_migration_count};
    enum status status = read_applied(&migrator, err);
    if (status != STATUS_OK)
        return status;
    *out_name =
        migrator.applied == 0 ? "" : migrator.migrations[migrator.applied - 1].name;
    return STATUS_OK;
}

enum status migrate_check_newer(struct sqlite_store *store, struct error *err)
{
    const struct migrator migrator = {.store = store,
                                      .migrations = sqlite_migrations,
                                      .count = sqlite_migration_count};
    CLEANUP(query_end)
    struct query q = query_start(
        store, "SELECT name FROM schema_migrations WHERE number > ?1 ORDER BY number");
    query_i64(&q, (int64_t)sqlite_migration_count);
    enum status status = query_one(&q, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    return status == STATUS_OK ? fail_newer(&migrator, column_text(&q, 0), err)
                               : status;
}

enum status migrate_is_older(struct sqlite_store *store, bool *out_is_older,
                             struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(store, "SELECT count(*) FROM schema_migrations");
    enum status status = query_one(&q, err);
    if (status == STATUS_OK)
        *out_is_older = column_i64(&q, 0) < (int64_t)sqlite_migration_count;
    return status;
}
