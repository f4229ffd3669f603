/*
 * sender: how a delivery is said to a peer. Pure protocol code: it is asked for the
 * next exchange, told the reply, and in the end says the outcome. Implemented by every
 * channel (towards the customer) and by genesys/inbound.c (towards Genesys Cloud).
 *
 * Called on the engine thread only.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/bridge.h"
#include "gateway/clock.h"
#include "gateway/delivery.h"
#include "gateway/exchange.h"
#include "gateway/file.h"

/* A token of an account, owned by the engine. Empty token: none yet. */
struct credential {
    struct str token;    /* owned by the account */
    int64_t fetched_ms;  /* mono */
    int64_t lifetime_ms; /* as the peer said */
    uint64_t generation; /* counts up with each new token; 0: none yet */
};

/* How the file of the part that is said goes. */
enum file_way {
    FILE_NONE = 0,    /* there is none, or it never was to be one */
    FILE_SAID = 1,    /* in a form that the service takes */
    FILE_AS_LINK = 2, /* the service refused it so: as a link in a text */
};

/* One try of a delivery. Lives in the attempt's arena. */
struct attempt {
    const struct delivery *delivery;     /* borrowed */
    const struct bridge *bridge;         /* borrowed from the attempt's configuration */
    const struct credential *credential; /* of the account; current at each call */
    struct arena *arena;
    /* What became of the attachments, one each; NULL: they are only named. */
    const struct file *files;
    /* Of typing, where the channel names a message with it: what the contact said
     * last. Empty: nothing since the gateway began. */
    struct str heard_id;
    unsigned step; /* the sender's own count within the attempt; starts at 0 */
    void *kept;    /* the sender's own, for a part that takes several exchanges: in the
                      arena, which each part begins anew; starts NULL */
    enum file_way file_way; /* likewise; of channels/saying */
    unsigned
        parts_done;     /* starts at delivery->parts_done; the engine counts progress */
    bool shows_numbers; /* the sender's word: the message's options go as numbered text
                         */
    uint64_t credential_used; /* generation the last exchange was sent with */
};

enum sender_step {
    SENDER_EXCHANGE, /* out->exchange is to be sent */
    SENDER_PROGRESS, /* out->provider_id: this part is done; commit, then ask again
                        with last = NULL */
    SENDER_OUTCOME,  /* out->outcome ... : the attempt is over */
    SENDER_NEED_CREDENTIAL, /* park until a credential newer than credential_used is
                               there */
};

/* What a broken outcome pauses. Source: design.md section 6, "Outcomes". */
enum pause_scope {
    PAUSE_ORGANISATION = 0,
    PAUSE_BRIDGE_TO_GENESYS = 1,
    PAUSE_BRIDGE_TO_CHANNEL = 2,
};
const char *pause_scope_name(enum pause_scope scope); /* "organisation", ... */

/* Whom a SLOW_DOWN is said of. */
enum hold_scope {
    HOLD_ACCOUNT = 0,
    HOLD_PERHAPS_CONTACT = 1, /* the service does not tell: the account once a second
                                 contact is held as well */
    HOLD_CONTACT = 2,         /* never the account */
};

struct sender_result {
    struct exchange exchange;

    enum outcome outcome;
    int http_status;              /* of the deciding answer; 0 when there was none */
    int64_t retry_after_ms;       /* -1: not said */
    enum reason_code reason_code; /* of refusals */
    struct str reason;            /* for people; no text of a message, no secret */
    enum pause_scope pause;       /* of OUTCOME_BROKEN */
    enum hold_scope holds;        /* of SLOW_DOWN */
    bool may_have_arrived;        /* repeat would be a possible duplicate */

    struct str provider_id; /* of the part, as the peer named it; may be empty */
    struct str genesys_conversation_id; /* Genesys answered with it; may be empty */
    bool peer_reports_failure; /* 2xx, yet the body says Failed (receipt call) */

    /* credential_next */
    struct str token;
    int64_t lifetime_ms;
};

struct sender {
    /*
     * `last` is NULL at the start of an attempt and after progress, else the reply to
     * the exchange asked for before. Results live in attempt->arena.
     */
    enum sender_step (*next)(struct attempt *attempt, const struct reply *last,
                             struct now now, struct sender_result *out);
    /*
     * The same for the account's credential: SENDER_EXCHANGE, or SENDER_OUTCOME with
     * OUTCOME_DONE + token + lifetime_ms, RETRY, SLOW_DOWN, UNKNOWN or BROKEN. `bridge`
     * is any bridge of the account. Senders without credentials use
     * sender_no_credential.
     */
    enum sender_step (*credential_next)(const struct bridge *bridge,
                                        struct arena *arena, const struct reply *last,
                                        struct now now, struct sender_result *out);
};

enum sender_step sender_no_credential(const struct bridge *bridge, struct arena *arena,
                                      const struct reply *last, struct now now,
                                      struct sender_result *out);

/*
 * The outcome when an exchange could not even be built: RETRY when memory ran out
 * (STATUS_RETRY), else this message is refused, with the error as reason.
 */
enum sender_step sender_unbuilt(enum status status, const struct error *err,
                                struct arena *arena, struct sender_result *out);
