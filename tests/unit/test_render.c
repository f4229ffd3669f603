/* render: what becomes of options and cards under a channel's capabilities. */
#include "channels/render.h"
#include "support/expect.h"

#include "gateway/limits.h"

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

/* ---- a question with two cards ---- */

static struct choice replies[] = {
    {CHOICE_QUICK_REPLY, STR("Neither"), STR("p-neither"), STR_NONE},
};
static struct choice blue_choices[] = {
    {CHOICE_BUTTON, STR("Blue"), STR("p-blue"),                     STR_NONE},
    {CHOICE_LINK,   STR("See"),  STR("https://shop.example.com/b"), STR_NONE},
};
static struct choice green_choices[] = {
    {CHOICE_BUTTON, STR("Green"), STR("p-green"), STR_NONE},
};
static struct card cards[] = {
    {STR("A blue one"),  STR("of steel"), STR_NONE, blue_choices,
     COUNT_OF(blue_choices)                                                               },
    {STR("Gr\xc3\xbcn"), STR_NONE,        STR_NONE, green_choices, COUNT_OF(green_choices)},
};
static const struct event question = {
    .kind = EVENT_MESSAGE,
    .text = STR("Which?"),
    .content =
        {
                  .quick_replies = replies,
                  .quick_reply_count = COUNT_OF(replies),
                  .cards = cards,
                  .card_count = COUNT_OF(cards),
                  },
};

static void shown(const struct capabilities *can, struct buf *lines,
                  struct rendering *out)
{
    struct keeper keep = {.arena = arena};

    buf_init(lines, LIMIT_EXCHANGE_BYTES);
    render(&question, can, true, lines, &keep, out);
    assert_true(buf_ok(lines));
    assert_false(keep.is_full);
}

/* ---- tests ---- */

static void cards_that_fit_are_cards_the_others_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct card_limits limits;
        bool are_cards;
    } cases[] = {
        {"without limits anything fits",            {0},                true },
        {"as many as there may be",                 {.cards = 2},       true },
        {"one too many",                            {.cards = 1},       false},
        {"a choice too many, links count",          {.choices = 1},     false},
        {"as many choices as there may be",         {.choices = 2},     true },
        {"a title is counted in code points",       {.title = 10},      true },
        {"a title too long",                        {.title = 9},       false},
        {"a description too long",                  {.description = 7}, false},
        {"a label too long, though the first fits", {.label = 4},       false},
        {"labels that fit",                         {.label = 5},       true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buf_release) struct buf lines;
        const struct capabilities can = {
            .quick_replies_max = 5, .cards = true, .card_limits = cases[i].limits};
        struct rendering out;
        shown(&can, &lines, &out);
        expect_true(cases[i].name, cases[i].are_cards == (out.card_count == 2));
        expect_i64(cases[i].name, cases[i].are_cards ? 1 : 3, out.quick_reply_count);
    }
}

static void choices_of_cards_are_counted_behind_the_quick_replies(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf lines;
    struct rendering out;

    shown(&(struct capabilities){.quick_replies_max = 1, .cards = true}, &lines, &out);
    expect_str("the text is the question", "Which?", out.text);
    expect_i64("the quick reply is the first", 0, out.ordinals[0]);
    expect_i64("behind it the first card's", 1, out.card_ordinal);
}

static void broken_cards_keep_the_numbers_of_their_choices(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf lines;
    struct rendering out;

    shown(&(struct capabilities){.quick_replies_max = 3}, &lines, &out);
    expect_str("links stand in the text",
               "Which?\nA blue one\nof steel\nSee: https://shop.example.com/b\n"
               "Gr\xc3\xbcn",
               out.text);
    expect_i64("the others are quick replies", 3, out.quick_reply_count);
    expect_i64("a link has its number too", 3, out.ordinals[2]);
    expect_false("no numbers are shown", out.shows_numbers);
}

static void options_that_fit_nowhere_are_numbered(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf lines;
    struct rendering out;

    shown(&(struct capabilities){.quick_replies_max = 3, .label_max = 6}, &lines, &out);
    expect_str("under their numbers",
               "Which?\n1. Neither\nA blue one\nof steel\n2. Blue\n3. See: "
               "https://shop.example.com/b\nGr\xc3\xbcn\n4. Green",
               out.text);
    expect_true("which are told", out.shows_numbers);
    expect_i64("and nothing else", 0, out.quick_reply_count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cards_that_fit_are_cards_the_others_are_none),
        TEST(choices_of_cards_are_counted_behind_the_quick_replies),
        TEST(broken_cards_keep_the_numbers_of_their_choices),
        TEST(options_that_fit_nowhere_are_numbered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
