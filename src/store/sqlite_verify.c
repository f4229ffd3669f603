/*
 * Whether a SQLite database is sound: what SQLite itself checks, and what is true of
 * the rows by how they are written. One check, one name; most are one query, whose rows
 * are the findings.
 */
#include "verifier.h"

#include <stdarg.h>

#include "migrate.h"

/* Of one check: a person reads them. */
#define FINDINGS_MAX 100
#define FINDING_BYTES 512
/* Steps of SQLite's machine between two looks at the watch: some milliseconds. */
#define LOOK_EVERY 100000

/* --- telling --------------------------------------------------------------------- */

void verifier_found(struct verifier *verifier, struct str where, struct str what)
{
    struct verify_finding finding = {verifier->check, where, what};
    if (++verifier->found > FINDINGS_MAX + 1)
        return;
    if (verifier->found > FINDINGS_MAX) {
        finding.where = STR("...");
        finding.what = STR("and more of these");
    }
    verifier->watch->found(&finding, verifier->watch->context);
}

void verifier_foundf(struct verifier *verifier, struct str where, const char *format,
                     ...)
{
    char what[FINDING_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    verifier_found(verifier, where, str_of(what));
}

static bool tell(struct verifier *verifier, int64_t done, int64_t all)
{
    int64_t part = all > 0 ? verifier->weight * (done < all ? done : all) / all : 0;
    return verifier->watch->moved("verifying", verifier->base + part, verifier->all,
                                  verifier->watch->context);
}

enum status verifier_moved(struct verifier *verifier, int64_t done, int64_t all,
                           struct error *err)
{
    return tell(verifier, done, all) ? STATUS_OK : fail(err, STATUS_RETRY, "stopped");
}

static int cache_misses(const struct verifier *verifier)
{
    int misses = 0;
    int highest = 0;
    (void)sqlite3_db_status(verifier->store->db, SQLITE_DBSTATUS_CACHE_MISS, &misses,
                            &highest, 0);
    return misses;
}

/* How far a query is SQLite does not say; a check that reads the whole file is as far
 * as the pages it has read. */
static int look(void *context)
{
    struct verifier *verifier = context;
    int64_t read = cache_misses(verifier) - verifier->misses;
    return tell(verifier, read, verifier->pages) ? 0 : 1;
}

/* --- queries whose rows are findings ---------------------------------------------- */

enum status verifier_found_rows(struct verifier *verifier, struct query *q,
                                struct error *err)
{
    bool has_row = false;
    enum status status;
    while ((status = query_row(q, &has_row, err)) == STATUS_OK && has_row)
        verifier_found(verifier, column_text(q, 0), column_text(q, 1));
    return status;
}

static enum status report_rows(struct verifier *verifier, const char *sql,
                               struct error *err)
{
    CLEANUP(query_end) struct query q = query_start(verifier->store, sql);
    return verifier_found_rows(verifier, &q, err);
}

/*
 * Old rows may be gone by retention: what points at a number below the oldest is no
 * finding, what points above the newest always is.
 */
static const struct rule {
    const char *check;
    const char *sql;
} rules[] = {
    {"foreign_keys",  "SELECT \"table\" || coalesce(' row ' || rowid, ''), "
                     "'refers to a row of ' || parent || ' that is not there' "
                     "FROM pragma_foreign_key_check()"                      },

    {"schema",        "SELECT 'meta', 'the key of the id index is lost or damaged' WHERE "
               "coalesce((SELECT length(value) FROM meta WHERE name = 'id_key'), 0) "
               "<> 16"                                                            },
    {"schema",        "SELECT 'lane_groups', 'there are ' || count(*) || ' good ones of 256' "
               "FROM lane_groups WHERE epoch >= 1 AND lane_group BETWEEN 0 AND 255 "
               "HAVING count(*) <> 256"                                           },
    {"schema",        "SELECT name, 'the next number is ' || (seq + 1) || ', which is used "
               "already: the highest is ' || top FROM ("
               "SELECT s.name, s.seq, CASE s.name "
               "WHEN 'bridges' THEN (SELECT max(id) FROM bridges) "
               "WHEN 'contacts' THEN (SELECT max(id) FROM contacts) "
               "WHEN 'conversations' THEN (SELECT max(id) FROM conversations) "
               "WHEN 'audit' THEN (SELECT max(id) FROM audit) "
               "WHEN 'media' THEN (SELECT max(id) FROM media) "
               "WHEN 'id_partitions' THEN (SELECT max(number) FROM id_partitions) "
               "END AS top FROM sqlite_sequence AS s) WHERE top > seq"            },

    {"values",
     "SELECT 'message ' || id, 'direction ' || direction || ', kind ' || kind "
     "|| ', status ' || status || ' are not all known' FROM messages WHERE "
     "direction NOT BETWEEN 0 AND 1 OR kind NOT BETWEEN 0 AND 9 "
     "OR status NOT BETWEEN 0 AND 4 OR length(public_id) <> 32"                                 },
    {"values",
     "SELECT 'delivery ' || id, 'state ' || state || ', attempts ' || attempts "
     "|| ', parts ' || parts_done || ', age ' || age_ms || ' cannot be' "
     "FROM deliveries WHERE state NOT BETWEEN 0 AND 4 OR attempts < 0 "
     "OR parts_done < 0 OR age_ms < 0 OR possible_duplicates < 0"                               },
    {"values",
     "SELECT 'receipt of message ' || message, 'status ' || status || ', state '"
     " || state || ' cannot be' FROM receipts WHERE status NOT BETWEEN 0 AND 4 "
     "OR state NOT BETWEEN 0 AND 4"                                                             },
    {"values",        "SELECT 'pause of ' || name, 'scope ' || scope || ' is not known' "
               "FROM pauses WHERE scope NOT BETWEEN 0 AND 2"                      },
    {"values",        "SELECT 'pending_receipts', 'a key of ' || length(key) || ' bytes' "
               "FROM pending_receipts WHERE length(key) <> 16"                    },

    {"contacts",
     "SELECT 'message ' || m.id, 'is of another bridge than its contact ' || "
     "c.id FROM messages AS m CROSS JOIN contacts AS c "
     "ON c.id = m.contact_row WHERE c.bridge_row <> m.bridge_row"                               },
    {"contacts",
     "SELECT 'message ' || m.id, 'is in conversation ' || m.conversation || "
     "', which is of another contact or not there' FROM messages AS m "
     "LEFT JOIN conversations AS v ON v.id = m.conversation "
     "WHERE v.id IS NULL OR v.contact_row <> m.contact_row"                                     },
    {"contacts",
     "SELECT 'delivery ' || d.id, 'goes elsewhere than its message ' || m.id "
     "FROM deliveries AS d CROSS JOIN messages AS m ON m.id = d.message "
     "WHERE d.contact_row <> m.contact_row OR d.bridge_row <> m.bridge_row "
     "OR d.direction <> m.direction"                                                            },
    {"contacts",      "SELECT 'alias of contact ' || a.contact_row, 'is of another bridge' "
                 "FROM contact_aliases AS a CROSS JOIN contacts AS c "
                 "ON c.id = a.contact_row WHERE a.bridge_row <> c.bridge_row"   },

    {"conversations",
     "SELECT 'contact ' || c.id, 'its conversation ' || c.conversation "
     "|| ' is not its latest' FROM contacts AS c WHERE c.conversation "
     "IS NOT (SELECT max(id) FROM conversations AS v "
     "WHERE v.contact_row = c.id)"                                                              },
    {"conversations",
     "SELECT 'conversation ' || v.id, 'is open though a later one of "
     "its contact is there' FROM conversations AS v CROSS JOIN contacts "
     "AS c ON c.id = v.contact_row "
     "WHERE v.closed_ms IS NULL AND c.conversation > v.id"                                      },
    {"conversations", "SELECT 'conversation ' || v.id, 'its last message ' || "
                      "v.last_message || ' is of another conversation or not there' "
                      "FROM conversations AS v LEFT JOIN messages AS m "
                      "ON m.id = v.last_message WHERE v.last_message IS NOT NULL AND "
                      "(m.conversation <> v.id OR (m.id IS NULL AND v.last_message > "
                      "coalesce((SELECT min(id) FROM messages), 0)))"      },
    {"conversations",
     "SELECT 'message ' || m.id, 'the one before it, ' || m.previous || "
     "', is later or of another conversation' FROM messages AS m "
     "LEFT JOIN messages AS p ON p.id = m.previous "
     "WHERE m.previous >= m.id OR p.conversation <> m.conversation"                             },

    {"counts",        "WITH n AS (SELECT m.conversation, count(*) AS rows, "
               "max(m.previous IS NOT NULL AND p.id IS NULL) AS is_cut "
               "FROM messages AS m LEFT JOIN messages AS p ON p.id = m.previous "
               "GROUP BY m.conversation) "
               "SELECT 'conversation ' || v.id, 'counts ' || v.message_count || "
               "' messages, has ' || coalesce(n.rows, 0) FROM conversations AS v "
               "LEFT JOIN n ON n.conversation = v.id "
               "WHERE v.message_count < coalesce(n.rows, 0) OR (v.message_count > "
               "coalesce(n.rows, 0) AND (n.is_cut = 0 OR v.last_message IS NULL))"},
    {"counts",        "WITH n AS (SELECT conversation, max(id) AS last FROM messages "
               "GROUP BY conversation) SELECT 'conversation ' || v.id, "
               "'its last message is ' || n.last || ', not ' || "
               "coalesce(v.last_message, 'none') FROM n CROSS JOIN conversations AS v "
               "ON v.id = n.conversation WHERE v.last_message IS NOT n.last"      },

 /* Replays apart, deliveries are numbered in the order of their messages. */
    {"lanes",
     "SELECT 'delivery ' || id, 'of message ' || message || ' comes behind one "
     "of message ' || before FROM (SELECT id, message, lag(message) OVER "
     "(ORDER BY id) AS before FROM deliveries WHERE flags & 4 = 0) "
     "WHERE before >= message"                                                                  },
    {"lanes",         "SELECT 'attempt ' || id, 'is of ' || CASE class WHEN 0 THEN 'delivery ' "
              "ELSE 'the receipt of message ' END || subject || ', which never was' "
              "FROM attempts WHERE subject > CASE class "
              "WHEN 0 THEN coalesce((SELECT max(id) FROM deliveries), 0) "
              "ELSE coalesce((SELECT max(id) FROM messages), 0) END"               },
    {"lanes",         "SELECT 'part ' || p.part || ' of delivery ' || p.delivery, 'has the "
              "number of the first' FROM message_parts AS p WHERE p.part < 1"      },
};

/* --- checks ---------------------------------------------------------------------- */

static enum status check_integrity(struct verifier *verifier, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(verifier->store, "PRAGMA integrity_check(100)");
    bool has_row = false;
    enum status status;
    while ((status = query_row(&q, &has_row, err)) == STATUS_OK && has_row)
        if (!str_is(column_text(&q, 0), "ok"))
            verifier_found(verifier, STR("file"), column_text(&q, 0));
    return status;
}

/* A file that is not ours, or newer, was refused before: what differs was edited. */
static enum status check_migrations(struct verifier *verifier, struct error *err)
{
    const char *version = NULL;
    struct error own;
    enum status status = migrate_version(verifier->store, &version, &own);
    if (status == STATUS_INVALID)
        verifier_found(verifier, STR("schema_migrations"), str_of(own.text));
    if (status == STATUS_OK || status == STATUS_INVALID)
        return STATUS_OK;
    return fail(err, status, "%s", own.text);
}

static enum status check_rules(struct verifier *verifier, struct error *err)
{
    size_t count = 0;
    size_t done = 0;
    for (size_t i = 0; i < COUNT_OF(rules); i++)
        count += strcmp(rules[i].check, verifier->check) == 0;
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        if (strcmp(rules[i].check, verifier->check) != 0)
            continue;
        enum status status = report_rows(verifier, rules[i].sql, err);
        if (status == STATUS_OK)
            status = verifier_moved(verifier, (int64_t)++done, (int64_t)count, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* The share of the time that each took with a million messages. */
static const struct check {
    const char *name;
    int64_t weight;
    bool reads_all;
    bool is_any; /* also true of older schemas */
    enum status (*run)(struct verifier *verifier, struct error *err);
} checks[] = {
    {"integrity",     30, true,  true,  check_integrity  },
    {"migrations",    1,  false, true,  check_migrations },
    {"foreign_keys",  10, false, true,  check_rules      },
    {"schema",        1,  false, false, check_rules      },
    {"values",        5,  false, false, check_rules      },
    {"contacts",      10, false, false, check_rules      },
    {"conversations", 10, false, false, check_rules      },
    {"counts",        5,  false, false, check_rules      },
    {"lanes",         10, false, false, check_rules      },
    {"ids",           10, false, false, verify_partitions},
    {"messages",      20, false, false, verify_public_ids},
};

static int64_t page_count(struct sqlite_store *store)
{
    CLEANUP(query_end) struct query q = query_start(store, "PRAGMA page_count");
    return query_one(&q, NULL) == STATUS_OK ? column_i64(&q, 0) : 0;
}

/* Damage that ends a check is its finding, not the end of the others. */
static enum status run_check(struct verifier *verifier, const struct check *check,
                             struct error *err)
{
    struct error own;
    verifier->check = check->name;
    verifier->found = 0;
    verifier->weight = check->weight;
    verifier->misses = cache_misses(verifier);
    verifier->pages = check->reads_all ? page_count(verifier->store) : 0;
    enum status status = check->run(verifier, &own);
    if (status == STATUS_FAILED)
        verifier_found(verifier, STR("file"), str_of(own.text));
    else if (status != STATUS_OK)
        return fail(err, status, "%s", own.text);
    verifier->base += check->weight;
    return STATUS_OK;
}

static bool applies(const struct verifier *verifier, const struct check *check)
{
    return check->is_any || !verifier->is_older;
}

static enum status run_checks(struct verifier *verifier, size_t *out_done,
                              struct error *err)
{
    for (size_t i = 0; i < COUNT_OF(checks); i++)
        if (applies(verifier, &checks[i]))
            verifier->all += checks[i].weight;
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        if (!applies(verifier, &checks[i]))
            continue;
        enum status status = run_check(verifier, &checks[i], err);
        if (status != STATUS_OK)
            return status;
        ++*out_done;
    }
    return STATUS_OK;
}

/* Not ours, or newer than this program: then the checks would say nothing true. */
static enum status check_schema_is_known(struct sqlite_store *store, struct error *err)
{
    CLEANUP(query_end)
    struct query q = query_start(
        store, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migrations'");
    enum status status = query_one(&q, err);
    if (status != STATUS_OK)
        return status;
    if (column_i64(&q, 0) == 0)
        return fail(err, STATUS_INVALID, "%s is not a database of this program",
                    store->path);
    return migrate_check_newer(store, err);
}

enum status sqlite_verify(struct store *store, const struct store_watch *watch,
                          struct verify_result *out, struct error *err)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    struct verifier verifier = {.store = sqlite, .watch = watch};

    *out = (struct verify_result){.checks = 0};
    enum status status = check_schema_is_known(sqlite, err);
    if (status == STATUS_OK)
        status = migrate_is_older(sqlite, &verifier.is_older, err);
    if (status != STATUS_OK && status != STATUS_FAILED)
        return status;
    out->is_older = verifier.is_older;
    sqlite3_progress_handler(sqlite->db, LOOK_EVERY, look, &verifier);
    status = run_checks(&verifier, &out->checks, err);
    sqlite3_progress_handler(sqlite->db, 0, NULL, NULL);
    return status;
}
