#include "channel_fixture.h"

#include "expect.h"
#include "plain_channel.h"
#include "protocol_fixture.h"

#define PATH_BYTES 512

json_t *channel_fixture_load(const struct channel *channel, const char *file)
{
    char path[PATH_BYTES];
    json_error_t why;

    (void)snprintf(path, sizeof(path), "%s/%s/%s", FIXTURES, channel->name, file);
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (json == NULL)
        print_error("%s:%d: %s\n", path, why.line, why.text);
    assert_non_null(json);
    return json;
}

/* JSON is YAML: the settings of the fixture stand in the file as they are. */
struct config *channel_fixture_config(const struct channel *channel,
                                      const json_t *fixture, struct arena *arena)
{
    const struct channel *const table[] = {channel, NULL};
    json_t *record = channel_fixture_load(channel, "channel.json");
    json_t *settings = json_deep_copy(json_object_get(record, "settings"));
    json_t *more_settings = json_object_get(fixture, "settings");
    const char *public_url = json_string_value(json_object_get(fixture, "public_url"));
    if (more_settings != NULL)
        assert_int_equal(0, json_object_update(settings, more_settings));
    char *text = json_dumps(settings, JSON_COMPACT);
    struct str yaml = arena_printf(
        arena,
        "public_url: %s\n"
        "genesys:\n"
        "  - { name: main, api_url: \"http://127.0.0.1:1\", login_url: "
        "\"http://127.0.0.1:1\", client_id: a, client_secret: b }\n"
        "bridges:\n"
        "  - { name: one, channel: %s, genesys: main, integration_id: i-1, "
        "genesys_secrets: [ { value: a-secret-of-the-test } ], %s: %s }\n",
        public_url == NULL ? "https://hooks.example.com" : public_url, channel->name,
        channel->name, text);
    free(text);
    json_decref(settings);
    json_decref(record);
    return plain_config(yaml.ptr, table);
}

struct reply channel_fixture_reply(const json_t *object, struct arena *arena)
{
    const json_t *given = json_object_get(object, "reply");

    return (struct reply){
        .kind = (enum reply_kind)fixture_i64(given, "kind", REPLY_ANSWER),
        .status = (int)fixture_i64(given, "status", 0),
        .body = fixture_text(given, "body", arena),
        .retry_after_ms = fixture_i64(given, "retry_after_ms", -1),
        .why = arena_c_string(arena, fixture_text(given, "why", arena)),
    };
}
