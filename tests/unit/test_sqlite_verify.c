#include "support/sqlite_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "gateway/store_copy.h"
#include "store/ids.h"

/* What a verification said. */
struct heard {
    size_t count;
    char first[768]; /* "check: where: what" */
    char checks[512];
    int64_t done;
    bool went_back;
    int64_t stop_at; /* calls; 0: never */
    struct verify_result result;
};

static void heard_finding(const struct verify_finding *finding, void *context)
{
    struct heard *heard = context;
    if (heard->count++ == 0)
        (void)snprintf(heard->first, sizeof(heard->first), "%s: %.*s: %.*s",
                       finding->check, STR_ARG(finding->where), STR_ARG(finding->what));
    size_t len = strlen(heard->checks);
    if (strstr(heard->checks, finding->check) == NULL)
        (void)snprintf(heard->checks + len, sizeof(heard->checks) - len, "%s ",
                       finding->check);
}

static bool heard_move(const char *what, int64_t done, int64_t all, void *context)
{
    struct heard *heard = context;
    expect_str("what", "verifying", str_of(what));
    heard->went_back |= done < heard->done || done > all;
    heard->done = done;
    return heard->stop_at == 0 || --heard->stop_at > 0;
}

/* Offline, or as a copy that nobody writes. */
static enum status verify(struct sqlite_file *f, enum store_mode mode,
                          struct heard *heard)
{
    const struct store_options options = {.mode = mode};
    const struct store_watch watch = {heard_move, heard_finding, heard};
    struct store *store = NULL;
    enum status status = store_open(f->url, &options, &store, &f->err);
    if (status == STATUS_OK)
        status = store_verify(store, &watch, &heard->result, &f->err);
    store_close(store);
    return status;
}

/* The fixture's bridge, contacts and their messages, with an index of two partitions.
 */
static void fill_from(struct sqlite_file *f, int64_t first, int64_t last)
{
    file_begin(f);
    for (int64_t n = first; n <= last; n++)
        file_ok(f, file_accept_known(f, n, STR("a text")));
    file_commit(f);
}

static void fill(struct sqlite_file *f, int64_t messages)
{
    fill_from(f, 1, messages);
}

static void fill_first_partition(struct sqlite_file *f)
{
    file_begin(f);
    for (int64_t n = 0; n < IDS_PARTITION_KEYS; n++) {
        struct file_key key;
        int64_t message = 0;
        uint32_t tag = 0;
        file_key(&key, 1000000 + n);
        file_ok(f, store_id_add(f->store, f->bridge, &key.key, 1, 0, FILE_NOW_MS,
                                &message, &tag, &f->err));
    }
    file_commit(f);
    /* It is sealed over the next transactions. */
    for (unsigned i = 0; i < ID_BUCKETS / 16; i++) {
        file_begin(f);
        file_commit(f);
    }
    expect_i64("sealed", 1, file_count(f->path, "SELECT count(*) FROM id_partitions"));
}

static void sound_database_has_no_findings(void **state)
{
    static const enum store_mode modes[] = {STORE_OFFLINE, STORE_COPY};
    struct sqlite_file *f = *state;
    fill(f, 99);
    fill_first_partition(f);
    fill_from(f, 100, 100);
    file_close(f);
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct heard heard = {.count = 0};
        file_ok(f, verify(f, modes[i], &heard));
        expect_str("nothing", "", str_of(heard.first));
        expect_false("goes forward", heard.went_back);
    }
    file_open(f);
}

static void empty_database_has_no_findings(void **state)
{
    struct sqlite_file *f = *state;
    struct heard heard = {.count = 0};
    file_close(f);
    file_ok(f, verify(f, STORE_OFFLINE, &heard));
    expect_str("nothing", "", str_of(heard.first));
    file_open(f);
}

static void every_kind_of_damage_is_found(void **state)
{
    static const struct {
        const char *name;
        const char *sql;
        const char *check;
        const char *says;
    } cases[] = {
        {"a parent that is gone",                 "DELETE FROM contacts WHERE id = 1",                    "foreign_keys",
         "contacts"                                                                                                                         },
        {"an edited migration",
         "UPDATE schema_migrations SET sha256 = 'x' WHERE number = 1",                                    "migrations",
         "edited"                                                                                                                           },
        {"a lost key",                            "DELETE FROM meta",                                     "schema",        "key of the id"  },
        {"a lost lane group",                     "DELETE FROM lane_groups WHERE lane_group = 7",         "schema",
         "255 good ones"                                                                                                                    },
        {"a number that would come twice",
         "UPDATE sqlite_sequence SET seq = 1 WHERE name = 'contacts'",                                    "schema",
         "contacts"                                                                                                                         },
        {"a direction that is none",
         "UPDATE messages SET direction = 2 WHERE id = 3; "
         "UPDATE deliveries SET direction = 2 WHERE id = 3",                                              "values",        "message 3"      },
        {"a state that is none",                  "UPDATE deliveries SET state = 9 WHERE id = 4",
         "values",                                                                                                         "delivery 4"     },
        {"a damaged public id",                   "UPDATE messages SET public_id = 'short' WHERE id = 5",
         "values",                                                                                                         "message 5"      },
        {"a message in another's conversation",
         "UPDATE messages SET conversation = 2 WHERE id = 14 AND conversation <> 2",                      "contacts",      "message 14"     },
        {"a delivery to another contact",
         "UPDATE deliveries SET contact_row = 2 WHERE id = 14 AND contact_row <> 2",                      "contacts",      "delivery 14"    },
        {"a contact without its conversation",
         "UPDATE contacts SET conversation = NULL WHERE id = 2",                                          "conversations",
         "contact 2"                                                                                                                        },
        {"a last message that never was",
         "UPDATE conversations SET last_message = 4711 WHERE id = 1",                                     "conversations",
         "4711"                                                                                                                             },
        {"a chain that runs ahead",               "UPDATE messages SET previous = 90 WHERE id = 8",
         "conversations",                                                                                                  "message 8"      },
        {"a count that is too high",
         "UPDATE conversations SET message_count = message_count + 1 WHERE id = 3",                       "counts",        "conversation 3" },
        {"a count that is too low",
         "UPDATE conversations SET message_count = message_count - 1 WHERE id = 3",                       "counts",        "conversation 3" },
        {"a forgotten message",
         "UPDATE conversations SET last_message = (SELECT previous FROM messages "
         "WHERE id = last_message) WHERE id = 4",                                                         "counts",        "conversation 4" },
        {"a lane out of order",                   "UPDATE deliveries SET message = 9 WHERE id = 2",
         "lanes",                                                                                                          "delivery 3"     },
        {"an attempt of nothing",
         "INSERT INTO attempts (class, subject, number, outcome, started_ms, ended_ms) "
         "VALUES (0, 4711, 1, 2, 1, 2)",                                                                  "lanes",         "delivery 4711"  },
        {"a sealed partition that is not listed", "DELETE FROM id_partitions",                            "ids",
         "not listed"                                                                                                                       },
        {"a partition that is gone",              "UPDATE id_batches SET partition = 3",                  "ids",
         "missing in between"                                                                                                               },
        {"a bucket that is gone",                 "DELETE FROM id_buckets WHERE id = 2048 + 7",           "ids",
         "2047 buckets of 2048"                                                                                                             },
        {"a bucket in another's place",
         "UPDATE id_buckets SET entries = (SELECT entries FROM id_buckets WHERE "
         "id = 2048 + 8) WHERE id = 2048 + 7",                                                            "ids",           "nobody looks"   },
        {"a bucket that is cut",
         "UPDATE id_buckets SET entries = substr(entries, 1, 28 + 5) "
         "WHERE id = 2048 + 7",                                                                           "ids",           "middle of a key"},
        {"a lost filter",                         "UPDATE id_partitions SET filter = x''",                "ids",
         "its filter has 0 bytes"                                                                                                           },
        {"a filter that hides",
         "UPDATE id_partitions SET filter = zeroblob(length(filter))",                                    "ids",
         "has 65536 keys that the filter hides"                                                                                             },
        {"a wrong count of keys",                 "UPDATE id_partitions SET key_count = 5",               "ids",
         "counts 5 keys"                                                                                                                    },
        {"a batch that is cut",
         "UPDATE id_batches SET entries = substr(entries, 1, 30)",                                        "ids",
         "middle of a key"                                                                                                                  },
        {"keys of the future",
         "UPDATE id_batches SET entries = CAST(substr(entries, 1, 20) || x'ff' || "
         "substr(entries, 22) AS BLOB)",                                                                  "ids",           "not there yet"  },
        {"lost keys",                             "DELETE FROM id_batches",                               "messages",      "message 100"    },
    };
    struct sqlite_file *f = *state;
    char sound[160];
    fill(f, 99);
    fill_first_partition(f);
    fill_from(f, 100, 100);
    file_close(f);
    (void)snprintf(sound, sizeof(sound), "VACUUM INTO '%s/sound.db'", f->directory);
    file_change(f, sound);
    (void)snprintf(sound, sizeof(sound), "%s/sound.db", f->directory);

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct heard heard = {.count = 0};
        char copy[160];
        file_change(f, cases[i].sql);
        enum status status = verify(f, STORE_OFFLINE, &heard);
        expect_status(cases[i].name, STATUS_OK, status);
        if (strstr(heard.checks, cases[i].check) == NULL ||
            strstr(heard.first, cases[i].says) == NULL)
            expect_str(cases[i].name, cases[i].says, str_of(heard.first));
        assert_int_equal(0, unlink(f->path));
        (void)snprintf(copy, sizeof(copy), "VACUUM INTO '%s'", f->path);
        struct sqlite_file other = *f;
        (void)snprintf(other.path, sizeof(other.path), "%.90s", sound);
        file_change(&other, copy);
    }
    file_open(f);
}

static void exchange_page(int fd, off_t at, char page[4096])
{
    char own[4096];
    memcpy(own, page, sizeof(own));
    assert_int_equal(4096, pread(fd, page, 4096, at));
    assert_int_equal(4096, pwrite(fd, own, sizeof(own), at));
}

/* Wherever a page is damaged: something is found, and nothing crashes. */
static void damaged_pages_are_found_whichever_they_are(void **state)
{
    struct sqlite_file *f = *state;
    struct stat info;
    char page[4096];
    fill(f, 300);
    file_close(f);
    int fd = open(f->path, O_RDWR | O_CLOEXEC);
    assert_int_equal(0, fstat(fd, &info));
    for (off_t at = 4096; at < info.st_size; at += 4096) {
        struct heard heard = {.count = 0};
        memset(page, 0x5a, sizeof(page));
        exchange_page(fd, at, page);
        enum status status = verify(f, STORE_COPY, &heard);
        expect_true("found or refused", status != STATUS_OK || heard.count > 0);
        exchange_page(fd, at, page);
    }
    assert_int_equal(0, close(fd));
    file_open(f);
}

static void newer_schema_and_other_files_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *sql;
        const char *says;
    } cases[] = {
        {"a newer schema",
         "INSERT INTO schema_migrations (number, name, sha256, applied_ms) "
         "VALUES (9000, '9000_future', 'x', 1)",              "9000_future"           },
        {"another program's", "DROP TABLE schema_migrations", "not a database of this"},
    };
    struct sqlite_file *f = *state;
    file_close(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct heard heard = {.count = 0};
        file_change(f, cases[i].sql);
        expect_status(cases[i].name, STATUS_INVALID, verify(f, STORE_COPY, &heard));
        expect_true(cases[i].name, strstr(f->err.text, cases[i].says) != NULL);
    }
}

/* A backup of before an upgrade: its rows are as its own program left them. */
static void older_schema_is_checked_as_far_as_that_goes(void **state)
{
    struct sqlite_file *f = *state;
    struct heard heard = {.count = 0};
    fill(f, 10);
    file_close(f);
    file_ok(f, verify(f, STORE_COPY, &heard));
    expect_false("newest", heard.result.is_older);
    size_t all = heard.result.checks;
    file_change(f, "DELETE FROM schema_migrations WHERE number = "
                   "(SELECT max(number) FROM schema_migrations);"
                   "DROP TABLE id_batches;");
    file_ok(f, verify(f, STORE_COPY, &heard));
    expect_str("nothing", "", str_of(heard.first));
    expect_true("older", heard.result.is_older);
    expect_true("fewer checks", heard.result.checks < all && heard.result.checks > 2);
    file_change(f, "DELETE FROM contacts WHERE id = 1");
    file_ok(f, verify(f, STORE_COPY, &heard));
    expect_true("but some", heard.count > 0);
}

static void old_rows_that_retention_took_are_no_finding(void **state)
{
    struct sqlite_file *f = *state;
    struct heard heard = {.count = 0};
    fill(f, 100);
    file_close(f);
    file_change(f, "DELETE FROM deliveries WHERE id <= 40;"
                   "DELETE FROM message_bodies WHERE message <= 60;"
                   "DELETE FROM messages WHERE id <= 40");
    file_ok(f, verify(f, STORE_OFFLINE, &heard));
    expect_str("nothing", "", str_of(heard.first));
    file_open(f);
}

static void nobody_counts(int64_t bridge_row, void *context)
{
    (void)bridge_row;
    (void)context;
}

static size_t expire(struct sqlite_file *f, enum expiry kind)
{
    struct expiry_walk walk = {.kind = kind, .before_ms = INT64_MAX};
    size_t rows = 0;
    while (!walk.is_over) {
        struct expired expired;
        file_ok(f, store_expired_find(f->store, &walk, &expired, &f->err));
        file_begin(f);
        file_ok(f, store_expire(f->store, &expired, nobody_counts, NULL, &f->err));
        file_commit(f);
        rows += expired.count;
    }
    return rows;
}

static void database_after_retention_has_no_findings(void **state)
{
    static const enum expiry kinds[] = {EXPIRE_BODIES, EXPIRE_MESSAGES, EXPIRE_AUDIT};
    struct sqlite_file *f = *state;
    struct heard heard = {.count = 0};
    size_t rows = 0;
    fill(f, 100);
    file_close(f);
    file_change(f, "UPDATE deliveries SET state = 2, ended_ms = 5 WHERE id <= 80");
    file_open(f);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        rows += expire(f, kinds[i]);
    expect_true("something went", rows > 80);
    expect_true("of messages",
                file_count(f->path, "SELECT count(*) FROM messages") < 90);
    file_close(f);
    file_ok(f, verify(f, STORE_OFFLINE, &heard));
    expect_str("nothing", "", str_of(heard.first));
    file_open(f);
}

static void verification_stops_when_told(void **state)
{
    struct sqlite_file *f = *state;
    fill(f, 100);
    file_close(f);
    for (int64_t calls = 1; calls < 15; calls++) {
        struct heard heard = {.stop_at = calls};
        expect_status("stopped", STATUS_RETRY, verify(f, STORE_OFFLINE, &heard));
    }
    file_open(f);
}

static void verification_needs_the_lock_of_a_database_in_use(void **state)
{
    struct sqlite_file *f = *state;
    struct heard heard = {.count = 0};
    expect_status("in use", STATUS_DENIED, verify(f, STORE_OFFLINE, &heard));
}

static void offline_leaves_no_lock_where_there_is_no_database(void **state)
{
    struct sqlite_file *f = *state;
    struct sqlite_file other = *f;
    struct heard heard = {.count = 0};
    char lock[160];
    (void)snprintf(other.url, sizeof(other.url), "sqlite:%s/none.db", f->directory);
    (void)snprintf(lock, sizeof(lock), "%s/none.db.lock", f->directory);
    expect_status("none", STATUS_INVALID, verify(&other, STORE_OFFLINE, &heard));
    expect_true("no lock", access(lock, F_OK) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_FILE(sound_database_has_no_findings),
        ON_A_FILE(empty_database_has_no_findings),
        ON_A_FILE(every_kind_of_damage_is_found),
        ON_A_FILE(damaged_pages_are_found_whichever_they_are),
        ON_A_FILE(newer_schema_and_other_files_are_refused),
        ON_A_FILE(older_schema_is_checked_as_far_as_that_goes),
        ON_A_FILE(old_rows_that_retention_took_are_no_finding),
        ON_A_FILE(database_after_retention_has_no_findings),
        ON_A_FILE(verification_stops_when_told),
        ON_A_FILE(verification_needs_the_lock_of_a_database_in_use),
        ON_A_FILE(offline_leaves_no_lock_where_there_is_no_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
