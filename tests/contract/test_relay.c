/*
 * Relay on every store: what a webhook becomes, and what an outcome becomes.
 */
#include "support/relay_world.h"
#include "support/stderr_capture.h"

#include "gateway/choice.h"
#include "relay/internal.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define MINUTE_MS (INT64_C(60) * 1000)

/* --- acceptance and dedupe
 * -------------------------------------------------------------------- */

static void message_becomes_one_delivery(void **state)
{
    (void)state;
    expect_status("kept", STATUS_OK, inbound("m id-1 ana hello"));
    expect_i64("offers", 1, (int64_t)relay_world->offer_count);
    const struct delivery *delivery = offered(0);
    expect_str("text", "hello", delivery->event.text);
    expect_str("contact", "ana", delivery->event.contact_id);
    expect_str("id", relay_world->public_id, str_of(delivery->public_id));
    expect_i64("direction", DIRECTION_INBOUND, delivery->direction);
    assert_true(delivery->opens_conversation);
    assert_true(delivery->wants_conversation_id);
    expect_i64("conversation", relay_world->conversation, delivery->conversation);
    expect_i64("pending", 1, pending_now());
}

static void repeat_has_no_effect_and_the_same_answer(void **state)
{
    char first[PUBLIC_ID_BYTES];
    (void)state;
    expect_status("first", STATUS_OK, inbound("m id-1 ana hello"));
    memcpy(first, relay_world->public_id, sizeof(first));
    advance(HOUR_MS);
    expect_status("repeat", STATUS_DUPLICATE, inbound("m id-1 ana hello"));
    expect_str("same id", first, str_of(relay_world->public_id));
    expect_i64("offers", 1, (int64_t)relay_world->offer_count);
    expect_i64("pending", 1, pending_now());
}

static void unit_with_known_events_keeps_the_new_ones(void **state)
{
    (void)state;
    expect_status("one", STATUS_OK, inbound("m id-1 ana one"));
    expect_status("three", STATUS_OK,
                  inbound("m id-2 ana two\nm id-1 ana one\nm id-3 ana three"));
    expect_i64("offers", 3, (int64_t)relay_world->offer_count);
    expect_str("second", "two", offered(1)->event.text);
    expect_str("third", "three", offered(2)->event.text);
    assert_true(offered(1)->id < offered(2)->id);
}

static void same_key_twice_in_one_unit_is_one_message(void **state)
{
    (void)state;
    expect_status("unit", STATUS_OK, inbound("m id-1 ana one\nm id-1 ana one"));
    expect_i64("offers", 1, (int64_t)relay_world->offer_count);
}

static void same_id_of_another_contact_is_refused_whole(void **state)
{
    (void)state;
    expect_status("first", STATUS_OK, inbound("m id-1 ana hello"));
    expect_status("clash", STATUS_CONFLICT,
                  inbound("m id-2 bob new\nm id-1 bob hello"));
    expect_i64("nothing of the unit is kept", 1, (int64_t)relay_world->offer_count);
    expect_i64("pending", 1, pending_now());
    expect_status("the rest of it may come again", STATUS_OK,
                  inbound("m id-2 bob new"));
}

static void genesys_is_never_refused_for_a_clash(void **state)
{
    (void)state;
    expect_status("first", STATUS_OK, outbound("m g-1 ana hello"));
    expect_status("clash", STATUS_DUPLICATE, outbound("m g-1 bob hello"));
    expect_i64("offers", 1, (int64_t)relay_world->offer_count);
}

static void both_sides_may_use_the_same_id(void **state)
{
    (void)state;
    expect_status("channel", STATUS_OK, inbound("m id-1 ana hello"));
    expect_status("genesys", STATUS_OK, outbound("m id-1 ana hello"));
    expect_i64("offers", 2, (int64_t)relay_world->offer_count);
}

static void concurrent_copies_have_one_effect(void **state)
{
    (void)state;
    /* Twenty requests wait before the writer takes the first. */
    struct intake *waiting = inbound_begin("m id-1 ana hello");
    expect_status("one", STATUS_OK, inbound_end(waiting));
    for (int i = 0; i < 19; i++)
        expect_status("copy", STATUS_DUPLICATE, inbound("m id-1 ana hello"));
    expect_i64("offers", 1, (int64_t)relay_world->offer_count);
}

static void forged_webhook_stores_nothing(void **state)
{
    (void)state;
    expect_status("denied", STATUS_DENIED, inbound("forged m id-1 ana hello"));
    expect_i64("offers", 0, (int64_t)relay_world->offer_count);
    expect_i64("pending", 0, pending_now());
}

static void too_many_pending_are_answered_503(void **state)
{
    char line[64];
    (void)state;
    for (int i = 0; i < 40; i++) {
        (void)snprintf(line, sizeof(line), "m id-%d ana hello", i);
        expect_status("room", STATUS_OK, inbound(line));
    }
    expect_status("full", STATUS_RETRY, inbound("m id-40 ana hello"));
    report_outcome(offered(0), OUTCOME_DONE, "");
    expect_status("room again", STATUS_OK, inbound("m id-40 ana hello"));
}

static enum status sync_apply(struct write_job *job, struct store *store,
                              struct now now, struct error *err)
{
    (void)job;
    return relay_sync_bridges(relay_world->relay, relay_world->config, store,
                              now.wall_ms, err);
}

static void sync_done(struct write_job *job, enum status status,
                      const struct error *err)
{
    (void)job;
    (void)err;
    expect_status("reload", STATUS_OK, status);
}

/* What is applied but not told yet must not be counted twice. */
static void reload_beside_other_jobs_keeps_the_count(void **state)
{
    struct write_job reload = {.apply = sync_apply, .done = sync_done};
    (void)state;
    expect_status("kept", STATUS_OK, inbound("m m-1 ana hello"));
    struct intake *second = inbound_begin("m m-2 ana hello");
    expect_true("room", writer_submit(relay_world->writer, &reload));
    expect_status("kept", STATUS_OK, inbound_end(second));
    expect_i64("in the store", 2, pending_now());
    expect_i64("as relay counts", 2, relay_world->config->bridges[0].tally->pending);
}

static void contact_that_floods_is_told_when_to_come_again(void **state)
{
    char line[64];
    (void)state;
    relay_world->config->limits.contact_per_minute = 3;
    for (int i = 0; i < 3; i++) {
        (void)snprintf(line, sizeof(line), "m id-%d ana hello", i);
        expect_status("admitted", STATUS_OK, inbound(line));
    }
    advance(MINUTE_MS / 2);
    expect_status("one too many", STATUS_SLOW_DOWN, inbound("m id-3 ana hello"));
    expect_i64("when", 30, relay_world->answer.reply.retry_after_s);
    expect_i64("nothing is kept", 3, pending_now());
    expect_status("others go on", STATUS_OK, inbound("m id-4 bob hello"));
    expect_status("typing goes on", STATUS_OK, inbound("t - ana"));
    expect_status("receipts go on", STATUS_OK, inbound("r id-5 ana 77 delivered"));
    advance(MINUTE_MS / 2);
    expect_status("a minute later", STATUS_OK, inbound("m id-3 ana hello"));
}

static void genesys_is_never_held_to_the_flood_ceiling(void **state)
{
    char line[64];
    (void)state;
    relay_world->config->limits.contact_per_minute = 1;
    for (int i = 0; i < 5; i++) {
        (void)snprintf(line, sizeof(line), "m id-%d ana hello", i);
        expect_status("taken", STATUS_OK, outbound(line));
    }
}

static void unreadable_is_kept_as_a_dead_letter(void **state)
{
    (void)state;
    expect_status("2xx", STATUS_OK, outbound("u raw-1 - {\"half"));
    expect_i64("nothing to deliver", 0, (int64_t)relay_world->offer_count);
    expect_i64("dead", 1, dead_now());
    expect_i64("pending", 0, pending_now());
    expect_status("the next one", STATUS_OK, outbound("u raw-2 - {\"other"));
    expect_i64("dead", 2, dead_now());
}

static void typing_is_offered_and_never_stored(void **state)
{
    (void)state;
    expect_status("2xx", STATUS_OK, inbound("t - ana"));
    expect_i64("offers", 1, (int64_t)relay_world->offer_count);
    expect_i64("class", DELIVERY_TYPING, offered(0)->class);
    expect_i64("pending", 0, pending_now());
}

/* --- the threading window
 * ------------------------------------------------------------------------ */

static void window_joins_until_its_last_millisecond(void **state)
{
    static const struct {
        const char *name;
        int64_t silence_ms;
        bool joins;
    } cases[] = {
        {"a minute before the end",      72 * HOUR_MS - MINUTE_MS, true },
        {"the last millisecond",         72 * HOUR_MS,             true },
        {"one millisecond later",        72 * HOUR_MS + 1,         false},
        {"a minute after the end",       72 * HOUR_MS + MINUTE_MS, false},
        {"the clock went back by a day", -24 * HOUR_MS,            true },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "m first-%zu contact-%zu hello", i, i);
        expect_status(cases[i].name, STATUS_OK, inbound(line));
        int64_t first = relay_world->conversation;
        advance(cases[i].silence_ms);
        (void)snprintf(line, sizeof(line), "m second-%zu contact-%zu hello", i, i);
        expect_status(cases[i].name, STATUS_OK, inbound(line));
        const struct delivery *second = offered(relay_world->offer_count - 1);
        expect_i64(cases[i].name, cases[i].joins, first == second->conversation);
        expect_i64(cases[i].name, !cases[i].joins, second->opens_conversation);
        expect_i64(cases[i].name, cases[i].joins ? 0 : first,
                   second->previous_conversation);
        if (cases[i].silence_ms < 0)
            advance(-cases[i].silence_ms);
    }
}

static void agents_message_moves_the_window_too(void **state)
{
    (void)state;
    expect_status("customer", STATUS_OK, inbound("m id-1 ana hello"));
    int64_t first = relay_world->conversation;
    advance(50 * HOUR_MS);
    expect_status("agent", STATUS_OK, outbound("m g-1 ana hello"));
    expect_i64("joins", first, relay_world->conversation);
    advance(50 * HOUR_MS);
    expect_status("customer", STATUS_OK, inbound("m id-2 ana hello"));
    expect_i64("still joins", first, relay_world->conversation);
}

static void edit_belongs_to_the_conversation_of_its_message(void **state)
{
    (void)state;
    expect_status("old", STATUS_OK, inbound("m id-1 ana hello"));
    int64_t first = relay_world->conversation;
    advance(100 * HOUR_MS);
    expect_status("new", STATUS_OK, inbound("m id-2 ana hello"));
    expect_status("edit of the old one", STATUS_OK, inbound("e id-3 ana id-1 changed"));
    expect_i64("conversation", first, offered(2)->conversation);
    assert_false(offered(2)->opens_conversation);
}

static void agentless_message_makes_contact_and_conversation(void **state)
{
    (void)state;
    expect_status("kept", STATUS_OK, outbound("m g-1 nobody-knows hello"));
    expect_i64("direction", DIRECTION_OUTBOUND, offered(0)->direction);
    assert_true(offered(0)->opens_conversation);
    expect_status("the answer joins", STATUS_OK, inbound("m id-1 nobody-knows hi"));
    expect_i64("conversation", offered(0)->conversation, offered(1)->conversation);
}

/* --- outcomes and receipts
 * --------------------------------------------------------------------------- */

static void delivered_inbound_message_tells_the_channel_if_it_asks(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    for (int wants = 0; wants < 2; wants++) {
        lines_settings.wants_accepted = wants == 1;
        offers_clear();
        expect_status("kept", STATUS_OK,
                      inbound(wants ? "m id-1 ana a" : "m id-2 ana b"));
        report_outcome(offered(0), OUTCOME_DONE, wants ? "g-1" : "g-2");
        expect_i64("status", MESSAGE_SENT,
                   message_now(offered(0)->message_id, arena).status);
        expect_i64("receipts", wants, (int64_t)relay_world->offer_count - 1);
        if (wants == 0)
            continue;
        expect_i64("class", DELIVERY_RECEIPT, offered(1)->class);
        expect_i64("to the channel", DIRECTION_OUTBOUND, offered(1)->direction);
        expect_i64("accepted", MESSAGE_SENT, offered(1)->event.receipt_status);
        expect_str("about", "id-1", offered(1)->target_peer_id);
    }
    expect_i64("pending", 0, pending_now());
}

static void delivered_outbound_message_tells_genesys(void **state)
{
    (void)state;
    expect_status("kept", STATUS_OK, outbound("m g-1 ana hello"));
    report_outcome(offered(0), OUTCOME_DONE, "");
    expect_i64("receipt", 2, (int64_t)relay_world->offer_count);
    expect_i64("to Genesys", DIRECTION_INBOUND, offered(1)->direction);
    expect_i64("Delivered", MESSAGE_DELIVERED, offered(1)->event.receipt_status);
    expect_str("about", "g-1", offered(1)->target_peer_id);
    expect_str("customer", "ana", offered(1)->event.contact_id);
}

static void channel_that_reports_is_waited_for(void **state)
{
    char line[128];
    (void)state;
    lines_settings.channel_reports = true;
    expect_status("kept", STATUS_OK, outbound("m g-1 ana hello"));
    report_outcome(offered(0), OUTCOME_DONE, "");
    expect_i64("no receipt yet", 1, (int64_t)relay_world->offer_count);
    (void)snprintf(line, sizeof(line), "r r-1 ana %s delivered", offered(0)->public_id);
    expect_status("receipt", STATUS_OK, inbound(line));
    expect_i64("Delivered", MESSAGE_DELIVERED, offered(1)->event.receipt_status);
    (void)snprintf(line, sizeof(line), "r r-2 ana %s read", offered(0)->public_id);
    expect_status("read", STATUS_OK, inbound(line));
    expect_i64("read says nothing new to Genesys", 2,
               (int64_t)relay_world->offer_count);
}

static void receipt_before_the_outcome_is_not_taken_back(void **state)
{
    char line[128];
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    lines_settings.channel_reports = true;
    expect_status("kept", STATUS_OK, outbound("m g-1 ana hello"));
    (void)snprintf(line, sizeof(line), "r r-1 ana %s delivered", offered(0)->public_id);
    expect_status("receipt first", STATUS_OK, inbound(line));
    report_outcome(offered(0), OUTCOME_DONE, "peer-1");
    expect_i64("one receipt", 2, (int64_t)relay_world->offer_count);
    expect_i64("status", MESSAGE_DELIVERED,
               message_now(offered(0)->message_id, arena).status);
}

/* The peer says that it failed, and only then that it took it: no replay, so Failed it
 * stays, whoever would hear otherwise. */
static void failed_receipt_before_the_outcome_stays(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    char line[128];
    lines_settings.wants_accepted = true;
    for (int is_inbound = 0; is_inbound < 2; is_inbound++) {
        offers_clear();
        expect_status("kept", STATUS_OK,
                      is_inbound ? inbound("m m-1 ana hello")
                                 : outbound("m g-1 ana hello"));
        (void)snprintf(line, sizeof(line), "r r-1 ana %s failed",
                       offered(0)->public_id);
        expect_status("receipt", STATUS_OK,
                      is_inbound ? outbound(line) : inbound(line));
        report_outcome(offered(0), OUTCOME_DONE, is_inbound ? "gp-1" : "cp-1");
        expect_i64("status", MESSAGE_FAILED,
                   message_now(offered(0)->message_id, arena).status);
        expect_i64("told once", 2, (int64_t)relay_world->offer_count);
        expect_i64("what", MESSAGE_FAILED, offered(1)->event.receipt_status);
    }
}

static void early_receipt_waits_for_the_peers_id(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    lines_settings.channel_reports = true;
    expect_status("kept", STATUS_OK, outbound("m g-1 ana hello"));
    expect_status("unknown id", STATUS_OK, inbound("p r-1 ana peer-1 delivered"));
    expect_i64("nothing yet", 1, (int64_t)relay_world->offer_count);
    report_outcome(offered(0), OUTCOME_DONE, "peer-1");
    expect_i64("joined", 2, (int64_t)relay_world->offer_count);
    expect_i64("Delivered", MESSAGE_DELIVERED, offered(1)->event.receipt_status);
    expect_i64("status", MESSAGE_DELIVERED,
               message_now(offered(0)->message_id, arena).status);
}

/* Known to be none by then, so that no outcome looks for one; until the next comes. */
static void early_receipt_is_found_after_there_were_none(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    tidy();
    expect_status("kept", STATUS_OK, inbound("m m-1 ana hello"));
    report_outcome(offered(0), OUTCOME_DONE, "peer-1");
    expect_i64("sent", MESSAGE_SENT, message_now(offered(0)->message_id, arena).status);
    expect_status("its id is known", STATUS_OK, outbound("p r-1 ana peer-1 read"));
    expect_i64("read", MESSAGE_READ, message_now(offered(0)->message_id, arena).status);

    expect_status("kept", STATUS_OK, inbound("m m-2 ana hello"));
    expect_status("early", STATUS_OK, outbound("p r-2 ana peer-2 read"));
    tidy();
    report_outcome(offered(1), OUTCOME_DONE, "peer-2");
    expect_i64("joined", MESSAGE_READ,
               message_now(offered(1)->message_id, arena).status);
}

static void early_receipt_is_forgotten_after_a_day(void **state)
{
    (void)state;
    lines_settings.channel_reports = true;
    expect_status("first", STATUS_OK, outbound("m g-1 ana hello"));
    expect_status("receipt", STATUS_OK, inbound("p r-1 ana peer-1 delivered"));
    advance(24 * HOUR_MS - MINUTE_MS);
    tidy();
    expect_status("second", STATUS_OK, outbound("m g-2 ana hello"));
    expect_status("receipt", STATUS_OK, inbound("p r-2 ana peer-2 delivered"));
    report_outcome(offered(0), OUTCOME_DONE, "peer-1");
    expect_i64("joined within the day", 3, (int64_t)relay_world->offer_count);
    advance(24 * HOUR_MS + MINUTE_MS);
    tidy();
    report_outcome(offered(1), OUTCOME_DONE, "peer-2");
    expect_i64("forgotten after it", 3, (int64_t)relay_world->offer_count);
}

static enum status receipt_until(const char *id, int64_t until_ms, const char *status)
{
    char line[128];
    (void)snprintf(line, sizeof(line), "w %s ana %lld %s", id, (long long)until_ms,
                   status);
    return inbound(line);
}

static void expect_status_now(const char *name, enum message_status want,
                              const struct delivery *delivery)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    expect_str(
        name, message_status_name(want),
        str_of(message_status_name(message_now(delivery->message_id, arena).status)));
}

/* Sends an agent's message; it begins now and ends a second later. */
static void send_line(const char *line, int64_t *out_started_ms)
{
    size_t at = relay_world->offer_count;
    *out_started_ms = relay_world->now.wall_ms;
    expect_status("kept", STATUS_OK, outbound(line));
    report_outcome(offered(at), OUTCOME_DONE, line);
    advance(1000);
}

static void receipt_up_to_a_time_moves_all_that_was_sent_by_then(void **state)
{
    int64_t started_ms[3];
    (void)state;
    lines_settings.channel_reports = true;
    send_line("m g-1 ana one", &started_ms[0]);
    send_line("m g-2 ana two", &started_ms[1]);
    send_line("m g-3 ana three", &started_ms[2]);
    expect_i64("nothing is told yet", 3, (int64_t)relay_world->offer_count);

    expect_status("one", STATUS_OK,
                  receipt_until("w-1", started_ms[1] - 1, "delivered"));
    expect_i64("of the first", 4, (int64_t)relay_world->offer_count);
    expect_str("of the first", "g-1", offered(3)->target_peer_id);
    expect_i64("Delivered", MESSAGE_DELIVERED, offered(3)->event.receipt_status);
    expect_status_now("the second is only sent", MESSAGE_SENT, offered(1));

    expect_status("all", STATUS_OK, receipt_until("w-2", started_ms[2], "read"));
    expect_i64("in order, each once", 6, (int64_t)relay_world->offer_count);
    expect_str("second", "g-2", offered(4)->target_peer_id);
    expect_str("third", "g-3", offered(5)->target_peer_id);
    expect_status_now("what was delivered is read", MESSAGE_READ, offered(0));
}

static void receipt_up_to_a_time_never_takes_back(void **state)
{
    int64_t started_ms;
    (void)state;
    lines_settings.channel_reports = true;
    send_line("m g-1 ana one", &started_ms);
    expect_status("read", STATUS_OK, receipt_until("w-1", started_ms, "read"));
    expect_status("again", STATUS_DUPLICATE, receipt_until("w-1", started_ms, "read"));
    expect_status("under another key", STATUS_OK,
                  receipt_until("w-2", started_ms + 1, "read"));
    expect_status("delivered, late", STATUS_OK,
                  receipt_until("w-3", started_ms + 2, "delivered"));
    expect_i64("told once", 2, (int64_t)relay_world->offer_count);
    expect_status_now("read it stays", MESSAGE_READ, offered(0));
}

static void receipt_up_to_a_time_is_of_that_contact_and_way_only(void **state)
{
    int64_t started_ms;
    (void)state;
    lines_settings.channel_reports = true;
    send_line("m g-1 ana one", &started_ms);
    expect_status("of nobody", STATUS_OK, inbound("w w-1 carl 1800000000000 read"));
    expect_status("another", STATUS_OK, inbound("m m-1 bob hello"));
    expect_status("of another", STATUS_OK, inbound("w w-2 bob 1800000000000 read"));
    expect_status("hers", STATUS_OK, inbound("m m-2 ana hello"));
    report_outcome(offered(2), OUTCOME_DONE, "g-9");
    expect_status("of her own", STATUS_OK,
                  receipt_until("w-3", started_ms - 1, "read"));
    expect_i64("nobody is told", 3, (int64_t)relay_world->offer_count);
    expect_status_now("hers", MESSAGE_SENT, offered(2));
}

static void receipt_up_to_a_time_skips_what_failed_or_waits(void **state)
{
    (void)state;
    lines_settings.channel_reports = true;
    expect_status("kept", STATUS_OK, outbound("m g-1 ana one\nm g-2 ana two"));
    report_outcome(offered(0), OUTCOME_REFUSED_MESSAGE, "");
    report_outcome(offered(1), OUTCOME_RETRY, "");
    advance(1000);
    expect_status("receipt", STATUS_OK,
                  receipt_until("w-1", relay_world->now.wall_ms - 1, "delivered"));
    expect_i64("Failed alone is told", 3, (int64_t)relay_world->offer_count);
    expect_status_now("failed", MESSAGE_FAILED, offered(0));
    report_outcome(offered(1), OUTCOME_DONE, "cp-2"); /* begun after the receipt */
    expect_status_now("the repeat is another sending", MESSAGE_SENT, offered(1));
}

/* The attempt is under way: its message arrived, and who answered that is late. */
static void early_receipt_up_to_a_time_waits_for_the_outcome(void **state)
{
    static const struct {
        const char *name;
        const char *first;
        const char *second; /* NULL: none */
        int64_t second_after_ms;
        int64_t started_after_ms; /* the receipt's time */
        enum message_status want;
    } cases[] = {
        {"delivered",         "delivered", NULL,        0,     0,    MESSAGE_DELIVERED},
        {"read",              "read",      NULL,        0,     0,    MESSAGE_READ     },
        {"the furthest",      "read",      "delivered", 1,     0,    MESSAGE_READ     },
        {"the latest",        "delivered", "delivered", 10000, 5000, MESSAGE_DELIVERED},
        {"late order",        "delivered", "delivered", -9999, 0,    MESSAGE_DELIVERED},
        {"begun a bit later", "delivered", NULL,        0,     1,    MESSAGE_SENT     },
    };
    (void)state;
    lines_settings.channel_reports = true;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[64];
        char id[16];
        int64_t until_ms = relay_world->now.wall_ms;
        offers_clear();
        (void)snprintf(line, sizeof(line), "m g-%zu ana hello", i);
        expect_status("kept", STATUS_OK, outbound(line));
        advance(20000);
        (void)snprintf(id, sizeof(id), "a-%zu", i);
        expect_status("early", STATUS_OK, receipt_until(id, until_ms, cases[i].first));
        (void)snprintf(id, sizeof(id), "b-%zu", i);
        if (cases[i].second != NULL)
            expect_status("another", STATUS_OK,
                          receipt_until(id, until_ms + cases[i].second_after_ms,
                                        cases[i].second));
        expect_i64("nothing yet", 1, (int64_t)relay_world->offer_count);
        relay_world->now.wall_ms = until_ms + cases[i].started_after_ms;
        report_outcome(offered(0), OUTCOME_DONE, line);
        advance(60000);
        expect_status_now(cases[i].name, cases[i].want, offered(0));
    }
}

/* The peer's clock is ahead of ours: what it may not know of yet is not covered. */
static void receipt_up_to_a_time_to_come_ends_now(void **state)
{
    (void)state;
    lines_settings.channel_reports = true;
    expect_status("kept", STATUS_OK, outbound("m g-1 ana hello"));
    expect_status("early", STATUS_OK,
                  receipt_until("w-1", relay_world->now.wall_ms + 5000, "read"));
    advance(1);
    report_outcome(offered(0), OUTCOME_DONE, "cp-1");
    expect_status_now("begun after it came", MESSAGE_SENT, offered(0));
}

/* A customer's line is under way as well: its outcome is another way's. */
static void early_receipt_up_to_a_time_waits_for_its_own_way(void **state)
{
    (void)state;
    lines_settings.channel_reports = true;
    expect_status("hers", STATUS_OK, inbound("m m-1 ana hello"));
    expect_status("ours", STATUS_OK, outbound("m g-1 ana hello"));
    expect_status("early", STATUS_OK,
                  receipt_until("w-1", relay_world->now.wall_ms, "delivered"));
    report_outcome(offered(0), OUTCOME_DONE, "gp-1");
    report_outcome(offered(1), OUTCOME_DONE, "cp-1");
    expect_status_now("hers", MESSAGE_SENT, offered(0));
    expect_status_now("ours", MESSAGE_DELIVERED, offered(1));
}

static void receipt_of_another_contact_changes_nothing(void **state)
{
    char line[128];
    (void)state;
    lines_settings.channel_reports = true;
    expect_status("kept", STATUS_OK, outbound("m g-1 ana hello"));
    (void)snprintf(line, sizeof(line), "r r-1 bob %s failed", offered(0)->public_id);
    expect_status("2xx", STATUS_OK, inbound(line));
    expect_i64("no receipt", 1, (int64_t)relay_world->offer_count);
}

static void refused_message_is_dead_and_the_agent_is_told(void **state)
{
    static const enum outcome outcomes[] = {OUTCOME_REFUSED_MESSAGE,
                                            OUTCOME_REFUSED_CONTACT,
                                            OUTCOME_WINDOW_CLOSED, OUTCOME_GIVEN_UP};
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(65536);
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        char line[64];
        (void)snprintf(line, sizeof(line), "m g-%zu ana hello", i);
        offers_clear();
        expect_status("kept", STATUS_OK, outbound(line));
        report_outcome(offered(0), outcomes[i], "");
        const struct delivery *receipt = offered(1);
        expect_i64("Failed", MESSAGE_FAILED, receipt->event.receipt_status);
        expect_str("code", "InvalidDestination", receipt->event.reason_code);
        expect_str("reason", "a reason", receipt->event.reason_text);
        expect_i64("status", MESSAGE_FAILED,
                   message_now(offered(0)->message_id, arena).status);
        expect_i64("dead letters", (int64_t)i + 1, dead_now());
    }
    expect_i64("pending", 0, pending_now());
}

/* A line of error is for somebody to act on, and nobody can here. */
static void refused_receipt_is_a_warning(void **state)
{
    static const enum outcome outcomes[] = {OUTCOME_REFUSED_MESSAGE, OUTCOME_GIVEN_UP};
    static struct stderr_capture capture;

    (void)state;
    expect_status("kept", STATUS_OK, outbound("m g-1 ana hello"));
    report_outcome(offered(0), OUTCOME_DONE, "");
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        assert_true(stderr_capture_start(&capture));
        report_outcome(offered(1), outcomes[i], "");
        const char *said = stderr_captured(&capture);
        assert_true(stderr_capture_stop(&capture));
        assert_non_null(strstr(said, "receipt.refused"));
        assert_null(strstr(said, "delivery.died"));
    }
}

static void failed_attempt_leaves_the_delivery_pending(void **state)
{
    static const enum outcome outcomes[] = {OUTCOME_RETRY, OUTCOME_SLOW_DOWN,
                                            OUTCOME_UNKNOWN, OUTCOME_PROGRESS};
    (void)state;
    expect_status("kept", STATUS_OK, inbound("m id-1 ana hello"));
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        report_outcome(offered(0), outcomes[i], "");
        expect_i64(outcome_name(outcomes[i]), 1, pending_now());
    }
    report_outcome(offered(0), OUTCOME_DONE, "g-1");
    expect_i64("done", 0, pending_now());
}

/* --- answers and edits
 * -----------------------------------------------------------------------------------
 */

static void answer_names_what_was_offered(void **state)
{
    static const struct {
        const char *name;
        const char *contact;
        const char *payload;
        const char *want; /* Genesys' id of the question, or "" for a plain text */
    } cases[] = {
        {"an option that was offered", "ana", "yes",   "g-1"},
        {"an option that was not",     "ana", "maybe", ""   },
        {"of another contact",         "bob", "yes",   ""   },
    };
    (void)state;
    expect_status("question", STATUS_OK, outbound("m g-1 ana yes|no"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[128];
        (void)snprintf(line, sizeof(line), "a id-%zu %s %s %s", i, cases[i].contact,
                       offered(0)->public_id, cases[i].payload);
        expect_status(cases[i].name, STATUS_OK, inbound(line));
        expect_str(cases[i].name, cases[i].want, offered(i + 1)->target_peer_id);
    }
}

static void button_is_known_by_its_token(void **state)
{
    static const struct {
        const char *name;
        const char *contact;
        int ordinal;
        const char *want; /* Genesys' id of the question, or "" for a plain text */
        const char *text;
        const char *payload;
    } cases[] = {
        {"the second option",  "ana", 1, "g-1", "no",    "no"},
        {"one too many",       "ana", 2, "",    "label", ""  },
        {"of another contact", "bob", 1, "",    "label", ""  },
    };
    (void)state;
    expect_status("question", STATUS_OK, outbound("m g-1 ana yes|no"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[128];
        char token[CHOICE_TOKEN_BYTES];
        choice_token(offered(0)->message_id, (unsigned)cases[i].ordinal, token);
        (void)snprintf(line, sizeof(line), "c id-%zu %s %s label", i, cases[i].contact,
                       token);
        expect_status(cases[i].name, STATUS_OK, inbound(line));
        const struct delivery *delivery = offered(i + 1);
        expect_str(cases[i].name, cases[i].want, delivery->target_peer_id);
        expect_str(cases[i].name, cases[i].text, delivery->event.text);
        expect_str(cases[i].name, cases[i].payload, delivery->event.answer_payload);
    }
    expect_status("a message that never was", STATUS_OK, inbound("c id-9 ana zz-0 x"));
    expect_str("goes on as text", "x", offered(4)->event.text);
}

static void number_answers_what_was_shown_as_numbers(void **state)
{
    static const struct {
        const char *name;
        const char *contact;
        const char *text;
        const char *want; /* payload, or "" for a plain text */
    } cases[] = {
        {"the first",          "ana", "1",    "yes"},
        {"the last",           "ana", " 2 ",  "no" },
        {"one too many",       "ana", "3",    ""   },
        {"none",               "ana", "0",    ""   },
        {"more than a number", "ana", "1.",   ""   },
        {"a word",             "ana", "yes",  ""   },
        {"a sign",             "ana", "-1",   ""   },
        {"as much as a year",  "ana", "2001", ""   },
        {"of another contact", "bob", "1",    ""   },
    };
    (void)state;
    relay_world->shows_numbers = true;
    expect_status("question", STATUS_OK, outbound("m g-1 ana yes|no"));
    report_outcome(offered(0), OUTCOME_DONE, "c-1");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[128];
        (void)snprintf(line, sizeof(line), "m id-%zu %s %s", i, cases[i].contact,
                       cases[i].text);
        expect_status(cases[i].name, STATUS_OK, inbound(line));
        const struct delivery *delivery = offered(relay_world->offer_count - 1);
        bool is_answer = cases[i].want[0] != '\0';
        expect_str(cases[i].name, cases[i].want, delivery->event.answer_payload);
        expect_i64(cases[i].name, is_answer ? EVENT_ANSWER : EVENT_MESSAGE,
                   delivery->event.kind);
        expect_str(cases[i].name, is_answer ? cases[i].want : cases[i].text,
                   delivery->event.text);
        expect_str(cases[i].name, is_answer ? "g-1" : "", delivery->target_peer_id);
    }
}

static void number_is_only_a_number_where_buttons_were_shown(void **state)
{
    (void)state;
    expect_status("question", STATUS_OK, outbound("m g-1 ana yes|no"));
    report_outcome(offered(0), OUTCOME_DONE, "c-1");
    expect_status("a number", STATUS_OK, inbound("m id-1 ana 1"));
    expect_i64("a text", EVENT_MESSAGE,
               offered(relay_world->offer_count - 1)->event.kind);
}

static void edit_is_sent_with_the_peers_id_of_its_message(void **state)
{
    (void)state;
    expect_status("message", STATUS_OK, inbound("m id-1 ana hello"));
    report_outcome(offered(0), OUTCOME_DONE, "genesys-1");
    expect_status("edit", STATUS_OK, inbound("e id-2 ana id-1 changed"));
    expect_str("target", "genesys-1", offered(1)->target_peer_id);
    expect_status("of an unknown message", STATUS_OK,
                  inbound("e id-3 ana id-9 changed"));
    expect_str("no target", "", offered(2)->target_peer_id);
}

/* --- sessions
 * ----------------------------------------------------------------------------------------------
 */

static void message_behind_a_session_fails_at_once(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
    lines_settings.session_ms = 24 * HOUR_MS;
    expect_status("to a stranger", STATUS_OK, outbound("m g-1 ana hello"));
    expect_i64("a receipt goes", DELIVERY_RECEIPT, offered(0)->class);
    expect_i64("failed", MESSAGE_FAILED, offered(0)->event.receipt_status);
    expect_str("to the agent", "g-1", offered(0)->target_peer_id);
    expect_str("of that contact", "ana", offered(0)->event.contact_id);
    expect_str("as not allowed", "MessageNotAllowed", offered(0)->event.reason_code);
    expect_i64("the message", MESSAGE_FAILED,
               message_now(offered(0)->message_id, arena).status);
    expect_i64("is dead", 1, dead_now());
    expect_i64("and does not wait", 0, pending_now());

    expect_status("the customer writes", STATUS_OK, inbound("m id-1 ana hello"));
    advance(24 * HOUR_MS);
    expect_status("just in time", STATUS_OK, outbound("m g-2 ana hello"));
    expect_i64("a message goes", DELIVERY_MESSAGE, offered(2)->class);
    advance(1);
    expect_status("too late", STATUS_OK, outbound("m g-3 ana hello"));
    expect_i64("a receipt goes", DELIVERY_RECEIPT, offered(3)->class);
    expect_i64("dead", 2, dead_now());
}

/* --- identity
 * ----------------------------------------------------------------------------------------------
 */

static void alias_and_id_are_one_contact(void **state)
{
    (void)state;
    expect_status("known by a number", STATUS_OK, inbound("m id-1 34600 hello"));
    expect_status("which gets an id", STATUS_OK, inbound("m id-2 ES.1=34600 hello"));
    expect_i64("one contact", offered(0)->contact_row, offered(1)->contact_row);
    expect_str("as Genesys knows it", "34600", offered(1)->event.contact_id);
    expect_status("the id alone", STATUS_OK, inbound("m id-3 ES.1 hello"));
    expect_i64("one contact", offered(0)->contact_row, offered(2)->contact_row);
    expect_status("new with both", STATUS_OK, inbound("m id-4 ES.2=34700 hello"));
    expect_str("its id is its id", "ES.2", offered(3)->event.contact_id);
    expect_status("by the number", STATUS_OK, inbound("m id-5 34700 hello"));
    expect_i64("one contact", offered(3)->contact_row, offered(4)->contact_row);
    expect_status("an agent, by what Genesys knows", STATUS_OK,
                  outbound("m g-1 ES.2 hi"));
    expect_i64("one contact", offered(3)->contact_row, offered(5)->contact_row);
}

static void new_id_of_a_contact_goes_on_with_the_old_one_at_genesys(void **state)
{
    (void)state;
    expect_status("message", STATUS_OK, inbound("m id-1 ana hello"));
    expect_status("change", STATUS_OK, inbound("i id-2 ana ana-new"));
    expect_status("from the new id", STATUS_OK, inbound("m id-3 ana-new hello"));
    expect_i64("same contact", offered(0)->contact_row, offered(1)->contact_row);
    expect_str("Genesys knows the old id", "ana", offered(1)->event.contact_id);
    expect_status("agent to the old id", STATUS_OK, outbound("m g-1 ana hello"));
    expect_str("goes to the new id", "ana-new", offered(2)->event.contact_id);
    expect_status("message", STATUS_OK, inbound("m id-4 bob hello"));
    expect_status("somebody else's id", STATUS_CONFLICT, inbound("i id-5 bob ana"));
}

/* --- the table
 * ------------------------------------------------------------------------------------------------
 */

static const char *scheme;

static int set_up(void **state)
{
    (void)state;
    relay_world_up(scheme);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    relay_world_down();
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    static const char *const schemes[] = {"memory:relay", "sqlite:"};
    const struct CMUnitTest tests[] = {
        TEST(message_becomes_one_delivery),
        TEST(repeat_has_no_effect_and_the_same_answer),
        TEST(unit_with_known_events_keeps_the_new_ones),
        TEST(same_key_twice_in_one_unit_is_one_message),
        TEST(same_id_of_another_contact_is_refused_whole),
        TEST(genesys_is_never_refused_for_a_clash),
        TEST(both_sides_may_use_the_same_id),
        TEST(concurrent_copies_have_one_effect),
        TEST(forged_webhook_stores_nothing),
        TEST(too_many_pending_are_answered_503),
        TEST(reload_beside_other_jobs_keeps_the_count),
        TEST(contact_that_floods_is_told_when_to_come_again),
        TEST(genesys_is_never_held_to_the_flood_ceiling),
        TEST(unreadable_is_kept_as_a_dead_letter),
        TEST(typing_is_offered_and_never_stored),
        TEST(window_joins_until_its_last_millisecond),
        TEST(agents_message_moves_the_window_too),
        TEST(edit_belongs_to_the_conversation_of_its_message),
        TEST(agentless_message_makes_contact_and_conversation),
        TEST(delivered_inbound_message_tells_the_channel_if_it_asks),
        TEST(delivered_outbound_message_tells_genesys),
        TEST(channel_that_reports_is_waited_for),
        TEST(receipt_before_the_outcome_is_not_taken_back),
        TEST(failed_receipt_before_the_outcome_stays),
        TEST(early_receipt_waits_for_the_peers_id),
        TEST(early_receipt_is_found_after_there_were_none),
        TEST(early_receipt_is_forgotten_after_a_day),
        TEST(receipt_up_to_a_time_moves_all_that_was_sent_by_then),
        TEST(receipt_up_to_a_time_never_takes_back),
        TEST(receipt_up_to_a_time_is_of_that_contact_and_way_only),
        TEST(receipt_up_to_a_time_skips_what_failed_or_waits),
        TEST(early_receipt_up_to_a_time_waits_for_the_outcome),
        TEST(receipt_up_to_a_time_to_come_ends_now),
        TEST(early_receipt_up_to_a_time_waits_for_its_own_way),
        TEST(receipt_of_another_contact_changes_nothing),
        TEST(refused_message_is_dead_and_the_agent_is_told),
        TEST(refused_receipt_is_a_warning),
        TEST(failed_attempt_leaves_the_delivery_pending),
        TEST(answer_names_what_was_offered),
        TEST(button_is_known_by_its_token),
        TEST(number_answers_what_was_shown_as_numbers),
        TEST(number_is_only_a_number_where_buttons_were_shown),
        TEST(edit_is_sent_with_the_peers_id_of_its_message),
        TEST(message_behind_a_session_fails_at_once),
        TEST(alias_and_id_are_one_contact),
        TEST(new_id_of_a_contact_goes_on_with_the_old_one_at_genesys),
    };
    int failed = 0;
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        scheme = schemes[i];
        print_message("store: %s\n", scheme);
        failed += cmocka_run_group_tests_name(scheme, tests, NULL, NULL);
    }
    return failed;
}
