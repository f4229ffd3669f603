/*
 * The contract of setup.h, held by every row of the table of channels that has a plan.
 * What is particular to a channel stands in its folder setup/:
 *
 *   "goal"       check or connect; more "settings" than those of channel.json
 *   "exchanges"  each an "exchange" that is asked for, and the "reply" to it
 *   "findings"   [state, about, text]
 *   "where", "values"   what a person enters: [label, value]
 */
#include "support/channel_fixture.h"
#include "support/expect.h"
#include "support/protocol_fixture.h"

#include "gateway/channels.h"
#include "gateway/limits.h"
#include "gateway/setup.h"

#define PATH_BYTES 512
static const struct now suite_now = {.wall_ms = INT64_C(1770110150999)};

static const struct channel *channel; /* of the row that is tested */
static struct arena *arena;

static json_t *text_of(struct str text)
{
    return json_stringn(text.len == 0 ? "" : text.ptr, text.len);
}

static json_t *findings_of(const struct setup *setup)
{
    json_t *list = json_array();
    for (size_t i = 0; i < setup->finding_count; i++) {
        const struct setup_finding *finding = &setup->findings[i];
        json_t *row = json_array();
        json_array_append_new(row, json_string(setup_level_name(finding->level)));
        json_array_append_new(row, json_string(finding->about));
        json_array_append_new(row, text_of(finding->text));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *values_of(const struct setup *setup)
{
    json_t *list = json_array();
    for (size_t i = 0; i < setup->value_count; i++) {
        json_t *row = json_array();
        json_array_append_new(row, json_string(setup->values[i].label));
        json_array_append_new(row, text_of(setup->values[i].value));
        json_array_append_new(list, row);
    }
    return list;
}

static struct setup setup_of(const struct config *config, enum setup_goal goal)
{
    return (struct setup){
        .bridge = &config->bridges[0],
        .goal = goal,
        .arena = arena,
        .id = STR("019c2228b81a7d3c9a51e0f7c6b5a493"),
        .now = suite_now,
    };
}

static void check_exchanges(const char *name, struct setup *setup,
                            const json_t *exchanges)
{
    struct reply reply;
    const struct reply *last = NULL;
    size_t i;
    const json_t *row;

    json_array_foreach(exchanges, i, row)
    {
        expect_i64(name, SETUP_EXCHANGE, setup_next(setup, last));
        expect_json(name, json_object_get(row, "exchange"),
                    fixture_of_exchange(&setup->exchange));
        expect_true("there is an end to waiting", setup->exchange.timeout_ms > 0);
        expect_false("the URL is the configuration's", setup->exchange.is_outside_url);
        reply = channel_fixture_reply(row, arena);
        last = &reply;
    }
    expect_i64(name, SETUP_DONE, setup_next(setup, last));
}

static void check_values(const char *name, const json_t *fixture,
                         const struct setup *setup)
{
    const json_t *want = json_object_get(fixture, "values");

    expect_true("values and the place for them go together",
                (setup->where == NULL) == (setup->value_count == 0));
    if (want == NULL) {
        expect_i64(name, 0, (int64_t)setup->value_count);
        return;
    }
    expect_json(name, want, values_of(setup));
    expect_str(name, fixture_text(fixture, "where", arena).ptr, str_of(setup->where));
}

static void check_setup(const char *name, json_t *fixture)
{
    struct config *config = channel_fixture_config(channel, fixture, arena);
    bool connects = str_is(fixture_text(fixture, "goal", arena), "connect");
    struct setup setup = setup_of(config, connects ? SETUP_CONNECT : SETUP_CHECK);

    setup_begin(&setup, channel->setup);
    check_exchanges(name, &setup, json_object_get(fixture, "exchanges"));
    expect_json(name, json_object_get(fixture, "findings"), findings_of(&setup));
    check_values(name, fixture, &setup);
    config_drop(config);
}

static bool next_channel(const struct channel *const **at)
{
    for (; **at != NULL; (*at)++) {
        channel = **at;
        expect_true("a channel has a plan, or setup_none", channel->setup != NULL);
        if (channel->setup == &setup_none)
            continue;
        (*at)++;
        return true;
    }
    return false;
}

static void exchanges_come_to_the_findings_of_the_fixtures(void **state)
{
    (void)state;
    const struct channel *const *at = channels;
    while (next_channel(&at)) {
        char path[PATH_BYTES];
        (void)snprintf(path, sizeof(path), "%s/%s/setup", FIXTURES, channel->name);
        fixture_each(path, check_setup);
        arena_reset(arena);
    }
}

/* ---- whatever is answered ---- */

/* What a service may say one day, at every stage. */
static void check_odd(const char *body, enum setup_goal goal, enum reply_kind kind,
                      int status)
{
    struct config *config = channel_fixture_config(channel, NULL, arena);
    struct setup setup = setup_of(config, goal);
    const struct reply reply = {.kind = kind,
                                .status = status,
                                .body = str_of(body),
                                .retry_after_ms = -1,
                                .why = "no answer in time"};
    const struct reply *last = NULL;
    unsigned asked = 0;

    setup_begin(&setup, channel->setup);
    while (setup_next(&setup, last) == SETUP_EXCHANGE) {
        assert_true(asked++ < 20);
        last = &reply;
    }
    expect_true("what went wrong is said",
                asked == 0 || setup_verdict(&setup) >= SETUP_UNREACHABLE ||
                    (kind == REPLY_ANSWER && status < 300));
    expect_true("without an answer nothing is known",
                asked == 0 || kind == REPLY_ANSWER ||
                    setup_verdict(&setup) == SETUP_UNREACHABLE);
    config_drop(config);
    arena_reset(arena);
}

static void whatever_is_answered_something_is_said(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "", "{}", "[]", "no JSON", "null", "{\"ok\":false}", "{\"error\":1}"};
    static const int statuses[] = {200, 204, 302, 400, 401, 403,
                                   404, 409, 429, 500, 502, 503};
    static const enum setup_goal goals[] = {SETUP_CONNECT, SETUP_CHECK};
    const struct channel *const *at = channels;

    while (next_channel(&at))
        for (size_t g = 0; g < COUNT_OF(goals); g++) {
            check_odd("", goals[g], REPLY_NOT_SENT, 0);
            check_odd("", goals[g], REPLY_UNKNOWN, 0);
            for (size_t b = 0; b < COUNT_OF(bodies); b++)
                for (size_t s = 0; s < COUNT_OF(statuses); s++)
                    check_odd(bodies[b], goals[g], REPLY_ANSWER, statuses[s]);
        }
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(exchanges_come_to_the_findings_of_the_fixtures),
        TEST(whatever_is_answered_something_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
