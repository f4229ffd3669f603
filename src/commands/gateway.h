/*
 * gateway: everything `omgw serve` is made of, built in order and taken down in
 * reverse.
 */
#pragma once

#include "gateway/api.h"
#include "gateway/config.h"
#include "gateway/engine.h"
#include "gateway/http_client.h"
#include "gateway/media.h"
#include "gateway/relay.h"
#include "gateway/server.h"
#include "gateway/store.h"
#include "gateway/writer.h"

#include <pthread.h>
#include <stdatomic.h>

struct gateway {
    struct config *config; /* a reference: the current one; main thread */
    struct store *store;   /* the writing handle; writer thread once started */
    struct store *reader;  /* engine thread once started */
    struct store *looker;  /* of the metrics */
    struct store *walker;  /* housekeeper thread once started */
    struct writer *writer;
    struct media *media;
    struct relay *relay;
    struct backup *backup;
    struct housekeeper *housekeeper;
    struct engine *engine;
    struct front *front;
    struct listener *public_listener;
    struct listener *admin_listener;
    struct listener *control_listener;
    struct admin admin;
    struct control *control;

    pthread_t writer_thread;
    pthread_t engine_thread;
    pthread_t front_thread;
    pthread_t backup_thread;
    pthread_t housekeeper_thread;
    pthread_t files_thread;
    atomic_bool stop_front;
    atomic_bool stop_engine;
    atomic_bool stop_housekeeper;
};

/* Builds everything from gateway->config; nothing runs yet. What was built stays in the
 * struct on failure too: gateway_close takes it down. */
MUST_CHECK enum status gateway_open(struct gateway *gateway, struct error *err);
/* Of the configuration, for the media folder; borrows from it. */
struct media_settings gateway_media_settings(const struct config *config);
void gateway_start(struct gateway *gateway);
/*
 * All or nothing: the new snapshot is checked against the database in a write job, then
 * adopted. Takes the reference over on success. `audit` goes into the same transaction.
 */
MUST_CHECK enum status gateway_reload(struct gateway *gateway, struct config *config,
                                      const struct audit_entry *audit,
                                      struct error *err);
/* Stops accepting, lets what runs end (bounded by timeouts.drain), stops the threads.
 */
void gateway_drain(struct gateway *gateway);
void gateway_close(struct gateway *gateway);
