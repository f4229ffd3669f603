/*
 * flights: what is on its way to a peer right now, told to the run after this one.
 *
 * An outcome is committed when it is known; that a send has begun is not, because a
 * sync for each would cost more than the message. So it is noted in a board that the
 * system keeps when the process is killed, though not when the machine dies: a small
 * file in shared memory, without a sync. The next run then knows exactly which of its
 * first sends are possible repeats. Where the board says nothing (the machine died, the
 * database came from elsewhere) the first send of every lane counts as one.
 *
 * Belongs to the engine's thread from flights_begin on.
 */
#pragma once

#include "gateway/delivery.h"
#include "gateway/status.h"

#define FLIGHTS_RUN_BYTES 16
/* No slot. */
#define FLIGHTS_NONE 0

struct flights;

/* In the file of the descriptor, which it may extend and which stays open as long; -1,
 * or where the file cannot be had: in this process only. */
struct flights *flights_new(int fd);
void flights_free(struct flights *flights);

/* Random bytes, made for each run and kept with the database while it lasts. */
struct flights_run {
    uint8_t bytes[FLIGHTS_RUN_BYTES];
};
/* `last` is the run that did not end well, NULL if it did: what the board has of it is
 * remembered. */
void flights_look_back(struct flights *flights, const struct flights_run *last);
/* The board is empty, and this run's from now on. */
void flights_begin(struct flights *flights, const struct flights_run *run);
/* Whether it was on its way, as far as anybody knows, when the last run died. */
bool flights_were_cut(const struct flights *flights, enum delivery_class class,
                      int64_t id);

/* It is about to be sent; a slot to be cleared when its outcome is committed. */
unsigned flights_put(struct flights *flights, enum delivery_class class, int64_t id);
/* FLIGHTS_NONE is nothing. */
void flights_clear(struct flights *flights, unsigned slot);
/* How many slots are taken. */
size_t flights_count(const struct flights *flights);
