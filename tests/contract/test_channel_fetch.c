/*
 * How the files that webhooks name are got: fetch_next of every channel that has a
 * folder fetch/ of fixtures:
 *
 *   "attachment"  as decode leaves it; more "settings" than those of channel.json
 *   "exchanges"   each an "exchange" that is asked for and the "reply" to it; the last
 *                 one may have no reply: its answer is the file
 *   "file"        true: the last exchange brings it; or what it comes to:
 *   "result"      "outcome", "reason", "reason_code" of refusals, "retry_after_ms"
 */
#include "support/channel_fixture.h"
#include "support/expect.h"
#include "support/protocol_fixture.h"

#include "gateway/channels.h"
#include "gateway/limits.h"

#include <glob.h>

#define PATH_BYTES 512
static const struct now suite_now = {.wall_ms = INT64_C(1770110150999)};

static const struct channel *channel; /* of the row that is tested */
static struct arena *arena;

static json_t *result_of(const struct fetch_result *result)
{
    json_t *object = json_object();
    json_object_set_new(object, "outcome", json_string(outcome_name(result->outcome)));
    json_object_set_new(object, "reason",
                        json_stringn(result->reason.ptr, result->reason.len));
    if (result->outcome == OUTCOME_REFUSED_MESSAGE)
        json_object_set_new(object, "reason_code",
                            json_string(reason_code_name(result->reason_code)));
    if (result->retry_after_ms >= 0)
        json_object_set_new(object, "retry_after_ms",
                            json_integer(result->retry_after_ms));
    return object;
}

static enum fetch_step step(struct fetch *fetch, const struct reply *last,
                            struct fetch_result *out)
{
    *out = (struct fetch_result){.retry_after_ms = -1};
    return channel->source->fetch_next(fetch, last, suite_now, out);
}

static void check_fetch(const char *name, json_t *fixture)
{
    struct config *config = channel_fixture_config(channel, fixture, arena);
    const json_t *given = json_object_get(fixture, "attachment");
    const struct attachment attachment = {
        .url = fixture_text(given, "url", arena),
        .ref = fixture_text(given, "ref", arena),
        .mime = fixture_text(given, "mime", arena),
    };
    struct fetch fetch = {
        .attachment = &attachment, .bridge = &config->bridges[0], .arena = arena};
    struct fetch_result result;
    struct reply reply;
    enum fetch_step now_is = step(&fetch, NULL, &result);
    size_t i;
    const json_t *row;

    json_array_foreach(json_object_get(fixture, "exchanges"), i, row)
    {
        expect_true(name, now_is != FETCH_OVER);
        expect_json(name, json_object_get(row, "exchange"),
                    fixture_of_exchange(&result.exchange));
        expect_true("what comes from outside is guarded",
                    result.exchange.is_outside_url ==
                        json_is_true(json_object_get(row, "is_outside_url")));
        if (json_object_get(row, "reply") == NULL)
            break;
        reply = channel_fixture_reply(row, arena);
        now_is = step(&fetch, &reply, &result);
    }
    if (json_is_true(json_object_get(fixture, "file"))) {
        expect_i64(name, FETCH_FILE, now_is);
    } else {
        expect_i64(name, FETCH_OVER, now_is);
        expect_json(name, json_object_get(fixture, "result"), result_of(&result));
    }
    config_drop(config);
}

static void exchanges_lead_to_the_files_of_the_fixtures(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct channel *const *at = channels; *at != NULL; at++) {
        char path[PATH_BYTES];
        glob_t found;
        channel = *at;
        (void)snprintf(path, sizeof(path), "%s/%s/fetch", FIXTURES, channel->name);
        bool is_there = glob(path, 0, NULL, &found) == 0;
        globfree(&found);
        expect_true("whoever fetches in a way of its own has fixtures of it",
                    is_there || channel->source->fetch_next == fetch_url);
        if (!is_there)
            continue;
        fixture_each(path, check_fetch);
        arena_reset(arena);
        count++;
    }
    expect_true("some do", count > 0);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(exchanges_lead_to_the_files_of_the_fixtures,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
