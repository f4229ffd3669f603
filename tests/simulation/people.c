/*
 * people: customers and agents, and what they say when. Their texts carry marks, so
 * that whoever gets one knows whose it is.
 */
#include "files.h"

#include <assert.h>

#include "gateway/crypto.h"
#include "gateway/limits.h"

#define TEXT_BYTES_MAX 13000
#define SHORT_BYTES 200

/* --- who there is
 * ---------------------------------------------------------------------- */

static void make_key(struct str secret, struct hmac **out)
{
    if (hmac_new(secret, out, NULL) != STATUS_OK)
        abort(); /* the machine of the simulation is out of memory */
}

/* As plan_write_config says them. */
static void make_keys(struct sim *sim, unsigned bridge)
{
    char text[64];
    uint8_t bytes[64];
    size_t len = 0;
    (void)snprintf(text, sizeof(text), "genesys-secret-of-bridge-%u", bridge);
    make_key(str_of(text), &sim->genesys_keys[bridge]);
    (void)snprintf(text, sizeof(text), PARTNER_SECRET, bridge + 1);
    if (!base64_decode(str_of(text), bytes, sizeof(bytes), &len))
        abort();
    make_key(str_from(bytes, len), &sim->partner_keys[bridge]);
}

#define name(sim, ...)                                                                 \
    arena_c_string((sim)->arena, arena_printf((sim)->arena, __VA_ARGS__))

void people_make(struct sim *sim)
{
    assert(sim->plan.bridges > 0);
    for (unsigned i = 0; i < sim->plan.bridges; i++)
        make_keys(sim, i);
    for (unsigned i = 0; i < sim->plan.people; i++) {
        struct person *person = &sim->people[i];
        person->number = i;
        person->bridge = i % sim->plan.bridges;
        /* The same id on two bridges is two people. */
        person->id = name(sim, "person-%u", i / sim->plan.bridges);
        person->contact = name(sim, "b%u/%s", person->bridge, person->id);
        person->has_file = arena_alloc(sim->arena, sim->plan.events * sizeof(bool));
        for (unsigned d = 0; d < 2; d++) {
            person->lanes[d] =
                name(sim, "%s>%s", person->contact, direction_name((enum direction)d));
            person->parts[d] =
                arena_alloc(sim->arena, sim->plan.events * sizeof(unsigned));
        }
    }
}

void people_free(struct sim *sim)
{
    for (unsigned i = 0; i < sim->plan.bridges; i++) {
        hmac_free(sim->genesys_keys[i]);
        hmac_free(sim->partner_keys[i]);
    }
}

struct person *person_find(struct sim *sim, unsigned bridge, struct str id)
{
    for (unsigned i = 0; i < sim->plan.people; i++)
        if (sim->people[i].bridge == bridge && str_is(id, sim->people[i].id))
            return &sim->people[i];
    return NULL;
}

/* --- what they say
 * ------------------------------------------------------------------------ */

struct saying {
    struct sim *sim;
    struct person *person;
    enum direction direction;
    int64_t seq;
    struct str mark;
    struct buf text; /* of a message */
};

static unsigned parts_of(const struct buf *text, size_t part_max)
{
    return (unsigned)((text->len + part_max - 1) / part_max);
}

/* Mostly short, sometimes of several parts. */
static void write_text(struct saying *saying, size_t part_max)
{
    struct sim *sim = saying->sim;
    bool is_long = sim_chance(sim, part_max > 100 ? 30 : 300);
    size_t len = (size_t)sim_between(sim, 0, 40);
    if (is_long)
        len = (size_t)sim_between(sim, 1, 2) * part_max +
              (size_t)sim_between(sim, 1, (int64_t)part_max - 1);
    buf_add(&saying->text, saying->mark);
    if (sim_fault(sim, sim->plan.poison))
        buf_add(&saying->text, STR("poison"));
    while (saying->text.len < len && saying->text.len < TEXT_BYTES_MAX)
        buf_add_char(&saying->text, (char)('a' + (char)(saying->text.len % 26)));
}

static struct hook *in_lane(const struct saying *saying, struct str id, struct str body)
{
    struct hook *hook = hook_new(
        saying->sim,
        saying->direction == DIRECTION_INBOUND ? INTAKE_CHANNEL : INTAKE_GENESYS,
        saying->person, id, body);
    hook->seq = saying->seq;
    hook->parts = 1;
    return hook;
}

/* `data` is what stands beside `from`, behind a comma. */
static struct hook *partner_event(const struct saying *saying, const char *type,
                                  struct str data)
{
    struct arena *arena = saying->sim->arena;
    struct str body = arena_printf(
        arena,
        "{\"type\":\"%s\",\"timestamp\":\"2026-02-02T00:00:00Z\",\"data\":{\"from\":"
        "{\"id\":\"%s\"}%.*s}}",
        type, saying->person->id, STR_ARG(data));
    return in_lane(saying, arena_printf(arena, "w%.*s", STR_ARG(saying->mark)), body);
}

static struct hook *customer_writes(struct saying *saying)
{
    struct arena *arena = saying->sim->arena;
    write_text(saying, LIMIT_GENESYS_TEXT);
    /* With or without its file, or a note about it, it stays one part. */
    struct str file = saying->text.len < SHORT_BYTES
                          ? files_of_message(saying->sim, saying->mark)
                          : STR_NONE;
    saying->person->has_file[saying->seq] = file.len > 0;
    struct hook *hook =
        partner_event(saying, "message.created",
                      arena_printf(arena, ",\"id\":\"%.*s\",\"text\":\"%.*s\"%.*s",
                                   STR_ARG(saying->mark),
                                   STR_ARG(buf_str(&saying->text)), STR_ARG(file)));
    hook->parts = parts_of(&saying->text, LIMIT_GENESYS_TEXT);
    return hook;
}

/* About a message before, if there is one; that it is known is not promised. */
static struct str target_of(const struct saying *saying)
{
    CLEANUP(buf_release) struct buf mark;
    buf_init(&mark, 128);
    int64_t seq = saying->seq == 0 ? 0 : sim_between(saying->sim, 0, saying->seq - 1);
    peer_write_mark(&mark, saying->person, DIRECTION_INBOUND, seq);
    return arena_copy(saying->sim->arena, buf_str(&mark));
}

static struct hook *customer_edits(struct saying *saying)
{
    return partner_event(
        saying, "message.updated",
        arena_printf(saying->sim->arena, ",\"id\":\"%.*s\",\"text\":\"%.*s\"",
                     STR_ARG(target_of(saying)), STR_ARG(saying->mark)));
}

static struct hook *customer_deletes(struct saying *saying)
{
    return partner_event(saying, "message.deleted",
                         arena_printf(saying->sim->arena, ",\"id\":\"%.*s\"",
                                      STR_ARG(target_of(saying))));
}

static struct hook *customer_reacts(struct saying *saying)
{
    return partner_event(
        saying, "reaction.updated",
        arena_printf(saying->sim->arena, ",\"id\":\"%.*s\",\"emoji\":\"%.*s\"",
                     STR_ARG(target_of(saying)), STR_ARG(saying->mark)));
}

static struct hook *customer_leaves(struct saying *saying)
{
    return partner_event(saying, "contact.left",
                         arena_printf(saying->sim->arena, ",\"reason\":\"%.*s\"",
                                      STR_ARG(saying->mark)));
}

static struct hook *genesys_event(const struct saying *saying, const char *type,
                                  struct str rest)
{
    struct arena *arena = saying->sim->arena;
    const struct person *person = saying->person;
    struct str body = arena_printf(
        arena,
        "{\"id\":\"%.*s\",\"type\":\"%s\",\"direction\":\"Outbound\",\"channel\":{"
        "\"id\":\"5a1d3a52-0000-4000-8000-00000000000%u\",\"platform\":\"Open\","
        "\"to\":{\"id\":\"%s\"},\"time\":\"2026-02-03T09:15:40.250Z\"}%.*s}",
        STR_ARG(saying->mark), type, person->bridge, person->id, STR_ARG(rest));
    return in_lane(saying, saying->mark, body);
}

static struct hook *agent_writes(struct saying *saying)
{
    size_t part_max = saying->sim->plan.bridge[saying->person->bridge].text_max;
    write_text(saying, part_max);
    struct hook *hook =
        genesys_event(saying, "Text",
                      arena_printf(saying->sim->arena, ",\"text\":\"%.*s\"",
                                   STR_ARG(buf_str(&saying->text))));
    hook->parts = parts_of(&saying->text, part_max);
    return hook;
}

/* --- typing: no lane, no promise
 * -------------------------------------------------------------- */

static void types(struct saying *saying)
{
    struct hook *hook =
        saying->direction == DIRECTION_INBOUND
            ? partner_event(saying, "typing.updated", STR_NONE)
            : genesys_event(saying, "Event",
                            STR(",\"events\":[{\"eventType\":\"Typing\"}]"));
    hook->seq = -1;
    hook_send(saying->sim, hook);
}

/* --- when
 * ------------------------------------------------------------------------------------------
 */

static struct hook *say_something(struct saying *saying)
{
    if (saying->direction == DIRECTION_OUTBOUND)
        return agent_writes(saying);
    int64_t what = sim_between(saying->sim, 0, 99);
    if (what < 4)
        return customer_edits(saying);
    if (what < 7)
        return customer_deletes(saying);
    if (what < 10)
        return customer_reacts(saying);
    if (what < 12)
        return customer_leaves(saying);
    return customer_writes(saying);
}

static void send(struct saying *saying)
{
    struct hook *hook = say_something(saying);
    saying->person->parts[hook->direction][hook->seq] = hook->parts;
    hook_send_in_lane(saying->sim, hook);
}

static void speaks(struct sim *sim, void *context)
{
    struct person *person = context;
    enum direction direction = (enum direction)sim_between(sim, 0, 1);
    CLEANUP(buf_release) struct buf mark;
    struct saying saying = {.sim = sim, .person = person, .direction = direction};
    buf_init(&mark, 128);
    buf_init(&saying.text, TEXT_BYTES_MAX + 128);
    bool is_typing = sim_chance(sim, 50);
    saying.seq = is_typing ? 0 : person->next_seq[direction]++;
    peer_write_mark(&mark, person, direction, saying.seq);
    saying.mark = arena_copy(sim->arena, buf_str(&mark));
    if (is_typing)
        types(&saying);
    else
        send(&saying);
    buf_release(&saying.text);
}

void people_plan(struct sim *sim)
{
    for (unsigned i = 0; i < sim->plan.events; i++) {
        struct person *person =
            &sim->people[sim_between(sim, 0, (int64_t)sim->plan.people - 1)];
        sim_after(sim, sim_between(sim, 0, sim->plan.traffic_ms), speaks, person);
    }
}
