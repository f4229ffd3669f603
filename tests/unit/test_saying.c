/* saying: which part of a message comes next. */
#include "channels/saying.h"
#include "support/expect.h"

#include "gateway/channel.h"
#include "gateway/limits.h"

static const struct manner manner = {
    .peer = "the peer", .limit = {4, TEXT_CODE_POINTS},
         .parts_cards = true
};
static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* ---- a message with or without cards ---- */

static struct card one_card[] = {{.title = STR("A blue one")}};

static struct delivery delivery_of(const char *text, bool has_cards)
{
    return (struct delivery){
        .class = DELIVERY_MESSAGE,
        .direction = DIRECTION_OUTBOUND,
        .event =
            {
                    .kind = EVENT_MESSAGE,
                    .text = str_of(text),
                    .content =
                    {
                        .cards = one_card,
                        .card_count = has_cards ? COUNT_OF(one_card) : 0,
                    }, },
    };
}

/* The part behind `done` ones: "text", "[cards]", with a '!' where it is the last. */
static struct str part_of(const struct delivery *delivery, unsigned done)
{
    const struct capabilities can = {.cards = true};
    struct attempt attempt = {.delivery = delivery, .arena = arena, .parts_done = done};
    CLEANUP(saying_release) struct saying saying;
    struct error err;

    enum status status = saying_next(&saying, &attempt, &manner, &can, &err);
    if (status == STATUS_DUPLICATE)
        return STR("no more");
    if (status != STATUS_OK)
        return str_of(status_name(status));
    return arena_printf(arena, "%.*s%s%s", STR_ARG(saying.text),
                        saying.is_cards ? "[cards]" : "", saying.is_last ? "!" : "");
}

/* ---- tests ---- */

static void cards_are_the_part_behind_the_text(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        bool has_cards;
        unsigned done;
        const char *want;
    } cases[] = {
        {"a text alone is the last part",     "Hey",     false, 0, "Hey!"         },
        {"and the only one",                  "Hey",     false, 1, "no more"      },
        {"before cards it is not the last",   "Hey",     true,  0, "Hey"          },
        {"they come behind it",               "Hey",     true,  1, "[cards]!"     },
        {"once",                              "Hey",     true,  2, "no more"      },
        {"a long text first goes as a whole", "Hey you", true,  1, "you"          },
        {"then come the cards",               "Hey you", true,  2, "[cards]!"     },
        {"cards need no text",                "",        true,  0, "[cards]!"     },
        {"blanks are no text before cards",   " \t",     true,  0, "[cards]!"     },
        {"nothing at all is refused",         "",        false, 0, "unprocessable"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct delivery delivery = delivery_of(cases[i].text, cases[i].has_cards);
        expect_str(cases[i].name, cases[i].want, part_of(&delivery, cases[i].done));
    }
}

/* What is said of a file with a caption, part by part: "text", "<file>caption". */
static struct str parts_of_file(struct capabilities can, const struct file *file,
                                const char *caption)
{
    struct attachment attachment = {.text = str_of(caption)};
    const struct delivery delivery = {
        .class = DELIVERY_MESSAGE,
        .event = {.kind = EVENT_MESSAGE,
                  .content = {.attachments = &attachment, .attachment_count = 1}},
    };
    const struct manner long_texts = {
        .peer = "the peer", .limit = {1000, TEXT_CODE_POINTS}
    };
    struct attempt attempt = {.delivery = &delivery, .arena = arena, .files = file};
    struct str all = STR("");
    struct error err;

    for (;; attempt.parts_done++) {
        CLEANUP(saying_release) struct saying saying;
        if (saying_next(&saying, &attempt, &long_texts, &can, &err) != STATUS_OK)
            return all;
        all = arena_printf(arena, "%.*s[%s%.*s%.*s]", STR_ARG(all),
                           saying.file == NULL ? "" : "<file>", STR_ARG(saying.caption),
                           STR_ARG(saying.text));
    }
}

static void caption_goes_with_its_file_or_before_it(void **state)
{
    (void)state;
    static const struct file_form forms[] = {
        {"image/", 0, 0, 4},
        {"audio/", 0, 0, 0}
    };
    static const struct {
        const char *name;
        struct file file;
        const char *caption;
        const char *want;
    } cases[] = {
        {"with it",                            {.mime = STR("image/png")},          "Here", "[<file>Here]"                                 },
        {"before it when it is too long",
         {.mime = STR("image/png")},
         "Here!",                                                                           "[Here!][<file>]"                              },
        {"or when none goes with such a file",
         {.mime = STR("audio/ogg")},
         "Here",                                                                            "[Here][<file>]"                               },
        {"a link has it above",
         {.mime = STR("text/plain"), .name = STR("a"), .link = STR("https://x/a")},
         "Here",                                                                            "[Here\na: https://x/a]"                       },
        {"a note has it behind",
         {.missing = STR("gone")},
         "Here",                                                                            "[[file without a name is missing: gone] Here]"},
        {"there may be none",                  {.mime = STR("audio/ogg")},          "",     "[<file>]"                                     },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct capabilities can = {.file_forms = forms,
                                         .file_form_count = COUNT_OF(forms)};
        expect_str(cases[i].name, cases[i].want,
                   parts_of_file(can, &cases[i].file, cases[i].caption));
    }
    const struct capabilities with_text = {.files_with_text = true};
    expect_str("files in the message", "[Here]",
               parts_of_file(with_text, &cases[0].file, "Here"));
}

static void a_message_is_settled_with_its_last_part(void **state)
{
    (void)state;
    const struct sender_result done = {.outcome = OUTCOME_DONE};
    const struct sender_result failed = {.outcome = OUTCOME_RETRY};
    struct attempt attempt = {.step = 2};

    expect_i64("more follows", SENDER_PROGRESS, saying_settled(&attempt, &done));
    expect_i64("not behind a failure", SENDER_OUTCOME,
               saying_settled(&attempt, &failed));
    attempt.parts_done = 1;
    expect_i64("the end", SENDER_OUTCOME, saying_settled(&attempt, &done));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cards_are_the_part_behind_the_text),
        TEST(caption_goes_with_its_file_or_before_it),
        TEST(a_message_is_settled_with_its_last_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
