/*
 * store_suite: the contract of store.h as named cases, each run against every backend
 * on a new database with one bridge; and what the cases share. See
 * contract/test_store.c.
 */
#pragma once

#include "support/expect.h"
#include "support/folder.h"

#include "gateway/store.h"

/* Which backends a case is for. */
enum {
    ON_MEMORY = 1,
    ON_SQLITE = 2,
    ON_BOTH = ON_MEMORY | ON_SQLITE,
    /* Its subject is files of the machine: not on those of vfs_memory. */
    NOT_ON_VFS = 4,
};

#define SUITE_PATH_BYTES 128
#define SUITE_NOW_MS INT64_C(1700000000000)

struct store_fixture {
    char directory[FOLDER_BYTES]; /* sqlite: holds only the database */
    char url[SUITE_PATH_BYTES + 32];
    const char *vfs;     /* sqlite: see struct store_options */
    struct store *store; /* the writer */
    struct arena *arena;
    struct error err;
    int64_t bridge;    /* row of "acme" */
    unsigned messages; /* made so far: their public ids */
};

/* Named as the rule it holds the backends to. */
struct store_case {
    const char *name;
    void (*run)(struct store_fixture *f);
    unsigned backends;
};
#define STORE_CASE(rule, backends)                                                     \
    {                                                                                  \
#rule, rule, backends                                                          \
    }

/* One file each. */
struct store_cases {
    const char *name;
    const struct store_case *cases;
    size_t count;
};
extern const struct store_cases store_id_cases;
extern const struct store_cases store_contact_cases;
extern const struct store_cases store_message_cases;
extern const struct store_cases store_delivery_cases;
extern const struct store_cases store_sender_cases;
extern const struct store_cases store_receipt_cases;
extern const struct store_cases store_looking_cases;
extern const struct store_cases store_expiry_cases;
extern const struct store_cases store_media_cases;

/* Every case on every backend it is for. Returns how many failed. */
int store_suite_run(const struct store_cases *cases);

/* A call whose last argument is &f->err. */
#define expect_ok(f, call) expect_ok_at(#call, call, &(f)->err, __FILE__, __LINE__)
void expect_ok_at(const char *call, enum status status, const struct error *err,
                  const char *file, int line);

/* --- handles ------------------------------------------------------------- */

enum status suite_open(struct store_fixture *f, enum store_mode mode,
                       struct store **out_store);
/* A reading handle: what it sees is in the database, not in the writer's memory. */
struct store *suite_reader(struct store_fixture *f);
void store_closep(struct store **store);
void suite_begin(struct store_fixture *f);
void suite_commit(struct store_fixture *f);

/* --- marks: pauses that show what was written ------------------------------ */

/* Inside a transaction. */
void suite_mark(struct store_fixture *f, const char *name);
/* How many the handle sees. */
int suite_count_marks(struct store *store);

/* --- rows, inside a transaction ------------------------------------------ */

int64_t suite_bridge(struct store_fixture *f, const char *name);
struct contact suite_contact(struct store_fixture *f, const char *id);
/* A contact with an open conversation. */
struct contact suite_talker(struct store_fixture *f, const char *id);
/* Adds a message of the contact; *given says what is special about it. */
struct message suite_message(struct store_fixture *f, const struct contact *contact,
                             const struct message *given);
/* A ready delivery of the message; *given says what is special about it. */
struct delivery suite_delivery(struct store_fixture *f, const struct message *message,
                               const struct delivery *given);
/* A plain text and its delivery, in one. */
struct delivery suite_text(struct store_fixture *f, const struct contact *contact,
                           enum direction direction, const char *text);
/* What an attempt with this outcome leaves. */
struct delivery_record suite_record(const struct delivery *delivery,
                                    enum outcome outcome);
/* As the engine gets it; the caller frees it. */
struct delivery *suite_load(struct store_fixture *f, enum delivery_class class,
                            int64_t id);
void free_deliveries(struct delivery **list);
