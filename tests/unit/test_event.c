/* event: names, the way of a status, and what is stored beside the text. */
#include "support/expect.h"
#include "support/protocol_fixture.h"

#include "gateway/limits.h"

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(LIMIT_REQUEST_ARENA_BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* The values are stored and hashed: a changed one would misread old rows. */
static void stored_values_keep_their_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int want;
        int got;
    } cases[] = {
        {"message",     0, EVENT_MESSAGE    },
        {"edit",        1, EVENT_EDIT       },
        {"deletion",    2, EVENT_DELETION   },
        {"reaction",    3, EVENT_REACTION   },
        {"answer",      4, EVENT_ANSWER     },
        {"receipt",     5, EVENT_RECEIPT    },
        {"typing",      6, EVENT_TYPING     },
        {"left",        7, EVENT_LEFT       },
        {"identity",    8, EVENT_IDENTITY   },
        {"unreadable",  9, EVENT_UNREADABLE },
        {"accepted",    0, MESSAGE_ACCEPTED },
        {"sent",        1, MESSAGE_SENT     },
        {"delivered",   2, MESSAGE_DELIVERED},
        {"read",        3, MESSAGE_READ     },
        {"failed",      4, MESSAGE_FAILED   },
        {"channel",     0, ID_SIDE_CHANNEL  },
        {"genesys",     1, ID_SIDE_GENESYS  },
        {"gateway",     2, ID_SIDE_GATEWAY  },
        {"message key", 0, ID_KIND_MESSAGE  },
        {"webhook key", 1, ID_KIND_WEBHOOK  },
        {"receipt key", 2, ID_KIND_RECEIPT  },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        expect_i64(cases[i].name, cases[i].want, cases[i].got);
    for (size_t i = 0; i <= EVENT_UNREADABLE; i++)
        expect_str("kind", cases[i].name, str_of(event_kind_name((enum event_kind)i)));
    for (size_t i = 0; i <= MESSAGE_FAILED; i++)
        expect_str("status", cases[EVENT_UNREADABLE + 1 + i].name,
                   str_of(message_status_name((enum message_status)i)));
    expect_str("inbound", "inbound", str_of(direction_name(DIRECTION_INBOUND)));
    expect_str("outbound", "outbound", str_of(direction_name(DIRECTION_OUTBOUND)));
}

static void only_messages_and_answers_are_activity(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind <= EVENT_UNREADABLE; kind++)
        expect_i64(event_kind_name((enum event_kind)kind),
                   kind == EVENT_MESSAGE || kind == EVENT_ANSWER,
                   event_counts_as_activity((enum event_kind)kind));
}

static void a_status_goes_forward_only(void **state)
{
    (void)state;
    /* Rows: from; columns: to; accepted, sent, delivered, read, failed. */
    static const char want[5][6] = {
        ".xxxx", /* accepted */
        "..xxx", /* sent */
        "...x.", /* delivered */
        ".....", /* read */
        "..x..", /* failed: a replay was delivered */
    };
    for (unsigned from = 0; from <= MESSAGE_FAILED; from++) {
        for (unsigned to = 0; to <= MESSAGE_FAILED; to++) {
            char name[64];
            (void)snprintf(name, sizeof(name), "%s to %s",
                           message_status_name((enum message_status)from),
                           message_status_name((enum message_status)to));
            expect_i64(name, want[from][to] == 'x',
                       message_status_may_follow((enum message_status)from,
                                                 (enum message_status)to));
        }
    }
}

static void content_is_empty_only_without_all_of_it(void **state)
{
    (void)state;
    assert_true(content_is_empty(&(struct content){0}));
    assert_false(content_is_empty(&(struct content){.attachment_count = 1}));
    assert_false(content_is_empty(&(struct content){.quick_reply_count = 1}));
    assert_false(content_is_empty(&(struct content){.card_count = 1}));
    assert_false(content_is_empty(&(struct content){.fallback = STR("x")}));
}

/* ---- extra ---- */

static void plain_text_has_no_extra(void **state)
{
    (void)state;
    const struct event event = {
        .kind = EVENT_MESSAGE,
        .contact_id = STR("u-1"),
        .name = STR("Ana"),
        .source_id = STR("m-1"),
        .text = STR("hello"),
        .key_count = 1,
        .genesys_conversation_id = STR("c-1"),
    };
    struct str extra = STR("untouched");
    struct error err;

    expect_status("encode", STATUS_OK, event_extra_encode(&event, arena, &extra, &err));
    expect_i64("length", 0, (int64_t)extra.len);

    struct event back = {.kind = EVENT_MESSAGE, .text = STR("kept")};
    expect_status("decode", STATUS_OK, event_extra_decode(extra, arena, &back, &err));
    expect_str("text", "kept", back.text);
}

/* What comes back, compared as JSON: only what extra holds. */
static json_t *round_trip(const struct event *event)
{
    struct event back = {.kind = event->kind};
    struct str extra;
    struct error err;

    expect_status("encode", STATUS_OK, event_extra_encode(event, arena, &extra, &err));
    assert_true(extra.len > 0);
    expect_status("decode", STATUS_OK, event_extra_decode(extra, arena, &back, &err));
    return fixture_of_event(&back);
}

static void a_rich_message_comes_back_whole(void **state)
{
    (void)state;
    struct attribute attributes[] = {
        {STR("locale"), STR("de-DE")            },
        {STR("locale"), STR("twice is possible")},
        {STR("empty"),  STR("")                 },
    };
    struct attachment attachments[] = {
        {.url = STR("https://f.example/a"),
         .mime = STR("image/png"),
         .name = STR("a \"quoted\".png"),
         .sha256 = STR("00ff"),
         .text = STR("caption"),
         .size = INT64_C(9007199254740993)},
        {.url = STR("https://f.example/b")  },
    };
    struct choice replies[] = {
        {CHOICE_QUICK_REPLY, STR("Yes"), STR("yes"), STR("https://f.example/y")},
        {CHOICE_QUICK_REPLY, STR("No"),  STR("no"),  STR_NONE                  },
    };
    struct choice actions[] = {
        {CHOICE_BUTTON, STR("Buy"),  STR("buy-1"),              STR_NONE},
        {CHOICE_LINK,   STR("Look"), STR("https://f.example/"), STR_NONE},
    };
    struct card cards[] = {
        {.title = STR("Shirt"),
         .description = STR("Blue"),
         .image = STR("https://i/"),
         .choices = actions,
         .choice_count = 2},
        {.title = STR("Hat")},
    };
    const struct event event = {
        .kind = EVENT_MESSAGE,
        .text = STR("not part of it"),
        .attributes = attributes,
        .attribute_count = 3,
        .content = {attachments, 2,            replies, 2,       cards, 2, STR("1. one\n2. two")},
        .is_bot = true,
        .target = {ID_SIDE_GATEWAY,          ID_KIND_RECEIPT, STR("t-1"),        STR("read")},
        .has_target = true,
        .reason_code = STR("E1"),
        .reason_text = STR("because"),
        .new_id = STR("u-2"),
    };
    struct event want = event;
    want.text = STR_NONE;
    json_t *want_json = fixture_of_event(&want);

    expect_json("message", want_json, round_trip(&event));
    json_decref(want_json);
}

/* Each member alone is reason enough to write one. */
static void every_member_of_extra_is_written_for_itself(void **state)
{
    (void)state;
    struct attribute attribute = {STR("n"), STR("v")};
    struct attachment file = {.url = STR("u")};
    const struct event events[] = {
        {.kind = EVENT_MESSAGE,           .attributes = &attribute, .attribute_count = 1},
        {.kind = EVENT_MESSAGE,
         .content = {.attachments = &file, .attachment_count = 1}                                  },
        {.kind = EVENT_MESSAGE,                               .content = {.fallback = STR("f")}},
        {.kind = EVENT_MESSAGE,                               .is_bot = true                                  },
        {.kind = EVENT_MESSAGE,                               .has_target = true, .target = {.id = STR("t")}},
        {.kind = EVENT_MESSAGE,     .reason_code = STR("c")                            },
        {.kind = EVENT_MESSAGE,    .reason_text = STR("t")},
        {.kind = EVENT_IDENTITY,     .new_id = STR("u-2")                             },
        {.kind = EVENT_RECEIPT,       .receipt_status = MESSAGE_READ },
        {.kind = EVENT_ANSWER,.answer_payload = STR("p")                 },
    };
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "row %zu", i);
        json_t *want = fixture_of_event(&events[i]);
        expect_json(name, want, round_trip(&events[i]));
        json_decref(want);
    }
}

static void answers_and_receipts_keep_their_choice_and_status(void **state)
{
    (void)state;
    const struct event answer = {.kind = EVENT_ANSWER,
                                 .answer_payload = STR("buy-1"),
                                 .answer_kind = CHOICE_BUTTON};
    const struct event receipt = {.kind = EVENT_RECEIPT,
                                  .receipt_status = MESSAGE_FAILED,
                                  .reason_code = STR("GeneralError")};
    struct event back = {.kind = EVENT_ANSWER};
    struct str extra;
    struct error err;

    json_t *want = fixture_of_event(&receipt);
    expect_json("receipt", want, round_trip(&receipt));
    json_decref(want);
    expect_status("encode", STATUS_OK,
                  event_extra_encode(&answer, arena, &extra, &err));
    expect_status("decode", STATUS_OK, event_extra_decode(extra, arena, &back, &err));
    expect_str("payload", "buy-1", back.answer_payload);
    expect_i64("kind", CHOICE_BUTTON, back.answer_kind);
}

static void a_damaged_extra_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *json;
    } cases[] = {
        {"no JSON",             "{"                                   },
        {"no object",           "[]"                                  },
        {"an unknown choice",   "{\"quick_replies\":[{\"kind\":9}]}"  },
        {"a negative choice",   "{\"quick_replies\":[{\"kind\":-1}]}" },
        {"an unknown side",     "{\"target\":{\"side\":9,\"kind\":0}}"},
        {"an unknown key kind", "{\"target\":{\"side\":0,\"kind\":9}}"},
        {"an unknown status",   "{\"receipt_status\":5}"              },
        {"an unknown answer",   "{\"answer\":{\"kind\":7}}"           },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct event event = {.kind = EVENT_MESSAGE};
        struct error err;
        expect_status(cases[i].name, STATUS_INVALID,
                      event_extra_decode(str_of(cases[i].json), arena, &event, &err));
    }
}

/* Memory that runs out inside cJSON, at every place. */
static void extra_there_is_no_memory_for_is_tried_again(void **state)
{
    (void)state;
    struct attachment file = {.url = STR("u"), .size = 1};
    const struct event event = {
        .kind = EVENT_ANSWER,
        .content = {.attachments = &file, .attachment_count = 1},
        .answer_payload = STR("p"),
    };
    enum status status = STATUS_RETRY;

    for (unsigned nth = 0; status != STATUS_OK; nth++) {
        struct event back = {.kind = EVENT_ANSWER};
        struct str extra = STR_NONE;
        struct error err;
        cjson_fail_from(nth);
        status = event_extra_encode(&event, arena, &extra, &err);
        if (status == STATUS_OK)
            status = event_extra_decode(extra, arena, &back, &err);
        expect_true("refused nothing", cjson_fail_stop() == (status != STATUS_OK));
        assert_true(status == STATUS_OK || status == STATUS_RETRY);
        assert_true(nth < 200);
    }
}

/* Every allocation of the decoder refused in turn. */
static void extra_larger_than_the_arena_is_refused(void **state)
{
    (void)state;
    static const char json[] =
        "{\"attributes\":[{\"name\":\"n\",\"value\":\"v\"}],"
        "\"attachments\":[{\"url\":\"u\"}],\"quick_replies\":[{\"label\":\"l\"}],"
        "\"cards\":[{\"title\":\"t\",\"choices\":[{\"label\":\"l\"}]}],"
        "\"fallback\":\"f\"}";
    enum status status = STATUS_INVALID;

    for (size_t ceiling = 1; status != STATUS_OK; ceiling++) {
        CLEANUP(arena_freep) struct arena *small = arena_new(ceiling);
        struct event event = {.kind = EVENT_MESSAGE};
        struct error err;
        status = event_extra_decode(str_of(json), small, &event, &err);
        assert_true(status == STATUS_OK || status == STATUS_INVALID);
        assert_true(ceiling < 4096);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stored_values_keep_their_numbers),
        cmocka_unit_test(only_messages_and_answers_are_activity),
        cmocka_unit_test(a_status_goes_forward_only),
        cmocka_unit_test(content_is_empty_only_without_all_of_it),
        cmocka_unit_test(plain_text_has_no_extra),
        cmocka_unit_test(a_rich_message_comes_back_whole),
        cmocka_unit_test(every_member_of_extra_is_written_for_itself),
        cmocka_unit_test(answers_and_receipts_keep_their_choice_and_status),
        cmocka_unit_test(a_damaged_extra_is_refused),
        cmocka_unit_test(extra_there_is_no_memory_for_is_tried_again),
        cmocka_unit_test(extra_larger_than_the_arena_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
