/*
 * front: what the files of the public listener share. All of it belongs to the
 * listener's thread, but for `adopt`.
 */
#pragma once

#include "gateway/api.h"

#include <stdatomic.h>

struct front {
    struct relay *relay;
    struct media *media;   /* borrowed */
    struct config *config; /* a reference */
    bool is_refusing;
    int64_t refusals_second;
    unsigned refusals;
    _Atomic(struct config *) adopt;
};

/* GET and HEAD /media/{token}. */
enum handled front_media(struct request *request, void *context);
