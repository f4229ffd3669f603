#include "support/store_suite.h"

#include "support/vfs_memory.h"

#include "gateway/memory.h"

#define SUITE_ARENA_BYTES (1024 * 1024)

void expect_ok_at(const char *call, enum status status, const struct error *err,
                  const char *file, int line)
{
    if (status == STATUS_OK)
        return;
    print_error("%s: %s: %s\n", call, status_name(status), err->text);
    _fail(file, line);
}

/* --- handles ------------------------------------------------------------- */

enum status suite_open(struct store_fixture *f, enum store_mode mode,
                       struct store **out_store)
{
    const struct store_options options = {
        .mode = mode, .may_migrate = true, .vfs = f->vfs};
    return store_open(f->url, &options, out_store, &f->err);
}

struct store *suite_reader(struct store_fixture *f)
{
    struct store *reader = NULL;
    expect_ok(f, suite_open(f, STORE_READER, &reader));
    return reader;
}

void store_closep(struct store **store)
{
    store_close(*store);
}

void suite_begin(struct store_fixture *f)
{
    expect_ok(f, store_begin(f->store, &f->err));
}

void suite_commit(struct store_fixture *f)
{
    expect_ok(f, store_commit(f->store, &f->err));
}

/* --- marks --------------------------------------------------------------- */

void suite_mark(struct store_fixture *f, const char *name)
{
    const struct pause mark = {.scope = PAUSE_ORGANISATION, .name = str_of(name)};
    expect_ok(f, store_pause_set(f->store, &mark, &f->err));
}

static void count_mark(const struct pause *pause, void *context)
{
    (void)pause;
    ++*(int *)context;
}

int suite_count_marks(struct store *store)
{
    struct error err = {0};
    int count = 0;
    enum status status = store_pauses(store, count_mark, &count, &err);
    expect_ok_at("store_pauses", status, &err, __FILE__, __LINE__);
    return count;
}

/* --- rows, inside a transaction ------------------------------------------ */

int64_t suite_bridge(struct store_fixture *f, const char *name)
{
    struct bridge_record bridge = {
        .name = name, .channel = "partner", .integration_id = "5a1d"};
    expect_ok(f, store_bridge_sync(f->store, &bridge, SUITE_NOW_MS, &f->err));
    return bridge.row;
}

struct contact suite_contact(struct store_fixture *f, const char *id)
{
    struct contact contact;
    expect_ok(f, store_contact_add(f->store, f->bridge, str_of(id), SUITE_NOW_MS,
                                   &contact, &f->err));
    return contact;
}

struct contact suite_talker(struct store_fixture *f, const char *id)
{
    struct contact contact = suite_contact(f, id);
    expect_ok(f, store_conversation_open(f->store, &contact, SUITE_NOW_MS, &f->err));
    return contact;
}

struct message suite_message(struct store_fixture *f, const struct contact *contact,
                             const struct message *given)
{
    struct message message = *given;
    message.bridge_row = contact->bridge_row;
    message.contact_row = contact->row;
    message.conversation = contact->conversation;
    if (message.public_id[0] == '\0')
        (void)snprintf(message.public_id, sizeof(message.public_id), "%032x",
                       ++f->messages);
    if (message.time_ms == 0)
        message.time_ms = SUITE_NOW_MS;
    if (message.accepted_ms == 0)
        message.accepted_ms = SUITE_NOW_MS;
    expect_ok(f, store_message_add(f->store, &message, &f->err));
    return message;
}

struct delivery suite_delivery(struct store_fixture *f, const struct message *message,
                               const struct delivery *given)
{
    struct delivery delivery = *given;
    delivery.direction = message->direction;
    delivery.message_id = message->row;
    delivery.contact_row = message->contact_row;
    delivery.bridge_row = message->bridge_row;
    delivery.accepted_ms = message->accepted_ms;
    expect_ok(
        f, store_delivery_add(f->store, &delivery, DELIVERY_READY, STR_NONE, &f->err));
    return delivery;
}

struct delivery suite_text(struct store_fixture *f, const struct contact *contact,
                           enum direction direction, const char *text)
{
    struct message message = suite_message(
        f, contact, &(struct message){.direction = direction, .text = str_of(text)});
    return suite_delivery(f, &message, &(struct delivery){0});
}

struct delivery_record suite_record(const struct delivery *delivery,
                                    enum outcome outcome)
{
    return (struct delivery_record){
        .class = delivery->class,
        .id = delivery->id,
        .contact_row = delivery->contact_row,
        .epoch = delivery->epoch,
        .outcome = outcome,
        .state = delivery_after(outcome),
        .attempts = delivery->attempts + 1,
        .receipt_status = delivery->event.receipt_status,
        .started_ms = SUITE_NOW_MS + 10,
        .ended_ms = SUITE_NOW_MS + 20,
    };
}

void free_deliveries(struct delivery **list)
{
    while (*list != NULL) {
        struct delivery *next = (*list)->next;
        delivery_free(*list);
        *list = next;
    }
}

struct delivery *suite_load(struct store_fixture *f, enum delivery_class class,
                            int64_t id)
{
    struct delivery *delivery = NULL;
    expect_ok(f, store_delivery_load(f->store, class, id, &delivery, &f->err));
    return delivery;
}

/* --- running ------------------------------------------------------------- */

enum place { IN_MEMORY, IN_FILES, IN_VFS, PLACES };

static const char *const place_names[PLACES] = {"memory", "sqlite", "sqlite, vfs"};
static struct vfs_memory *suite_vfs;

/* One case in one place, as cmocka knows it. */
struct store_run {
    const struct store_case *test;
    enum place place;
    char name[160];
    struct store_fixture fixture;
};

static void suite_place(struct store_fixture *f, enum place place)
{
    if (place == IN_MEMORY) { /* its own, whatever a failed case left open */
        (void)snprintf(f->url, sizeof(f->url), "memory:%p", (void *)f);
        return;
    }
    if (place == IN_VFS) {
        f->vfs = "suite";
        (void)snprintf(f->url, sizeof(f->url), "sqlite:/%p.db", (void *)f);
        return;
    }
    folder_make(f->directory);
    (void)snprintf(f->url, sizeof(f->url), "sqlite:%s/omgw.db", f->directory);
}

static int suite_set_up(void **state)
{
    struct store_run *run = *state;
    struct store_fixture *f = &run->fixture;
    suite_place(f, run->place);
    f->arena = arena_new(SUITE_ARENA_BYTES);
    expect_ok(f, suite_open(f, STORE_WRITER, &f->store));
    suite_begin(f);
    f->bridge = suite_bridge(f, "acme");
    suite_commit(f);
    return 0;
}

static int suite_tear_down(void **state)
{
    struct store_run *run = *state;
    struct store_fixture *f = &run->fixture;
    store_close(f->store);
    arena_free(f->arena);
    if (f->vfs != NULL)
        vfs_memory_put_disk(suite_vfs, disk_new());
    if (f->directory[0] == '\0')
        return 0;
    folder_remove(f->directory);
    return 0;
}

static void run_store_case(void **state)
{
    struct store_run *run = *state;
    run->test->run(&run->fixture);
}

static struct CMUnitTest store_test(struct store_run *run)
{
    (void)snprintf(run->name, sizeof(run->name), "%s: %s", place_names[run->place],
                   run->test->name);
    return (struct CMUnitTest){
        .name = run->name,
        .test_func = run_store_case,
        .setup_func = suite_set_up,
        .teardown_func = suite_tear_down,
        .initial_state = run,
    };
}

static bool is_for(const struct store_case *test, enum place place)
{
    if (place == IN_MEMORY)
        return (test->backends & ON_MEMORY) != 0;
    return (test->backends & ON_SQLITE) != 0 &&
           (place == IN_FILES || (test->backends & NOT_ON_VFS) == 0);
}

int store_suite_run(const struct store_cases *cases)
{
    size_t count = PLACES * cases->count;
    struct store_run *runs = mem_new_array(count, sizeof(*runs));
    struct CMUnitTest *tests = mem_new_array(count, sizeof(*tests));
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        runs[i].test = &cases->cases[i / PLACES];
        runs[i].place = (enum place)(i % PLACES);
        if (is_for(runs[i].test, runs[i].place))
            tests[used++] = store_test(&runs[i]);
    }
    suite_vfs = vfs_memory_new("suite", 1);
    int failed = _cmocka_run_group_tests(cases->name, tests, used, NULL, NULL);
    vfs_memory_free(TAKE(suite_vfs));
    mem_free(tests);
    mem_free(runs);
    return failed;
}
