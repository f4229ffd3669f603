/*
 * config: one YAML file and the environment over it, as an immutable snapshot.
 *
 * All errors are found at once and printed one a line as
 *   FILE:LINE:COLUMN: what is wrong; what to do (did you mean "name"?)
 * The snapshot is counted: front and engine hold the current one, an attempt its own.
 * Loading: main thread. Snapshots: read by any thread.
 */
#pragma once

#include "gateway/bridge.h"
#include "gateway/clock.h"
#include "gateway/crypto.h"
#include "gateway/log.h"
#include "gateway/settings.h"
#include "gateway/status.h"

struct channel;

/* Who may use the admin listener: an operator may do whatever a viewer may. */
enum admin_role { ADMIN_VIEWER, ADMIN_OPERATOR };

#define ADMIN_NAME_BYTES 64
struct admin_token {
    char name[ADMIN_NAME_BYTES];
    enum admin_role role;
    uint8_t sha256[SHA256_BYTES]; /* of the token */
};

struct config {
    char *public_url; /* no slash at the end; texts that are not given are NULL */
    struct {
        char *public_address;
        char *admin_address;
        char *control_address; /* NULL: in /run/omgw, or beside the database */
    } listen;
    struct {
        char *token_lines; /* as they were read */
        struct admin_token *tokens;
        size_t token_count; /* 0: listen.admin is reached from this machine only */
    } admin;
    char *database;
    char *media_dir;
    struct text_list link_secrets;
    int migrate; /* enum { MIGRATE_AUTO, MIGRATE_REFUSE } */
    struct text_list trusted_proxies;
    struct {
        int64_t body;
        int64_t bodies_in_memory;
        int64_t connections;
        int64_t connections_per_peer;
        int64_t refusals_per_second;
        int64_t max_pending;
        int64_t contact_per_minute;
        int64_t disk_reserve;
        int64_t media_file;  /* bytes of one attachment */
        int64_t media_total; /* bytes of all of them */
        int64_t lane_memory; /* bytes of deliveries kept in memory, over all lanes */
    } limits;
    struct {
        int64_t header, body, stored, idle, answer; /* ms */
        int64_t media;                              /* one attachment, ms */
        int64_t drain;                              /* SIGTERM to exit, ms */
        int64_t shutdown_delay; /* readyz 503 before the listener closes, ms */
    } timeouts;
    struct {
        int64_t first, ceiling, probe;                           /* ms */
        int64_t give_up_genesys, give_up_channel, give_up_alone; /* ms */
        int64_t time_out_genesys, time_out_channel;              /* one exchange, ms */
    } retry;
    struct {
        int64_t bodies, messages, dead_letters, attempts, media, audit; /* ms */
    } retention;
    struct {
        struct text_list allow;
        char *proxy;
        char *ca_file;
    } egress;
    struct {
        int level;  /* enum log_level */
        int format; /* 0: by terminal, 1: json, 2: text */
    } log;

    struct organisation *organisations;
    size_t organisation_count;
    struct bridge *bridges;
    size_t bridge_count;

    void *owned; /* private to config: references, memory, sources of values */
};

enum config_migrate { MIGRATE_AUTO, MIGRATE_REFUSE };

/*
 * Reads `path` and the environment (`environment` as in main; NULL: none).
 * `channels` is the table of channels, ends with NULL.
 * STATUS_INVALID: *problems has one line per error, in file order.
 */
MUST_CHECK enum status config_load(const char *path, char **environment,
                                   const struct channel *const *channels,
                                   struct config **out_config, struct buf *problems);
/*
 * The same without any file of a secret, for who neither sends nor accepts: the secrets
 * are empty, the channels' settings are as written and not made ready. A service's
 * secrets are gone when it is stopped, and others may not read them.
 */
MUST_CHECK enum status config_load_to_look(const char *path, char **environment,
                                           const struct channel *const *channels,
                                           struct config **out_config,
                                           struct buf *problems);
/* Warnings of a successful load (world-readable secret file, ...), one a line. */
struct str config_warnings(const struct config *config);

/* One reference more; returns its argument. Any thread. */
struct config *config_hold(struct config *config);
/* Gives one reference back; the last frees. Accepts NULL. Any thread. */
void config_drop(struct config *config);
void config_dropp(struct config **config); /* for CLEANUP */

/* NULL when there is none of that name. */
const struct bridge *config_bridge(const struct config *config, struct str name);
const struct bridge *config_bridge_of_row(const struct config *config, int64_t row);

/* Effective values with where each came from; secrets masked. As YAML, or JSON. */
void config_print(const struct config *config, bool as_json, struct buf *out);
/* A commented example made from the tables. */
void config_example(const struct channel *const *channels, struct buf *out);
/* The settings as a Markdown table, for docs/CONFIGURATION.md. */
void config_reference(const struct channel *const *channels, struct buf *out);
