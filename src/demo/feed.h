/*
 * feed: what happened, in order, for the pages that look on: server-sent events.
 *
 * A page that comes, or comes back, first gets what it has not seen; the latest
 * FEED_FRAMES are kept. Source: HTML Living Standard, "Server-sent events"; read
 * 2026-11-28. The listener's thread.
 */
#pragma once

#include "gateway/json.h"
#include "gateway/server.h"

#define FEED_FRAMES 2000
#define FEED_READERS 16

struct feed {
    char *frames[FEED_FRAMES]; /* of event `id` at id % FEED_FRAMES */
    int64_t last_id;           /* they are numbered from 1 */
    struct request *readers[FEED_READERS];
    size_t reader_count;
};

void feed_init(struct feed *feed);
/* Ends the streams. */
void feed_release(struct feed *feed);
/* Tells everybody; takes the event over. */
void feed_add(struct feed *feed, struct json *event);
/*
 * Answers a request with the stream: `hello`, then what comes behind the id that the
 * reader names (Last-Event-ID), then what happens. Without room for one more reader:
 * 503.
 */
void feed_open(struct feed *feed, struct request *request, struct json *hello);
/* A comment to everybody, so that those who left are noticed. */
void feed_beat(struct feed *feed);

/* One event as it is sent; id 0: none. Takes the event over; the text is the caller's.
 */
char *feed_frame(int64_t id, struct json *event);
