/* slack_text: what is Slack's own in a text, both ways. */
#include "channels/slack.h"
#include "support/expect.h"

#include "gateway/limits.h"

struct text_case {
    const char *name;
    const char *given;
    const char *want;
};

static void expect_readable(const struct text_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
        struct keeper keep = {.arena = arena};
        expect_str(cases[i].name, cases[i].want,
                   slack_readable(str_of(cases[i].given), NULL, &keep));
        expect_false(cases[i].name, keep.is_full);
    }
}

static void escapes_are_read_once(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"nothing",                "",                     ""                   },
        {"plain",                  "hello",                "hello"              },
        {"each of the three",      "&lt;a&gt; &amp; b",    "<a> & b"            },
        {"a written escape stays", "&amp;lt;",             "&lt;"               },
        {"no other is known",      "&quot; &nbsp; &#39;",  "&quot; &nbsp; &#39;"},
        {"a bare one",             "a & b &",              "a & b &"            },
        {"half of one",            "&am &l &lt",           "&am &l &lt"         },
        {"beside each other",      "&amp;&amp;&lt;&lt;",   "&&<<"               },
        {"formatting is kept",     "*b* _i_ ~s~ `c`",      "*b* _i_ ~s~ `c`"    },
        {"a quote",                "&gt; said\nanswered",  "> said\nanswered"   },
        {"beyond ASCII",           "h\xc3\xb6r &amp; gut", "h\xc3\xb6r & gut"   },
    };
    expect_readable(cases, COUNT_OF(cases));
}

static void links_and_mentions_are_as_a_person_reads_them(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"a link",               "<https://example.com/a>",           "https://example.com/a"     },
        {"with escapes",         "<https://a.example/?a=1&amp;b=2>",
         "https://a.example/?a=1&b=2"                                                             },
        {"with a label",         "<https://a.example/x|this>",        "this (https://a.example/x)"},
        {"a label with escapes", "<https://a.example/x|a &lt; b>",
         "a < b (https://a.example/x)"                                                            },
        {"a label that says it", "<http://example.com|example.com>",  "example.com"               },
        {"but for its slash",    "<http://example.com/|example.com>", "example.com"               },
        {"an address",           "<mailto:a@b.example|a@b.example>",  "a@b.example"               },
        {"a number",             "<tel:+34600000001|+34600000001>",   "+34600000001"              },
        {"a person",             "<@U012ABC>",                        "@U012ABC"                  },
        {"by name",              "<@U012ABC|ana>",                    "@ana"                      },
        {"a channel",            "<#C012ABC>",                        "#C012ABC"                  },
        {"a channel by name",    "<#C012ABC|general>",                "#general"                  },
        {"a channel that hides", "<#C012ABC|>",                       "#C012ABC"                  },
        {"all who are here",     "<!here> <!channel|@channel>",       "@here @channel"            },
        {"a group",              "<!subteam^S012|@support>",          "@support"                  },
        {"a group without name", "<!subteam^S012>",                   "@S012"                     },
        {"a date",               "<!date^1392734382^{date}|18 Feb>",  "18 Feb"                    },
        {"among words",          "a <@U1|b>, <https://c.example|d>!",
         "a @b, d (https://c.example)!"                                                           },
        {"empty",                "a <> b",                            "a <> b"                    },
        {"never closed",         "a <@U1 b",                          "a <@U1 b"                  },
        {"a sign alone",         "<@>",                               "@"                         },
        {"a label alone",        "<|x>",                              "x"                         },
    };
    expect_readable(cases, COUNT_OF(cases));
}

static void emoji_stand_for_their_names_where_blocks_tell_them(void **state)
{
    (void)state;
#define EMOJI(name, more) "{\"type\":\"emoji\",\"name\":\"" name "\"" more "}"
    static const struct {
        const char *name;
        const char *emoji;
        const char *given;
        const char *want;
    } cases[] = {
        {"one",                   EMOJI("wave", ",\"unicode\":\"1f44b\""),          "hi :wave:!",
         "hi \U0001f44b!"                                                                                                                                  },
        {"twice",                 EMOJI("wave", ",\"unicode\":\"1F44B\""),
         ":wave::wave:",                                                                                                             "\U0001f44b\U0001f44b"},
        {"a short code",          EMOJI("hash", ",\"unicode\":\"0023-fe0f-20e3\""),
         ":hash:",                                                                                                                   "#\ufe0f\u20e3"       },
        {"with its tone of skin",
         EMOJI("wave",                          ",\"unicode\":\"1f44b\"") "," EMOJI(
             "wave",                                          ",\"unicode\":\"1f44b-1f3fb\",\"skin_tone\":2"),
         ":wave: :wave::skin-tone-2:",                                                                                                                       "\U0001f44b \U0001f44b\U0001f3fb"},
        {"another's name",                       EMOJI("wave",                    ",\"unicode\":\"1f44b\""),                    ":tada: :wave",
         ":tada: :wave"           },
        {"one of the workspace",                       EMOJI("shipit",              ""),            ":shipit:",                                           ":shipit:"                                },
        {"in a label",                       EMOJI("wave",                        ",\"unicode\":\"1f44b\""),
         "<https://a.example|:wave:>",                       "\U0001f44b (https://a.example)"                                                                                                                      },
        {"no digits",                       EMOJI("wave",                         ",\"unicode\":\"wave\""),                         ":wave:",                        ":wave:"},
        {"half a character",                       EMOJI("wave",                  ",\"unicode\":\"d83d\""),
         ":wave:",                        ":wave:"                                                                                                                                          },
        {"past the last",                       EMOJI("wave",                     ",\"unicode\":\"110000\""),                     ":wave:",                      ":wave:"},
        {"a control character",                       EMOJI("wave",               ",\"unicode\":\"0\""),
         ":wave:",                           ":wave:"                                                                                                                                          },
        {"an endless one",
         EMOJI("wave",                    ",\"unicode\":\"1f44b-1f44b-1f44b-1f44b-1f44b-1f44b-1f44b-1f44b-"
                       "1f44b-1f44b-1f44b\""),
         ":wave:",                                                                 ":wave:"                                                                                                                                          },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
        CLEANUP(json_freep) struct json *blocks = NULL;
        struct keeper keep = {.arena = arena};
        struct error err;
        struct str text = arena_printf(
            arena, "[{\"type\":\"rich_text\",\"elements\":[{\"elements\":[%s]}]}]",
            cases[i].emoji);
        assert_int_equal(STATUS_OK, json_parse(text, LIMIT_JSON_DEPTH, &blocks, &err));
        expect_str(cases[i].name, cases[i].want,
                   slack_readable(str_of(cases[i].given), blocks, &keep));
    }
}

static void what_slack_would_take_for_its_own_is_escaped(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"nothing",           "",              ""                 },
        {"plain",             "hello *you*",   "hello *you*"      },
        {"each of the three", "<a> & b",       "&lt;a&gt; &amp; b"},
        {"a mention",         "<!channel>",    "&lt;!channel&gt;" },
        {"an escape",         "&lt;",          "&amp;lt;"         },
        {"beyond ASCII",      "\xc3\xa9 & \"", "\xc3\xa9 &amp; \""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
        CLEANUP(buf_release) struct buf escaped;
        struct keeper keep = {.arena = arena};
        buf_init(&escaped, LIMIT_EXCHANGE_BYTES);
        slack_escape(str_of(cases[i].given), &escaped);
        expect_str(cases[i].name, cases[i].want, buf_str(&escaped));
        expect_str("and reads as it was", cases[i].given,
                   slack_readable(buf_str(&escaped), NULL, &keep));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_read_once),
        cmocka_unit_test(links_and_mentions_are_as_a_person_reads_them),
        cmocka_unit_test(emoji_stand_for_their_names_where_blocks_tell_them),
        cmocka_unit_test(what_slack_would_take_for_its_own_is_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
