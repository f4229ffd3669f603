/*
 * internal: what the files of media share.
 */
#pragma once

#include "gateway/crypto.h"
#include "gateway/media.h"
#include "gateway/memory.h"

#include <pthread.h>
#include <stdatomic.h>

struct media_keys {
    struct hmac **items; /* owned */
    size_t count;
};

struct media {
    int folder;        /* descriptor */
    bool has_nameless; /* the file system makes files without a name */
    _Atomic int64_t bytes;
    _Atomic int64_t file_max;
    _Atomic int64_t total_max;

    struct queue *filings; /* of struct filing, for the files thread */
    atomic_bool is_stopping;

    pthread_mutex_t keys_lock;
    struct media_keys keys; /* guarded by keys_lock, their use too */
};

#define DRAFT_NAME_BYTES 40
struct draft {
    struct sink sink;
    struct media *media;
    int descriptor;
    char name[DRAFT_NAME_BYTES]; /* empty: it has none yet */
    int64_t size;
    char head[MEDIA_HEAD_BYTES];
    size_t head_len;
    const char *trouble; /* NULL: none */
    enum reason_code reason_code;
};

/* NULL: none of that number. */
const struct media_type *media_type_at(size_t index);
/* The first row of that type. */
size_t media_type_index(const char *mime);

/* Reads or makes what signs links. (link.c) */
MUST_CHECK enum status media_keys_make(struct media *media,
                                       const struct text_list *secrets,
                                       struct media_keys *out, struct error *err);
void media_keys_free(struct media_keys *keys);

/* A name for a download that ends as the type does. (name.c) */
void media_name_write(struct str claimed, const struct media_type *type,
                      char out_name[MEDIA_NAME_BYTES]);
