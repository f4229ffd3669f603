/*
 * file: what became of a message's attachment: the gateway's own copy of it, or why
 * there is none. Values only; the engine fills them, senders say them.
 */
#pragma once

#include "gateway/delivery.h"

struct file {
    struct str link;   /* our own, signed, expires; empty: there is no copy */
    struct str mime;   /* as its bytes say, not as its sender claimed */
    struct str name;   /* for people; ends as its type does */
    struct str sha256; /* hex */
    int64_t size;      /* bytes */
    int descriptor;    /* for a channel, open while the attempt lives; otherwise -1 */

    struct str missing; /* why there is no copy, for people, one line */
    enum reason_code reason_code;
};

/* What a service shows a file as, by the kind that its type begins with. */
enum media_kind { MEDIA_IMAGE, MEDIA_VIDEO, MEDIA_AUDIO, MEDIA_OTHER };
enum media_kind media_kind_of(struct str mime);
