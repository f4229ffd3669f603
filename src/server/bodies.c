/*
 * bodies: what has come of the bodies of all requests, under one ceiling.
 *
 * When it is full, the largest body that is still coming gives way: its bytes are let
 * go, and it is answered 503 at its end. The newcomer gives way only if it is the
 * largest itself. So whoever sends much and never ends cannot shut out small requests.
 */
#include "internal.h"

#include <utlist.h>

/* Of sizes: each class holds bodies up to twice as large as the one before. */
static size_t class_of(size_t len)
{
    size_t class = 0;
    while (class < BODY_CLASSES - 1 && len >> class > BODY_CLASS_BYTES)
        class ++;
    return class;
}

static void leave(struct request *request)
{
    if (request->coming.prev == NULL)
        return;
    DL_DELETE2(request->loop->coming[request->coming.class], request, coming.prev,
               coming.next);
    request->coming.prev = NULL;
    request->coming.next = NULL;
}

static void enter(struct request *request)
{
    size_t class = class_of(request->body.len);
    if (request->coming.prev != NULL && request->coming.class == class)
        return;
    leave(request);
    request->coming.class = class;
    DL_APPEND2(request->loop->coming[class], request, coming.prev, coming.next);
}

/* One of the largest; NULL when none is coming. */
static struct request *largest(const struct loop *loop)
{
    for (size_t class = BODY_CLASSES; class -- > 0;) {
        if (loop->coming[class] != NULL)
            return loop->coming[class];
    }
    return NULL;
}

static bool fits(const struct listener *listener, int64_t len)
{
    int64_t limit = listener->settings.bodies_in_memory;
    return limit == 0 || atomic_load(&listener->body_bytes) <= limit - len;
}

/* Whether a body of `len` would rather take the place of another than give way. */
static bool is_modest(const struct request *request, size_t len)
{
    const struct request *other = largest(request->loop);
    return other != NULL && other != request && other->coming.class > class_of(len);
}

bool bodies_expect(const struct request *request, int64_t len)
{
    const struct listener *listener = request->loop->listener;
    int64_t limit = listener->settings.bodies_in_memory;
    return fits(listener, len) || (len <= limit && is_modest(request, (size_t)len));
}

/* Lets others go until there is room; false when this one has to. */
static bool make_room(const struct request *request, size_t len)
{
    struct listener *listener = request->loop->listener;
    while (!fits(listener, (int64_t)len)) {
        if (!is_modest(request, request->body.len + len))
            return false;
        request_refuse(largest(request->loop), STATUS_RETRY,
                       "too many bodies in memory");
    }
    return true;
}

/* libmicrohttpd cannot answer in the middle of a body: past a ceiling the rest is read
 * and dropped, until its end or its deadline. */
void bodies_take(struct request *request, struct str bytes)
{
    if (request->refusal != STATUS_OK)
        return;
    if (bytes.len > request->body.ceiling - request->body.len) {
        request_refuse(request, STATUS_TOO_LARGE, "the body is too large");
        return;
    }
    if (!make_room(request, bytes.len)) {
        request_refuse(request, STATUS_RETRY, "too many bodies in memory");
        return;
    }
    atomic_fetch_add(&request->loop->listener->body_bytes, (int64_t)bytes.len);
    buf_add(&request->body, bytes);
    enter(request);
}

void bodies_complete(struct request *request)
{
    leave(request);
}

void bodies_forget(struct request *request)
{
    leave(request);
    atomic_fetch_sub(&request->loop->listener->body_bytes, (int64_t)request->body.len);
    if (request->body.capacity > POOLED_BODY_BYTES)
        buf_release(&request->body);
    buf_clear(&request->body);
}
