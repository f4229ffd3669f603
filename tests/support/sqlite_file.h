/*
 * sqlite_file: a SQLite store on a real file in a directory of its own, and a look at
 * the file past the store. Header only, because its programs link the store, others do
 * not.
 */
#pragma once

#include "support/expect.h"
#include "support/folder.h"

#include <unistd.h>

#include "gateway/memory.h"
#include "store/sqlite.h"

#define FILE_NOW_MS INT64_C(1700000000000)

struct sqlite_file {
    char directory[FOLDER_BYTES];
    char path[96];
    char url[128];
    struct store *store; /* the writer; NULL while closed */
    struct error err;
    int64_t bridge; /* row of "acme" */
};

/* A call whose last argument is &f->err. */
#define file_ok(f, call) file_ok_at(#call, call, &(f)->err, __FILE__, __LINE__)
static inline void file_ok_at(const char *call, enum status status,
                              const struct error *err, const char *file, int line)
{
    if (status == STATUS_OK)
        return;
    print_error("%s: %s: %s\n", call, status_name(status), err->text);
    _fail(file, line);
}

static inline enum status file_try_open(struct sqlite_file *f, enum store_mode mode,
                                        struct store **out_store)
{
    const struct store_options options = {.mode = mode, .may_migrate = true};
    return store_open(f->url, &options, out_store, &f->err);
}

static inline void file_open(struct sqlite_file *f)
{
    file_ok(f, file_try_open(f, STORE_WRITER, &f->store));
}

static inline struct store *file_reader(struct sqlite_file *f)
{
    struct store *reader = NULL;
    file_ok(f, file_try_open(f, STORE_READER, &reader));
    return reader;
}

static inline void file_close(struct sqlite_file *f)
{
    store_close(TAKE(f->store));
}

static inline void file_begin(struct sqlite_file *f)
{
    file_ok(f, store_begin(f->store, &f->err));
}

static inline void file_commit(struct sqlite_file *f)
{
    file_ok(f, store_commit(f->store, &f->err));
}

static inline void file_name(struct sqlite_file *f, const char *directory)
{
    (void)snprintf(f->path, sizeof(f->path), "%s/omgw.db", directory);
    (void)snprintf(f->url, sizeof(f->url), "sqlite:%s", f->path);
}

static inline void file_make_directory(struct sqlite_file *f)
{
    folder_make(f->directory);
    file_name(f, f->directory);
}

static inline int file_set_up(void **state)
{
    struct sqlite_file *f = mem_new(sizeof(*f));
    file_make_directory(f);
    file_open(f);
    struct bridge_record bridge = {
        .name = "acme", .channel = "partner", .integration_id = "5a1d"};
    file_begin(f);
    file_ok(f, store_bridge_sync(f->store, &bridge, FILE_NOW_MS, &f->err));
    file_commit(f);
    f->bridge = bridge.row;
    *state = f;
    return 0;
}

static inline int file_tear_down(void **state)
{
    struct sqlite_file *f = *state;
    file_close(f);
    folder_remove(f->directory);
    mem_free(f);
    return 0;
}

/* A test that gets one as its state. */
#define ON_A_FILE(test)                                                                \
    cmocka_unit_test_setup_teardown(test, file_set_up, file_tear_down)

/* --- past the store -------------------------------------------------------- */

/* The columns of the first row as text, with bars between, from a read-only connection
 * of its own. */
static inline const char *file_ask(const char *path, const char *sql)
{
    static char answer[1024];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    size_t len = 0;
    answer[0] = '\0';
    assert_int_equal(SQLITE_OK, sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        print_error("%s: %s\n", sql, sqlite3_errmsg(db));
    assert_non_null(stmt);
    int columns = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_count(stmt) : 0;
    for (int i = 0; i < columns; i++) {
        const unsigned char *text = sqlite3_column_text(stmt, i);
        len +=
            (size_t)snprintf(answer + len, sizeof(answer) - len, "%s%s",
                             i == 0 ? "" : "|", text == NULL ? "" : (const char *)text);
        assert_true(len < sizeof(answer));
    }
    (void)sqlite3_finalize(stmt);
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    return answer;
}

static inline int64_t file_count(const char *path, const char *sql)
{
    int64_t count = -1;
    assert_true(str_to_i64(str_of(file_ask(path, sql)), &count));
    return count;
}

/* Changes the file behind the store's back; it must be closed. */
static inline void file_change(struct sqlite_file *f, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(f->path, &db));
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        print_error("%s: %s\n", sql, sqlite3_errmsg(db));
    assert_int_equal(SQLITE_OK, sqlite3_errcode(db));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

/* --- rows ------------------------------------------------------------------ */

/* The key of a channel's message id made of a number. */
struct file_key {
    char id[32];
    struct event_key key;
};
static inline void file_key(struct file_key *out, int64_t number)
{
    (void)snprintf(out->id, sizeof(out->id), "id-%lld", (long long)number);
    out->key = (struct event_key){
        .side = ID_SIDE_CHANNEL, .kind = ID_KIND_MESSAGE, .id = str_of(out->id)};
}

static inline enum status file_add_id(struct sqlite_file *f, int64_t number,
                                      int64_t now_ms)
{
    struct file_key key;
    int64_t message = 0;
    uint32_t tag = 0;
    file_key(&key, number);
    return store_id_add(f->store, f->bridge, &key.key, number, (uint32_t)number, now_ms,
                        &message, &tag, &f->err);
}

/* The message the id belongs to, or 0. */
static inline int64_t file_find_id(struct sqlite_file *f, struct store *store,
                                   int64_t number)
{
    struct file_key key;
    int64_t message = 0;
    uint32_t tag = 0;
    file_key(&key, number);
    enum status status =
        store_id_find(store, f->bridge, &key.key, &message, &tag, &f->err);
    if (status == STATUS_NOT_FOUND)
        return 0;
    file_ok(f, status);
    assert_int_equal((uint32_t)message, tag);
    return message;
}

/*
 * What accept does with one text of contact `number` % 7: contact, conversation,
 * message, id and delivery. Stops at the first trouble.
 */
static inline enum status file_accept(struct sqlite_file *f, int64_t number,
                                      struct str text)
{
    char contact_id[32];
    struct contact contact;
    struct message message = {
        .bridge_row = f->bridge,
        .time_ms = FILE_NOW_MS,
        .accepted_ms = FILE_NOW_MS + number,
        .text = text,
    };
    (void)snprintf(contact_id, sizeof(contact_id), "contact %lld",
                   (long long)number % 7);
    (void)snprintf(message.public_id, sizeof(message.public_id), "%032llx",
                   (unsigned long long)number);
    enum status status =
        store_contact_find(f->store, f->bridge, str_of(contact_id), &contact, &f->err);
    if (status == STATUS_NOT_FOUND) {
        status = store_contact_add(f->store, f->bridge, str_of(contact_id), FILE_NOW_MS,
                                   &contact, &f->err);
        if (status == STATUS_OK)
            status = store_conversation_open(f->store, &contact, FILE_NOW_MS, &f->err);
    }
    if (status != STATUS_OK)
        return status;

    message.contact_row = contact.row;
    message.conversation = contact.conversation;
    message.activity_ms = FILE_NOW_MS + number;
    status = store_message_add(f->store, &message, &f->err);
    if (status == STATUS_OK)
        status = file_add_id(f, number, FILE_NOW_MS);
    struct delivery delivery = {
        .message_id = message.row,
        .contact_row = contact.row,
        .bridge_row = f->bridge,
        .accepted_ms = message.accepted_ms,
    };
    if (status == STATUS_OK)
        status =
            store_delivery_add(f->store, &delivery, DELIVERY_READY, STR_NONE, &f->err);
    return status;
}

/* The same, and it is found by its public id, as every message of the gateway. */
static inline enum status file_accept_known(struct sqlite_file *f, int64_t number,
                                            struct str text)
{
    char id[PUBLIC_ID_BYTES];
    const struct event_key key = {
        .side = ID_SIDE_GATEWAY, .kind = ID_KIND_MESSAGE, .id = {id, sizeof(id) - 1}
    };
    int64_t other = 0;
    uint32_t tag = 0;
    enum status status = file_accept(f, number, text);
    (void)snprintf(id, sizeof(id), "%032llx", (unsigned long long)number);
    if (status != STATUS_OK)
        return status;
    return store_id_add(f->store, f->bridge, &key, number, 0, FILE_NOW_MS, &other, &tag,
                        &f->err);
}
