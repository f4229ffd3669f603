#include "support/lines.h"

#include "support/must.h"
#include "support/plain_channel.h"

#include "gateway/choice.h"

struct lines_settings lines_settings;

/* --- the sources ------------------------------------------------------------ */

static struct event_key key_of(enum id_side side, enum id_kind kind, struct str id)
{
    return (struct event_key){.side = side, .kind = kind, .id = id};
}

static enum message_status status_of(struct str name)
{
    for (int i = MESSAGE_ACCEPTED; i <= MESSAGE_FAILED; i++)
        if (str_is(name, message_status_name((enum message_status)i)))
            return (enum message_status)i;
    must(false, "a line names a status");
    return MESSAGE_FAILED;
}

static void offer_choices(struct event *event, struct arena *arena)
{
    struct str rest = event->text;
    if (str_find_byte(rest, '|') < 0)
        return;
    event->content.quick_replies = arena_alloc(arena, 8 * sizeof(struct choice));
    while (rest.len > 0) {
        struct str word = str_cut(&rest, '|');
        event->content.quick_replies[event->content.quick_reply_count++] =
            (struct choice){.label = word, .payload = word};
    }
}

static void decode_line(struct str line, enum direction direction, struct arena *arena,
                        struct event *event)
{
    bool is_inbound = direction == DIRECTION_INBOUND;
    enum id_side side = is_inbound ? ID_SIDE_CHANNEL : ID_SIDE_GENESYS;
    char kind = str_cut(&line, ' ').ptr[0];

    event->source_id = str_cut(&line, ' ');
    event->alias = str_cut(&line, ' ');
    event->contact_id = str_cut(&event->alias, '=');
    event->keys[event->key_count++] = key_of(side, ID_KIND_MESSAGE, event->source_id);
    switch (kind) {
    case 'm':
        event->kind = EVENT_MESSAGE;
        event->text = line;
        offer_choices(event, arena);
        return;
    case 'c':
        event->kind = EVENT_ANSWER;
        event->has_choice = choice_token_read(
            str_cut(&line, ' '), &event->choice_message, &event->choice_ordinal);
        must(event->has_choice, "a line names a button");
        event->text = line;
        return;
    case 'a':
    case 'e':
        event->kind = kind == 'a' ? EVENT_ANSWER : EVENT_EDIT;
        event->target = key_of(kind == 'a' ? ID_SIDE_GATEWAY : side, ID_KIND_MESSAGE,
                               str_cut(&line, ' '));
        event->has_target = true;
        event->text = line;
        event->answer_payload = kind == 'a' ? line : STR_NONE;
        return;
    case 'r':
    case 'p':
        event->kind = EVENT_RECEIPT;
        event->target = key_of(kind == 'r' ? ID_SIDE_GATEWAY : side, ID_KIND_MESSAGE,
                               str_cut(&line, ' '));
        event->has_target = true;
        event->receipt_status = status_of(line);
        event->keys[0].kind = ID_KIND_RECEIPT;
        return;
    case 'w':
        event->kind = EVENT_RECEIPT;
        must(str_to_i64(str_cut(&line, ' '), &event->receipt_until_ms),
             "a line names a time");
        event->receipt_status = status_of(line);
        event->keys[0].kind = ID_KIND_RECEIPT;
        return;
    case 'i':
        event->kind = EVENT_IDENTITY;
        event->new_id = line;
        return;
    case 't':
        event->kind = EVENT_TYPING;
        event->key_count = 0;
        return;
    case 'u':
        event->kind = EVENT_UNREADABLE;
        event->contact_id = STR_NONE;
        event->raw = line;
        return;
    default:
        must(false, "a line begins with a known letter");
    }
}

static enum status decode(struct arena *arena, const struct http_message *message,
                          struct unit *unit)
{
    struct str rest = message->body;
    unit->events = arena_alloc(arena, 16 * sizeof(struct event));
    while (rest.len > 0)
        decode_line(str_cut(&rest, '\n'), unit->direction, arena,
                    &unit->events[unit->event_count++]);
    return STATUS_OK;
}

static enum status lines_decode(const struct bridge *bridge,
                                const struct http_message *message, struct arena *arena,
                                struct unit *unit, struct error *err)
{
    (void)bridge;
    (void)err;
    return decode(arena, message, unit);
}

static enum status lines_verify(const struct bridge *bridge,
                                const struct http_message *message, struct now now,
                                struct error *err)
{
    (void)bridge;
    (void)now;
    if (str_starts(message->body, STR("forged")))
        return fail(err, STATUS_DENIED, "forged");
    return STATUS_OK;
}

static void lines_ack(const struct bridge *bridge, const struct unit *unit,
                      const struct acceptance *acceptance, struct arena *arena,
                      struct http_reply *reply)
{
    (void)bridge;
    (void)unit;
    reply->body =
        arena_printf(arena, "%lld %s", (long long)acceptance->conversation,
                     acceptance->public_id == NULL ? "" : acceptance->public_id);
}

void lines_answer(const struct http_reply *reply, char out_id[PUBLIC_ID_BYTES],
                  int64_t *out_conversation)
{
    struct str rest = reply->body;
    out_id[0] = '\0';
    *out_conversation = 0;
    if (rest.len == 0)
        return;
    must(str_to_i64(str_cut(&rest, ' '), out_conversation),
         "an answer begins with a conversation");
    (void)snprintf(out_id, PUBLIC_ID_BYTES, "%.*s", STR_ARG(rest));
}

static const struct source channel_source = {
    .handshake = source_no_handshake,
    .verify = lines_verify,
    .decode = lines_decode,
    .ack = lines_ack,
    .fetch_next = fetch_url,
    .refuses_content = true,
};
const struct source lines_genesys_source = {
    .handshake = source_no_handshake,
    .verify = lines_verify,
    .decode = lines_decode,
    .ack = lines_ack,
    .fetch_next = fetch_url,
};

/* --- the channel ------------------------------------------------------------ */

static void capabilities(const struct bridge *bridge, struct capabilities *out)
{
    (void)bridge;
    *out = (struct capabilities){
        .receipts = lines_settings.channel_reports,
        .typing = true,
        .session_ms = lines_settings.session_ms,
        .wants_status_accepted = lines_settings.wants_accepted,
        .wants_status_failed = true,
    };
}

static const struct sender no_sender = {.credential_next = sender_no_credential};
static const struct channel lines_channel = {
    .name = "lines",
    .settings_size = 1,
    .settings_ready = plain_settings_ready,
    .settings_release = plain_settings_release,
    .capabilities = capabilities,
    .source = &channel_source,
    .sender = &no_sender,
    .setup = &setup_none,
};
static const struct channel *const lines_channels[] = {&lines_channel, NULL};

/* --- the configuration ------------------------------------------------------ */

static const char config_text[] =
    "public_url: http://127.0.0.1\n"
    "database: \"sqlite:/unused\"\n"
    "limits: { max_pending: 40 }\n"
    "genesys:\n"
    "  - { name: main, api_url: \"http://127.0.0.1:1\", login_url: "
    "\"http://127.0.0.1:1\", client_id: a, client_secret: b }\n"
    "bridges:\n"
    "  - { name: one, channel: lines, genesys: main, integration_id: i-1, "
    "genesys_secrets: [ { value: a-secret-of-the-test } ] }\n";

struct config *lines_config(void)
{
    return plain_config(config_text, lines_channels);
}
