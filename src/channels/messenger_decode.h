/*
 * messenger_decode: what the files that read webhooks share.
 */
#pragma once

#include "messenger.h"

struct messenger_batch {
    struct reading reading;
    const struct bridge *bridge;
    struct event *event; /* that is read */
};

/* How an item, or a part of one, becomes the event; false: it is not understood. */
typedef bool messenger_decode_part(struct messenger_batch *batch,
                                   const struct json *item, const struct json *part);
/* messenger_message.c: what the customer says. */
messenger_decode_part messenger_decode_message;
messenger_decode_part messenger_decode_postback;

/* "<first>/<second>", for keys of what has no id of its own. */
struct str messenger_joined(struct messenger_batch *batch, struct str first,
                            struct str second);
/* A number as it was written; empty: it is none. */
struct str messenger_digits(struct messenger_batch *batch, const struct json *node,
                            const char *name);
/* The key of what has no id: who, when, and what it is. */
void messenger_moment_key(struct messenger_batch *batch, const struct json *item,
                          const char *what);
/* The message that the event is about: `mid` of the node. */
bool messenger_target(struct messenger_batch *batch, const struct json *node);
/* Where the customer came from, as attributes. */
void messenger_referral(struct messenger_batch *batch, const struct json *referral);
