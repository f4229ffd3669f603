/* The checker must catch what it is for: for each rule bad histories, and the good ones
 * next to them. */
#include "support/expect.h"

#include "support/history_json.h"

#define IN "\"lane\":\"ana>inbound\","
#define OUT "\"lane\":\"ana>outbound\","
#define SENT(n) "{\"do\":\"sent\"," IN "\"seq\":" #n "}\n"
#define TAKEN(n) "{\"do\":\"accepted\"," IN "\"seq\":" #n "}\n"
#define CAME(n)                                                                        \
    "{\"do\":\"arrived\"," IN "\"seq\":" #n ",\"key\":\"k" #n                          \
    "\",\"contact\":\"ana\"}\n"
#define LOST(n) "{\"do\":\"answer_lost\"," IN "\"seq\":" #n "}\n"
#define DIED "{\"do\":\"died\"}\n"
#define DEAD(n) "{\"do\":\"dead\"," IN "\"seq\":" #n ",\"must_be_told\":true}\n"
#define AGAIN(n) "{\"do\":\"replayed\"," IN "\"seq\":" #n "}\n"
#define TOLD(n, status)                                                                \
    "{\"do\":\"told\"," IN "\"seq\":" #n ",\"status\":\"" status "\"}\n"
#define SAID(n, status)                                                                \
    "{\"do\":\"reported\"," IN "\"seq\":" #n ",\"status\":\"" status "\"}\n"
/* A row of the database: number, conversation, time; the window is 1000 ms. */
#define ROW(n, row, conversation, at)                                                  \
    "{\"do\":\"stored\"," IN "\"seq\":" #n ",\"row\":" #row                            \
    ",\"conversation\":" #conversation ",\"at_ms\":" #at                               \
    ",\"window_ms\":1000,\"is_activity\":true}\n" CAME(n)
#define SHORT_ROW(n, row) "{\"do\":\"stored\"," IN "\"seq\":" #n ",\"row\":" #row "}\n"

/* Message 0 sent and accepted, then message 1. */
#define TWO SENT(0) TAKEN(0) SENT(1) TAKEN(1)

struct example {
    const char *name;
    const char *history;
    const char *want; /* start of a violation; NULL: none */
    bool deaths_are_loose;
};

/* Macros, because clang-format 14 cannot align rows of joined strings. */
#define EXAMPLE(name_, history_, want_)                                                \
    {                                                                                  \
        .name = (name_), .history = (history_), .want = (want_)                        \
    }
#define LOOSE(name_, history_, want_)                                                  \
    {                                                                                  \
        .name = (name_), .history = (history_), .want = (want_),                       \
        .deaths_are_loose = true                                                       \
    }

static size_t check(const struct example *example, struct buf *out)
{
    struct history *history = history_new();
    const struct history_options options = {example->deaths_are_loose};
    struct str rest = str_of(example->history);
    struct error err;
    while (rest.len > 0)
        expect_status(example->name, STATUS_OK,
                      history_read_line(history, str_cut(&rest, '\n'), &err));
    size_t found = history_check(history, &options, out);
    history_free(history);
    return found;
}

static void check_all(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct example *example = &examples[i];
        CLEANUP(buf_release) struct buf out;
        buf_init(&out, 65536);
        size_t found = check(example, &out);
        bool is_right =
            example->want == NULL
                ? found == 0
                : found == 1 && str_starts(buf_str(&out), str_of(example->want));
        if (!is_right)
            print_error("%s", buf_c_string(&out));
        expect_true(example->name, is_right);
    }
}

static void loss_phantom_and_crosstalk_are_caught(void **state)
{
    static const struct example examples[] = {
        EXAMPLE("all arrived", TWO CAME(0) CAME(1), NULL),
        EXAMPLE("one is missing", TWO CAME(0), "loss: ana>inbound 1"),
        EXAMPLE("one that nobody accepted may be missing", SENT(0), NULL),
        EXAMPLE("a dead letter is not lost", SENT(0) TAKEN(0) DEAD(0) TOLD(0, "failed"),
                NULL),
        EXAMPLE("a replayed one is lost again",
                SENT(0) TAKEN(0) DEAD(0) TOLD(0, "failed") AGAIN(0),
                "loss: ana>inbound 0"),
        EXAMPLE("a part is missing",
                "{\"do\":\"sent\"," IN "\"seq\":0,\"parts\":2}\n" TAKEN(0) CAME(0),
                "loss: ana>inbound 0"),
        EXAMPLE("one that was never sent", TWO CAME(0) CAME(1) CAME(7),
                "phantom: ana>inbound 7"),
        EXAMPLE("a row that nobody sent", SHORT_ROW(0, 5), "phantom: ana>inbound 0"),
        EXAMPLE("another's",
                TWO CAME(0) "{\"do\":\"arrived\"," IN
                            "\"seq\":1,\"key\":\"k1\",\"contact\":\"bob\"}\n",
                "cross-talk: ana>inbound 1"),
        EXAMPLE("another's conversation",
                "{\"do\":\"sent\",\"lane\":\"bob>inbound\",\"seq\":0}\n"
                "{\"do\":\"stored\",\"lane\":\"bob>inbound\",\"seq\":0,\"row\":1,"
                "\"conversation\":4,\"at_ms\":5,\"window_ms\":1000,\"is_activity\":"
                "true}\n{\"do\":\"arrived\",\"lane\":\"bob>inbound\",\"seq\":0}\n" SENT(
                    0) ROW(0, 2, 4, 6),
                "cross-talk: ana>inbound 0"),
        EXAMPLE("one event, two rows", SENT(0) SHORT_ROW(0, 1) SHORT_ROW(0, 2) CAME(0),
                "doubled: ana>inbound 0"),
    };
    (void)state;
    check_all(examples, COUNT_OF(examples));
}

static void order_is_that_of_acceptance(void **state)
{
    static const struct example examples[] = {
        EXAMPLE("the second before the first", TWO CAME(1) CAME(0),
                "order: ana>inbound 0"),
        EXAMPLE("sent at the same time, either may be first",
                SENT(0) SENT(1) TAKEN(0) TAKEN(1) CAME(1) CAME(0), NULL),
        EXAMPLE("yet not against the rows of the database",
                SENT(0) SENT(1) SHORT_ROW(0, 1) SHORT_ROW(1, 2) CAME(1) CAME(0),
                "order: ana>inbound 0"),
        EXAMPLE("a copy behind the next one", TWO CAME(0) LOST(0) CAME(1) CAME(0),
                "order: ana>inbound 0"),
        EXAMPLE("a replay goes to the tail",
                TWO DEAD(0) TOLD(0, "failed") CAME(1) AGAIN(0) CAME(0), NULL),
        EXAMPLE("lanes know nothing of each other",
                TWO CAME(0) "{\"do\":\"sent\"," OUT
                            "\"seq\":0}\n{\"do\":\"arrived\"," OUT
                            "\"seq\":0,\"key\":\"x\"}\n" CAME(1),
                NULL),
    };
    (void)state;
    check_all(examples, COUNT_OF(examples));
}

static void repeats_need_a_lost_answer_or_a_death(void **state)
{
    static const struct example examples[] = {
        EXAMPLE("without cause", TWO CAME(0) CAME(0) CAME(1), "repeat: ana>inbound 0"),
        EXAMPLE("after a lost answer", TWO CAME(0) LOST(0) CAME(0) CAME(1), NULL),
        EXAMPLE("one lost answer, two repeats",
                TWO CAME(0) LOST(0) CAME(0) CAME(0) CAME(1), "repeat: ana>inbound 0"),
        EXAMPLE("after a death", TWO CAME(0) DIED CAME(0) CAME(1), NULL),
        EXAMPLE("a death before both", DIED TWO CAME(0) CAME(0) CAME(1),
                "repeat: ana>inbound 0"),
        EXAMPLE("two repeats after one death", TWO CAME(0) DIED CAME(0) CAME(0) CAME(1),
                "repeat: ana>inbound 0"),
        EXAMPLE("one death explains one message of a lane",
                SENT(0) SENT(1) CAME(0) CAME(1) DIED CAME(0) CAME(1),
                "repeat: ana>inbound 1"),
        EXAMPLE("two deaths, two repeats",
                TWO CAME(0) DIED CAME(0) DIED CAME(0) CAME(1), NULL),
        EXAMPLE("sent before the death, arrived behind it",
                TWO DIED "{\"do\":\"arrived\"," IN
                         "\"seq\":0,\"key\":\"k0\",\"life\":0}\n" CAME(0) CAME(1),
                NULL),
        EXAMPLE("one copy a life, in any order",
                SENT(0) DIED DIED CAME(0) "{\"do\":\"arrived\"," IN
                                          "\"seq\":0,\"key\":\"k0\",\"life\":0}\n"
                                          "{\"do\":\"arrived\"," IN
                                          "\"seq\":0,\"key\":\"k0\",\"life\":1}\n",
                NULL),
        LOOSE("deaths somewhere, as other clocks tell it",
              DIED TWO CAME(0) CAME(0) CAME(1), NULL),
        LOOSE("two repeats and one death, whatever the clocks",
              DIED TWO CAME(0) CAME(0) CAME(1) CAME(1), "repeat: ana>inbound 1"),
        EXAMPLE("after a replay",
                SENT(0) TAKEN(0) CAME(0) DEAD(0) TOLD(0, "failed") AGAIN(0) CAME(0),
                NULL),
        EXAMPLE("under another key",
                SENT(0) CAME(0) LOST(0) "{\"do\":\"arrived\"," IN
                                        "\"seq\":0,\"key\":\"other\"}\n",
                "key: ana>inbound 0"),
        EXAMPLE("one key for two messages",
                TWO CAME(0) "{\"do\":\"arrived\"," IN "\"seq\":1,\"key\":\"k0\"}\n",
                "key: ana>inbound 1"),
    };
    (void)state;
    check_all(examples, COUNT_OF(examples));
}

static void window_is_kept_to_the_millisecond(void **state)
{
    static const struct example examples[] = {
        EXAMPLE("its last millisecond joins",
                SENT(0) SENT(1) ROW(0, 1, 1, 10) ROW(1, 2, 1, 1010), NULL),
        EXAMPLE("the one behind it does not",
                SENT(0) SENT(1) ROW(0, 1, 1, 10) ROW(1, 2, 2, 1011), NULL),
        EXAMPLE("joined too late", SENT(0) SENT(1) ROW(0, 1, 1, 10) ROW(1, 2, 1, 1011),
                "window: ana>inbound 1"),
        EXAMPLE("left too early", SENT(0) SENT(1) ROW(0, 1, 1, 10) ROW(1, 2, 2, 1010),
                "window: ana>inbound 1"),
        EXAMPLE("a clock that went back ends no conversation",
                SENT(0) SENT(1) SENT(2) ROW(0, 1, 1, 5000) ROW(1, 2, 1, 10)
                    ROW(2, 3, 1, 6000),
                NULL),
        EXAMPLE("an edit opens none",
                SENT(0) SENT(1)
                    ROW(0, 1, 1, 10) "{\"do\":\"stored\"," IN
                                     "\"seq\":1,\"row\":2,\"conversation\":2,"
                                     "\"at_ms\":20,\"window_ms\":1000}\n" CAME(1),
                "window: ana>inbound 1"),
        EXAMPLE("the other direction counts too",
                SENT(0) SENT(1) "{\"do\":\"sent\"," OUT "\"seq\":0}\n" ROW(
                    0, 1, 1, 10) "{\"do\":\"stored\"," OUT
                                 "\"seq\":0,\"row\":2,\"conversation\":1,\"at_ms\":900,"
                                 "\"window_ms\":1000,\"is_activity\":true}\n"
                                 "{\"do\":\"arrived\"," OUT
                                 "\"seq\":0}\n" ROW(1, 3, 1, 1800),
                NULL),
    };
    (void)state;
    check_all(examples, COUNT_OF(examples));
}

static void statuses_are_true_and_never_go_back(void **state)
{
    static const struct example examples[] = {
        EXAMPLE("accepted, delivered",
                SENT(0) TAKEN(0) CAME(0) TOLD(0, "accepted") TOLD(0, "delivered"),
                NULL),
        EXAMPLE("back from delivered",
                SENT(0) TAKEN(0) CAME(0) TOLD(0, "delivered") TOLD(0, "accepted"),
                "status: ana>inbound 0 told accepted"),
        EXAMPLE("failed after delivered",
                SENT(0) CAME(0) TOLD(0, "delivered") SAID(0, "failed")
                    TOLD(0, "failed"),
                "status: ana>inbound 0 told failed after delivered"),
        EXAMPLE("delivered after failed",
                SENT(0) CAME(0) SAID(0, "failed") TOLD(0, "failed")
                    TOLD(0, "delivered"),
                "status: ana>inbound 0 told delivered after failed"),
        EXAMPLE("delivered after failed, by a replay",
                SENT(0) DEAD(0) TOLD(0, "failed") AGAIN(0) CAME(0) TOLD(0, "delivered"),
                NULL),
        EXAMPLE("delivered, and it never came", SENT(0) TOLD(0, "delivered"),
                "status: ana>inbound 0 told delivered, and it has not"),
        EXAMPLE("delivered, and the peer reports for itself",
                SENT(0) CAME(0) "{\"do\":\"told\"," IN
                                "\"seq\":0,\"status\":\"delivered\","
                                "\"must_be_reported\":true}\n",
                "status: ana>inbound 0 told delivered, and the peer"),
        EXAMPLE("failed, and nobody said so",
                SENT(0) TAKEN(0) CAME(0) TOLD(0, "failed"),
                "status: ana>inbound 0 told failed, and nobody"),
        EXAMPLE("a dead letter in silence", SENT(0) TAKEN(0) DEAD(0),
                "untold: ana>inbound 0"),
    };
    (void)state;
    check_all(examples, COUNT_OF(examples));
}

static void lines_are_read_as_they_are_written(void **state)
{
    static const char *const lines[] = {
        "{\"do\":\"arrived\",\"lane\":\"ana>outbound\",\"seq\":3,\"part\":1,"
        "\"key\":\"k\",\"contact\":\"ana\",\"life\":0}",
        "{\"do\":\"stored\",\"lane\":\"ana>inbound\",\"seq\":0,\"row\":7,\"at_ms\":12,"
        "\"conversation\":2,\"window_ms\":1000,\"is_activity\":true}",
        "{\"do\":\"told\",\"lane\":\"ana>inbound\",\"seq\":0,\"status\":\"failed\","
        "\"must_be_reported\":true}",
    };
    const struct history_event events[] = {
        {.kind = HISTORY_ARRIVED,
         .lane = STR("ana>outbound"),
         .seq = 3,
         .part = 1,
         .key = STR("k"),
         .contact = STR("ana"),
         .has_life = true},
        {.kind = HISTORY_STORED,
         .lane = STR("ana>inbound"),
         .row = 7,
         .at_ms = 12,
         .conversation = 2,
         .window_ms = 1000,
         .is_activity = true},
        {.kind = HISTORY_TOLD,
         .lane = STR("ana>inbound"),
         .status = HISTORY_STATUS_FAILED,
         .must_be_reported = true                        },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        CLEANUP(buf_release) struct buf out;
        buf_init(&out, 4096);
        history_write_event(&events[i], &out);
        expect_str("written", lines[i], buf_str(&out));
    }
}

static void lines_that_say_nothing_are_refused(void **state)
{
    static const char *const lines[] = {
        "{\"do\":\"vanished\",\"lane\":\"a>inbound\"}",
        "{\"lane\":\"a>inbound\"}",
        "{\"do\":\"sent\"}",
        "{\"do\":\"told\",\"lane\":\"a>inbound\",\"status\":\"lost\"}",
        "{\"do\":\"arrived\",\"lane\":\"a>inbound\",\"part\":-1}",
        "sent",
    };
    struct history *history = history_new();
    struct error err;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        expect_status(lines[i], STATUS_INVALID,
                      history_read_line(history, str_of(lines[i]), &err));
    assert_int_equal(0, history_count(history));
    history_free(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_phantom_and_crosstalk_are_caught),
        cmocka_unit_test(order_is_that_of_acceptance),
        cmocka_unit_test(repeats_need_a_lost_answer_or_a_death),
        cmocka_unit_test(window_is_kept_to_the_millisecond),
        cmocka_unit_test(statuses_are_true_and_never_go_back),
        cmocka_unit_test(lines_are_read_as_they_are_written),
        cmocka_unit_test(lines_that_say_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
