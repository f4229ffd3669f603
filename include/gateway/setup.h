/*
 * setup: connecting a bridge to a service, and saying what is wrong with it, in words.
 *
 * A plan is pure protocol code, as a sender is: setup_next is asked for the next
 * exchange and told the reply, until all is said. Plans are brought by every channel
 * and by genesys/. Nothing in findings is a secret; values are what a person must
 * enter, so a verify token may be among them. Any thread; a run belongs to one.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/bridge.h"
#include "gateway/clock.h"
#include "gateway/exchange.h"

struct json;

enum setup_goal {
    SETUP_CONNECT = 1, /* registers the webhook, or says what a person must enter */
    SETUP_CHECK = 2,   /* changes nothing */
};
#define SETUP_ALWAYS (SETUP_CONNECT | SETUP_CHECK)

/* In order of gravity: the gravest finding is the verdict. */
enum setup_level {
    SETUP_WELL,
    SETUP_NOTE,          /* worth knowing; nothing needs to be done */
    SETUP_UNREACHABLE,   /* nobody answered, or is too busy to: nothing is known */
    SETUP_WRONG,         /* at the service, or on the way from it */
    SETUP_MISCONFIGURED, /* in our own settings, secrets among them */
};
const char *setup_level_name(enum setup_level level); /* "ok", "note", ... */

struct setup_finding {
    enum setup_level level;
    const char *about; /* what it concerns: "webhook" */
    struct str text;   /* for people: one line, no full stop */
};
/* `label` is the service's own word for the field. */
struct setup_value {
    const char *label;
    struct str value;
};

#define SETUP_FINDINGS_MAX 64
#define SETUP_VALUES_MAX 16

/* One run of one plan after another, all for the same bridge. */
struct setup {
    const struct bridge *bridge; /* its public_url is set */
    enum setup_goal goal;
    struct arena *arena; /* everything said lives there */
    struct str id;       /* new for each run, for exchanges that carry one */
    struct now now;

    const struct setup_plan *plan; /* the one that runs; see setup_begin */
    size_t stage;                  /* of the plan */
    void *kept;                    /* by its stages for later ones, in the arena */
    struct exchange exchange;      /* to be sent after SETUP_EXCHANGE */

    struct setup_finding findings[SETUP_FINDINGS_MAX];
    size_t finding_count;
    const char *where; /* the place where a person enters the values; NULL: none */
    struct setup_value values[SETUP_VALUES_MAX];
    size_t value_count;
};

struct setup_stage {
    unsigned goals;    /* of enum setup_goal, together */
    const char *about; /* of what this stage itself finds */
    /*
     * Fills setup->exchange. STATUS_DUPLICATE: there is nothing to ask, on to the next
     * stage. Another status ends the plan, and its error is a finding.
     */
    enum status (*ask)(struct setup *setup, struct error *err);
    /* The reply is an answer; `body` is its JSON, or NULL. False: what the next stages
     * ask has no sense. */
    bool (*told)(struct setup *setup, const struct reply *reply,
                 const struct json *body);
};

struct setup_plan {
    const char *peer; /* "Telegram", in findings */
    /* What a person must enter at the service, by setup_enter; or setup_no_values. */
    void (*values)(struct setup *setup);
    const struct setup_stage *stages;
    size_t stage_count;
};

/* For a channel that knows no such plan: says so. */
extern const struct setup_plan setup_none;
void setup_no_values(struct setup *setup);

enum setup_step {
    SETUP_EXCHANGE, /* setup->exchange is to be sent */
    SETUP_DONE,     /* all is said */
};
/* Puts the plan at its first stage; when connecting, asks it for its values. */
void setup_begin(struct setup *setup, const struct setup_plan *plan);
/* `last` is NULL at first, then the reply to the exchange asked for before. */
enum setup_step setup_next(struct setup *setup, const struct reply *last);
enum setup_level setup_verdict(const struct setup *setup);

/* ---- for plans ---- */

/* A finding about `about`, as one line. */
void setup_say(struct setup *setup, enum setup_level level, const char *about,
               const char *format, ...) PRINTF_LIKE(4, 5);
/* A finding of the running stage. */
#define setup_find(setup, level, ...)                                                  \
    setup_say((setup), (level), (setup)->plan->stages[(setup)->stage].about,           \
              __VA_ARGS__)
/*
 * An answer that is no success, as a finding of the running stage: MISCONFIGURED for
 * 401 and 403, UNREACHABLE where asking again may help, else WRONG. `said` is what the
 * peer said of it, or empty. Returns false, as a stage's told does then.
 */
bool setup_refused(struct setup *setup, const struct reply *reply, struct str said);
void setup_enter(struct setup *setup, const char *label, struct str value);
/* Of a stage that only says that the service does not tell where it posts to. */
enum status setup_ask_untold(struct setup *setup, struct error *err);
/* Of a stage that never asks. */
bool setup_told_nothing(struct setup *setup, const struct reply *reply,
                        const struct json *body);
/* Starts the exchange: timeout and all but headers and body. */
void setup_ask(struct setup *setup, const char *method, struct str url);
/* "Authorization: Bearer <token>". */
void setup_bearer(struct setup *setup, struct str token);
/*
 * What may be shown of a URL registered at a service: all of one of ours; of another
 * scheme and host only, as people put secrets into paths.
 */
struct str setup_shown_url(const struct setup *setup, struct str url);
/*
 * Whether the address that a service has is the bridge's webhook, as a finding of the
 * running stage. False: it is not, so that nothing else about it concerns us.
 */
bool setup_judge_url(struct setup *setup, struct str url);
/* Whether a list holds that text, such as a kind of event that a service is to send. */
bool setup_is_listed(const struct json *list, const char *name);
