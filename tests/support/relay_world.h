/*
 * relay_world: relay on a real store and writer, between the peers of support/lines.h,
 * and a dispatcher that keeps what it is given.
 */
#pragma once

#include "support/expect.h"
#include "support/folder.h"
#include "support/lines.h"

#include "gateway/relay.h"
#include "gateway/store.h"

#define RELAY_OFFERS 64

struct relay_world {
    struct store *store;
    struct writer *writer;
    struct relay *relay;
    struct config *config;
    struct arena *arena;          /* of the current webhook */
    char directory[FOLDER_BYTES]; /* of a file database, or empty */
    struct now now;

    struct delivery *offers[RELAY_OFFERS]; /* owned; oldest first */
    size_t offer_count;
    struct report *recorded; /* the last one */
    int64_t ordered_row;     /* of the last order to the engine */
    enum bridge_order ordered;
    unsigned order_count;

    /* The last webhook's answer. */
    struct intake_answer answer;
    char public_id[PUBLIC_ID_BYTES]; /* empty: none */
    int64_t conversation;
    bool shows_numbers; /* how options are sent */
};

extern struct relay_world *relay_world;

/* `url` prefix: "memory:relay" or "sqlite:" (a file of its own is made). */
void relay_world_up(const char *scheme);
void relay_world_down(void);

/* One webhook; the status of the answer. */
enum status inbound(const char *lines);
enum status outbound(const char *lines);
/* Begins a webhook without letting the writer work. */
struct intake *inbound_begin(const char *lines);
enum status inbound_end(struct intake *intake);

/* Ends an attempt of an offered delivery and commits it. */
void report_outcome(const struct delivery *delivery, enum outcome outcome,
                    const char *provider_id);
/* The n-th offer since the last offers_clear. */
const struct delivery *offered(size_t n);
void offers_clear(void);
void advance(int64_t ms);
/* One round of what time takes away. */
void tidy(void);

/* As stored now. */
struct message message_now(int64_t row, struct arena *arena);
int64_t pending_now(void);
int64_t dead_now(void);
