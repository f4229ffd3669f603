/*
 * What operators see: the documented views, from a read-only connection while the
 * writer is open, and what trace and `db status` are made of.
 */
#include "store/sqlite.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "gateway/json.h"
#include "store/migrate.h"
#include "support/sqlite_file.h"

#define INBOUND_ID "0190b0000000700080000000000000aa"
#define OUTBOUND_ID "0190b0000000700080000000000000bb"
#define DEAD_ID "0190b0000000700080000000000000cc"

static struct message add_message(struct sqlite_file *f, const struct contact *contact,
                                  const struct message *given)
{
    struct message message = *given;
    message.bridge_row = f->bridge;
    message.contact_row = contact->row;
    message.conversation = contact->conversation;
    message.time_ms = FILE_NOW_MS - 1000;
    message.accepted_ms = FILE_NOW_MS;
    file_ok(f, store_message_add(f->store, &message, &f->err));
    return message;
}

static struct delivery add_delivery(struct sqlite_file *f,
                                    const struct message *message,
                                    enum delivery_state state, struct str reason)
{
    struct delivery delivery = {
        .direction = message->direction,
        .message_id = message->row,
        .contact_row = message->contact_row,
        .bridge_row = message->bridge_row,
        .accepted_ms = message->accepted_ms,
    };
    file_ok(f, store_delivery_add(f->store, &delivery, state, reason, &f->err));
    return delivery;
}

static void record(struct sqlite_file *f, const struct delivery *delivery,
                   const struct delivery_record *given)
{
    struct delivery_record record = *given;
    record.id = delivery->id;
    record.contact_row = delivery->contact_row;
    record.epoch = delivery->epoch;
    record.state = delivery_after(given->outcome);
    record.started_ms = FILE_NOW_MS + 100;
    record.ended_ms = FILE_NOW_MS + 250;
    file_ok(f, store_record(f->store, &record, &f->err));
}

/* A customer's message in two parts at the second try, the agent's answer, which is
 * read, and an edit that nobody could read. */
static void live(struct sqlite_file *f)
{
    struct contact anna;
    file_begin(f);
    file_ok(f, store_contact_add(f->store, f->bridge, STR("+4915112345"), FILE_NOW_MS,
                                 &anna, &f->err));
    const struct event named = {.name = STR("Anna A."), .first_name = STR("Anna")};
    file_ok(f, store_contact_profile(f->store, &anna, &named, 7, &f->err));
    file_ok(f, store_conversation_open(f->store, &anna, FILE_NOW_MS, &f->err));
    file_ok(f, store_conversation_link(f->store, anna.conversation, STR("gc-1"),
                                       FILE_NOW_MS, &f->err));
    file_ok(f, store_conversation_link(f->store, anna.conversation, STR("gc-2"),
                                       FILE_NOW_MS + 5, &f->err));

    struct message in = add_message(f, &anna,
                                    &(struct message){.public_id = INBOUND_ID,
                                                      .direction = DIRECTION_INBOUND,
                                                      .source_id = STR("wamid.1"),
                                                      .text = STR("hello")});
    struct delivery first = add_delivery(f, &in, DELIVERY_READY, STR_NONE);
    record(f, &first,
           &(struct delivery_record){.outcome = OUTCOME_RETRY,
                                     .attempts = 1,
                                     .http_status = 503,
                                     .reason = STR("service unavailable")});
    record(f, &first,
           &(struct delivery_record){.outcome = OUTCOME_PROGRESS,
                                     .attempts = 1,
                                     .parts_done = 1,
                                     .provider_id = STR("g-part-0")});
    record(f, &first,
           &(struct delivery_record){.outcome = OUTCOME_DONE,
                                     .attempts = 2,
                                     .parts_done = 2,
                                     .part = 1,
                                     .http_status = 200,
                                     .provider_id = STR("g-part-1")});
    file_ok(f, store_message_status(f->store, in.row, MESSAGE_SENT, FILE_NOW_MS + 300,
                                    &f->err));

    struct message out = add_message(f, &anna,
                                     &(struct message){.public_id = OUTBOUND_ID,
                                                       .direction = DIRECTION_OUTBOUND,
                                                       .source_id = STR("g-77"),
                                                       .text = STR("good day")});
    struct delivery second = add_delivery(f, &out, DELIVERY_READY, STR_NONE);
    record(f, &second,
           &(struct delivery_record){.outcome = OUTCOME_DONE,
                                     .attempts = 1,
                                     .parts_done = 1,
                                     .http_status = 201,
                                     .provider_id = STR("wamid.2")});
    file_ok(f, store_message_status(f->store, out.row, MESSAGE_READ, FILE_NOW_MS + 900,
                                    &f->err));

    struct message odd = add_message(f, &anna,
                                     &(struct message){.public_id = DEAD_ID,
                                                       .kind = EVENT_UNREADABLE,
                                                       .target_row = in.row,
                                                       .text = STR("{\"odd\":1}")});
    (void)add_delivery(f, &odd, DELIVERY_DEAD, STR("unreadable"));
    (void)add_delivery(f, &out, DELIVERY_READY, STR_NONE);
    file_commit(f);
}

static void views_show_whole_lives(void **state)
{
    static const struct {
        const char *name;
        const char *sql;
        const char *want;
    } cases[] = {
        {.name = "a mapping joins both sides' ids",
         .sql = "SELECT bridge, contact, conversation, sender_id, receiver_ids, "
                "genesys_conversations, direction, status FROM v_mappings "
                "WHERE message = '" INBOUND_ID "'",
         .want = "acme|+4915112345|1|wamid.1|g-part-0 g-part-1|gc-1 gc-2|inbound|sent"                               },
        {.name = "an agent's message too",
         .sql = "SELECT sender_id, receiver_ids, direction, status FROM v_mappings "
                "WHERE message = '" OUTBOUND_ID "'",
         .want = "g-77|wamid.2|outbound|read"                                                                        },
        {.name = "times are ISO 8601 in UTC",
         .sql = "SELECT accepted, status_since FROM v_mappings "
                "WHERE message = '" OUTBOUND_ID "'",
         .want = "2023-11-14T22:13:20.000Z|2023-11-14T22:13:20.900Z"                                                 },
        {.name = "a message has its text and names",
         .sql = "SELECT text, contact, kind, time FROM v_messages "
                "WHERE message = '" INBOUND_ID "'",
         .want = "hello|+4915112345|message|2023-11-14T22:13:19.000Z"                                                },
        {.name = "a message names the one it is about",
         .sql = "SELECT about FROM v_messages WHERE message = '" DEAD_ID "'",
         .want = INBOUND_ID                                                                                          },
        {.name = "a delivery counts its attempts and parts",
         .sql = "SELECT state, attempts, parts_done, http_status, receiver_ids, ended "
                "FROM v_deliveries WHERE message = '" INBOUND_ID "'",
         .want = "done|2|2|200|g-part-0 g-part-1|2023-11-14T22:13:20.250Z"                                           },
        {.name = "a dead letter has its reason",
         .sql = "SELECT message, reason, text, died FROM v_dead_letters",
         .want = DEAD_ID "|unreadable|{\"odd\":1}|2023-11-14T22:13:20.000Z"                                          },
        {.name = "a conversation counts its messages",
         .sql = "SELECT bridge, contact_name, messages, opened FROM v_conversations",
         .want = "acme|Anna A.|3|2023-11-14T22:13:20.000Z"                                                           },
        {.name = "a bridge counts what waits and what is dead",
         .sql = "SELECT bridge, channel, integration_id, pending, dead_letters "
                "FROM v_bridges",                                                     .want = "acme|partner|5a1d|1|1"},
    };
    struct sqlite_file *f = *state;
    live(f);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_str(cases[i].name, cases[i].want,
                   str_of(file_ask(f->path, cases[i].sql)));
}

/* Scripts rely on them: a change here is a change of docs/OPERATIONS.md. */
static void views_keep_their_columns(void **state)
{
    static const struct {
        const char *view;
        const char *columns;
    } cases[] = {
        {.view = "v_bridges",
         .columns = "bridge channel integration_id pending dead_letters created"  },
        {.view = "v_conversations",
         .columns = "conversation bridge contact contact_name genesys_conversations "
                    "messages opened last_activity closed"                        },
        {.view = "v_messages",
         .columns = "message number bridge contact conversation direction kind status "
                    "sender_id about text extra time accepted status_since trace" },
        {.view = "v_deliveries",
         .columns = "delivery message bridge contact conversation direction state "
                    "replay attempts parts_done possible_duplicates age_ms http_status "
                    "receiver_ids reason created started ended"                   },
        {.view = "v_dead_letters",
         .columns = "delivery message bridge contact direction reason http_status "
                    "attempts text accepted died"                                 },
        {.view = "v_mappings",
         .columns = "bridge contact conversation message sender_id receiver_ids "
                    "genesys_conversations direction status accepted status_since"},
    };
    struct sqlite_file *f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char sql[128];
        (void)snprintf(sql, sizeof(sql),
                       "SELECT group_concat(name, ' ') FROM pragma_table_info('%s')",
                       cases[i].view);
        expect_str(cases[i].view, cases[i].columns, str_of(file_ask(f->path, sql)));
    }
    expect_i64(
        "and there is no other", COUNT_OF(cases),
        file_count(f->path, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'"));
}

/* The names of enums stand in the views a second time. */
static void views_know_every_word(void **state)
{
    struct sqlite_file *f = *state;
    struct contact contact;
    file_begin(f);
    file_ok(f, store_contact_add(f->store, f->bridge, STR("c"), FILE_NOW_MS, &contact,
                                 &f->err));
    for (int i = 0; i <= EVENT_UNREADABLE; i++) {
        struct message given = {
            .kind = (enum event_kind)i,
            .status = (enum message_status)(i % (MESSAGE_FAILED + 1)),
            .direction = (enum direction)(i % 2),
        };
        (void)snprintf(given.public_id, sizeof(given.public_id), "%d", i);
        struct message message = add_message(f, &contact, &given);
        (void)add_delivery(f, &message,
                           (enum delivery_state)(i % (DELIVERY_DROPPED + 1)), STR_NONE);
    }
    file_commit(f);
    for (int i = 0; i <= EVENT_UNREADABLE; i++) {
        char sql[256];
        char want[128];
        (void)snprintf(
            want, sizeof(want), "%s|%s|%s|%s", event_kind_name((enum event_kind)i),
            message_status_name((enum message_status)(i % (MESSAGE_FAILED + 1))),
            direction_name((enum direction)(i % 2)),
            delivery_state_name((enum delivery_state)(i % (DELIVERY_DROPPED + 1))));
        (void)snprintf(sql, sizeof(sql),
                       "SELECT kind, m.status, m.direction, d.state FROM v_messages AS "
                       "m JOIN v_deliveries AS d "
                       "USING (message) WHERE message = '%d'",
                       i);
        expect_str("words", want, str_of(file_ask(f->path, sql)));
    }
}

/* What the shell answers to one statement; its exit code, 127 where there is no shell.
 */
static int run_shell(const char *path, const char *sql, char *answer, size_t size)
{
    int output[2];
    int code = 0;
    assert_int_equal(0, pipe2(output, O_CLOEXEC));
    pid_t shell = fork();
    assert_true(shell >= 0);
    if (shell == 0) {
        (void)dup2(output[1], STDOUT_FILENO);
        (void)dup2(output[1], STDERR_FILENO);
        (void)execlp("sqlite3", "sqlite3", "-readonly", path, sql, (char *)NULL);
        _exit(127);
    }
    (void)close(output[1]);
    ssize_t len = read(output[0], answer, size - 1);
    assert_true(len >= 0);
    answer[len] = '\0';
    (void)close(output[0]);
    assert_int_equal(shell, waitpid(shell, &code, 0));
    return WEXITSTATUS(code);
}

static void shell_reads_while_the_writer_is_open(void **state)
{
    struct sqlite_file *f = *state;
    char answer[256];
    live(f);
    file_begin(f); /* even in the middle of a transaction */
    int code =
        run_shell(f->path, "SELECT count(*) FROM v_mappings", answer, sizeof(answer));
    store_rollback(f->store);
    if (code == 127) {
        print_message("skipped: there is no sqlite3 shell on this machine\n");
        skip();
    }
    expect_str("rows", "3\n", str_of(answer));
    expect_i64("exit code", 0, code);
}

/* --- trace and status ------------------------------------------------------------ */

static void status_counts_everything(void **state)
{
    struct sqlite_file *f = *state;
    struct json *json = NULL;
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, 4096);
    live(f);
    file_begin(f);
    for (int64_t n = 1; n <= 5; n++)
        file_ok(f, file_add_id(f, n, FILE_NOW_MS));
    file_commit(f);
    struct store *reader = file_reader(f);
    file_ok(f, store_status(reader, &json, &f->err));
    file_ok(f, json_print(json, &text, &f->err));
    json_free(json);
    store_close(reader);
    const char *newest = sqlite_migrations[sqlite_migration_count - 1].name;
    char want[512];
    (void)snprintf(want, sizeof(want),
                   "{\"engine\":\"sqlite\",\"version\":\"%s\",\"newest\":\"%s\","
                   "\"pending\":[],\"contacts\":1,\"conversations\":1,\"messages\":3,"
                   "\"deliveries\":4,\"ids\":5,\"pending_receipts\":0}",
                   newest, newest);
    expect_str("status", want, buf_str(&text));
}

static void status_of_an_older_schema_counts_nothing(void **state)
{
    struct sqlite_file *f = *state;
    struct json *json = NULL;
    struct str first = STR_NONE;
    file_close(f);
    folder_remove(f->directory);
    file_make_directory(f);
    FILE *empty = fopen(f->path, "w");
    assert_non_null(empty);
    assert_int_equal(0, fclose(empty));
    struct store *reader = file_reader(f);
    file_ok(f, store_status(reader, &json, &f->err));
    expect_true("pending", json_str(json_first(json_get(json, "pending")), &first));
    expect_str("pending", "0001_core", first);
    json_free(json);
    store_close(reader);
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, file_set_up, file_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(views_show_whole_lives),   TEST(views_keep_their_columns),
        TEST(views_know_every_word),    TEST(shell_reads_while_the_writer_is_open),
        TEST(status_counts_everything), TEST(status_of_an_older_schema_counts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
