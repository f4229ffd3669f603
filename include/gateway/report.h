/*
 * report: how delivery and relay speak, without knowing each other. The engine reports
 * what an attempt came to; relay keeps it in the writer's transaction and says when it
 * is committed, with the deliveries that follow from it. commands/serve introduces
 * them.
 */
#pragma once

#include "gateway/delivery.h"
#include "gateway/queue.h"
#include "gateway/sender.h"

struct filing;

/*
 * Belongs to the engine; lent to the recorder from record() until recorded(). All views
 * live as long.
 */
struct report {
    struct queue_node node; /* the engine's, on the way back */
    const struct delivery *delivery;
    const struct bridge *bridge;

    enum outcome outcome;
    unsigned attempts;            /* ended ones, this one included */
    unsigned parts_done;          /* after this report */
    unsigned part;                /* ordinal of the part just done */
    unsigned possible_duplicates; /* sends so far that repeated a lost answer */
    int64_t age_ms;
    int http_status;
    enum reason_code reason_code;
    struct str reason;
    struct str provider_id;
    struct str genesys_conversation_id;
    enum pause_scope pause;
    bool shows_numbers;
    bool has_lost_file; /* the message went without a file: reason says why */
    bool peer_reports_failure;
    bool is_possible_duplicate; /* this attempt repeated one whose answer was lost */
    bool may_have_arrived;      /* the next attempt will be one */
    bool ends_pause;            /* it went through although its scope was paused */
    int64_t started_ms;         /* wall */
    int64_t ended_ms;           /* wall */
    int64_t took_ms;            /* by the monotonic clock */
    int64_t end_to_end_ms;      /* from acceptance until now; see accepted_mono_ms */

    /* Filled by the recorder: the epoch was old, so another owner has the lane. */
    bool is_stale;
};

/* What the engine needs of relay. Called on the engine thread. */
struct recorder {
    /* Keeps a place for one report; false: none free, try again soon. */
    bool (*reserve)(void *context);
    void (*unreserve)(void *context);
    /* Uses a reserved place. */
    void (*record)(void *context, struct report *report);
    /* Takes a file to its row; dispatcher.filed follows. Only where there is a media
     * folder. */
    void (*file)(void *context, struct filing *filing);
    void *context;
};

/* An operator's word about a bridge, both directions of it. */
enum bridge_order {
    BRIDGE_PAUSE,  /* nothing of it starts, nor is it probed, until it is resumed */
    BRIDGE_RESUME, /* also ends what the gateway paused, and tries its organisation */
    BRIDGE_FORGET, /* what waits of it in memory is settled in the store */
};
/* Whose word a stored pause is; any other name is an operator's. */
#define PAUSED_BY_GATEWAY "gateway"

/* What relay needs of the engine. Called on the writer thread (typing: the front). */
struct dispatcher {
    /* New work, a list in order of acceptance; owned by the dispatcher from then on. */
    void (*offer)(void *context, struct delivery *list);
    /* The report is committed. */
    void (*recorded)(void *context, struct report *report);
    /* The file has its row, or cannot have one. Writer or files thread. */
    void (*filed)(void *context, struct filing *filing);
    void *context;
    /* The order is committed. */
    void (*order)(void *context, int64_t bridge_row, enum bridge_order order);
};
