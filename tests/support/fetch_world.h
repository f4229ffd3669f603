/*
 * fetch_world: an engine_world whose engine fetches files. Their exchanges are flights
 * like any other; their filings end when the test says so.
 */
#pragma once

#include "support/engine_world.h"

/* The flight that fetches attachments of message `id` is that number more. */
#define FILE_OF 1000
/* Of those that world_store_files stored, whichever message. */
#define STORED_FILE FILE_OF

#define MEDIA_MS 60000 /* timeouts.media, as it is by default */
#define PAUSE_MS 2000  /* before the next try */

int fetch_world_set_up(void **state);
int fetch_world_tear_down(void **state);

/* Offers a message to Genesys with so many attachments. */
void world_offer_files(struct engine_world *world, int64_t contact, int64_t id,
                       unsigned count);
/* The same on another bridge than the first. */
void world_offer_files_on(struct engine_world *world, int64_t bridge, int64_t contact,
                          int64_t id, unsigned count);
/* Stores messages 1..count of one contact with one attachment each. */
void world_store_files(struct engine_world *world, int64_t contact, int64_t count);

/* Its answer is 200 with a body of a few bytes. */
void world_answer_file(struct engine_world *world, size_t index);
void world_redirect(struct engine_world *world, size_t index, const char *location);
/* The oldest filing comes back: OK, with a file and, where the store knows the message,
 * its row; else with why there is none. */
void world_file(struct engine_world *world, enum status status);
/* Answer and filing, and the step behind them. */
void world_fetched(struct engine_world *world, size_t index);

/* The message's exchange ends well, and is recorded. */
void world_sent(struct engine_world *world, size_t index);
/* Fails the test unless so many exchanges are under way. */
void world_flights_are(const struct engine_world *world, const char *what,
                       size_t count);
