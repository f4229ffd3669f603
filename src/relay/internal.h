/*
 * internal: what the files of relay share.
 */
#pragma once

#include "flood.h"
#include "gateway/metrics.h"
#include "gateway/relay.h"
#include "gateway/store.h"
#include "space.h"

#include <stdatomic.h>

enum webhook_result {
    WEBHOOK_ACCEPTED,
    WEBHOOK_DUPLICATE,
    WEBHOOK_BAD_SIGNATURE,
    WEBHOOK_INVALID,
    WEBHOOK_OVERLOAD,
    WEBHOOK_ERROR,
    WEBHOOK_RESULT_COUNT,
};

/* Counters of one bridge; lives as long as relay, whatever snapshots come and go. */
struct tally {
    struct tally *next;
    char *name;
    int64_t bridge_row;
    _Atomic int64_t pending; /* deliveries ready or waiting */
    _Atomic int64_t dead;
    struct series *webhooks[2][WEBHOOK_RESULT_COUNT]; /* by enum intake_peer */
    struct series *ack[2];
    struct series *end_to_end[2]; /* by direction */
    struct series *outcomes[2][OUTCOME_COUNT];
    struct series *pending_gauge;
    struct series *dead_gauge;
    struct series *possible_duplicates;
    struct series *conflicts;
    struct series *unreadable;
};

struct tidy_job {
    struct write_job job;
    struct relay *relay;
    int64_t id_life_ms;
    atomic_bool is_waiting;
};

struct relay {
    struct relay_settings settings;
    struct random random;        /* writer thread: public ids */
    struct arena *arena;         /* writer thread: one outcome at a time */
    struct series *strangers[2]; /* webhooks for a bridge that is not there, by peer */
    struct tally *tallies; /* start, then the writer thread, which syncs bridges */
    bool early_receipts;   /* writer thread: some may wait; see receipts.c */
    struct tidy_job tidy;
    struct flood *flood;      /* front thread */
    struct space_watch space; /* front thread */
};

/* The counter of refused webhooks that name no bridge of ours. */
struct series *tally_strangers(enum intake_peer peer);
struct tally *tally_new(struct relay *relay, const char *bridge_name,
                        int64_t bridge_row);
/* NULL when this process has not served the bridge. */
struct tally *tally_find(const struct relay *relay, struct str bridge_name);
struct tally *tally_of_row(const struct relay *relay, int64_t bridge_row);
void tally_free_all(struct relay *relay);
void tally_moved(struct tally *tally, int64_t pending, int64_t dead);

/* A list of deliveries in order, built while a job runs. */
struct delivery_list {
    struct delivery *first;
    struct delivery **last;
};
void delivery_list_init(struct delivery_list *list);
void delivery_list_add(struct delivery_list *list, struct delivery *delivery);
void delivery_list_drop(struct delivery_list *list);
struct delivery *delivery_list_take(struct delivery_list *list);

/* What one job does inside the transaction, and what it leaves for after the commit. */
struct work {
    struct relay *relay;
    struct store *store;
    const struct bridge *bridge;
    struct arena *arena;
    struct now now;
    struct str trace;     /* W3C traceparent of the webhook, or empty */
    bool refuses_content; /* of the source: a clash of ids is the sender's to mend */
    struct delivery_list follow_ups; /* for the dispatcher, after the commit */
    int64_t pending;                 /* change of the bridge's tally */
    int64_t dead;
    unsigned conflicts;
    unsigned unreadable;
};

void work_begin(struct work *work);
/* After the commit: counts what changed and hands the follow-ups over. */
void work_committed(struct work *work);
/* After a failure: forgets the follow-ups. */
void work_failed(struct work *work);

/* accept.c */
MUST_CHECK enum status accept_unit(struct work *work, const struct unit *unit,
                                   struct acceptance *out, struct error *err);

/* known.c: whether an event came before. */
struct known {
    bool is_known;
    bool other_body;
    int64_t message;
};
/* Tells a repeat from another body under the same key. */
uint32_t known_body_tag(const struct event *event);
/* Tells whether names and attributes are those stored last. */
uint32_t known_profile_tag(const struct event *event);
/* What the event's keys say: known before, and as which message. */
MUST_CHECK enum status known_find(struct work *work, const struct event *event,
                                  uint32_t tag, struct known *out, struct error *err);
MUST_CHECK enum status known_add(struct work *work, const struct event *event,
                                 uint32_t tag, int64_t message, struct error *err);
/* DUPLICATE, with the answer of the first; CONFLICT where it must be refused. */
MUST_CHECK enum status known_answer(struct work *work, const struct event *event,
                                    const struct known *known, struct acceptance *out,
                                    struct error *err);

/* target.c: the message that an event is about. */
/* Only one of the same contact is found. An option that was pressed or typed turns the
 * event into the answer that it is; an answer that fits nothing finds nothing. */
MUST_CHECK enum status target_find(struct work *work, struct event *event,
                                   enum direction direction,
                                   const struct contact *contact, struct message *out,
                                   bool *out_found, struct error *err);
/* The id under which the side that will get an event knows its target. */
struct str target_peer_id(const struct message *target, enum direction direction);

/* receipts.c: a message's status moves; the other side is told when it wants to know.
 */
struct status_change {
    enum message_status status;
    enum reason_code reason_code;
    struct str reason;
};
/* The status the other side is told for a change; false: nothing. */
bool receipts_tell(const struct work *work, const struct message *message,
                   enum message_status status, enum message_status *out);
/* Nothing happens where the message's status may not follow, or not yet. */
MUST_CHECK enum status receipts_status(struct work *work, struct message *message,
                                       const struct status_change *change,
                                       struct error *err);
/* A receipt event of either side. */
MUST_CHECK enum status receipts_accept(struct work *work, const struct event *event,
                                       enum direction direction, int64_t *out_message,
                                       struct error *err);
/* Whether `id` is, or once was, the id of the message's contact. */
MUST_CHECK enum status receipts_is_contact(struct work *work, struct str id,
                                           const struct message *message, bool *out_is,
                                           struct error *err);
/* The peer's id of a message is known now: a receipt may have come before. */
MUST_CHECK enum status receipts_join(struct work *work, struct message *message,
                                     const struct event_key *key, struct error *err);
/* The attempt that began then sent the message: a receipt of all that was sent may have
 * come before its outcome. */
MUST_CHECK enum status receipts_join_until(struct work *work, struct message *message,
                                           int64_t started_ms, struct error *err);
/* Genesys' reason codes by name; GeneralError for others. */
enum reason_code receipts_reason(struct str name);

/* outcome.c */
bool outcome_reserve(void *context);
void outcome_unreserve(void *context);
void outcome_record(void *context, struct report *report);

/* filing.c */
struct filing;
void filing_begin(void *context, struct filing *filing);
