#include "feed.h"

#include "gateway/memory.h"

/* A message of the longest kind, as JSON. */
#define FRAME_BYTES_MAX ((size_t)1024 * 1024)

void feed_init(struct feed *feed)
{
    *feed = (struct feed){.last_id = 0};
}

/* The line ends of the text are escaped: JSON has none of its own. */
char *feed_frame(int64_t id, struct json *event)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, FRAME_BYTES_MAX);
    if (id > 0)
        buf_printf(&text, "id: %lld\n", (long long)id);
    buf_add(&text, STR("data: "));
    if (json_print(event, &text, NULL) != STATUS_OK) {
        buf_clear(&text);
        buf_add(&text, STR(": an event too large to be shown"));
    }
    buf_add(&text, STR("\n\n"));
    json_free(event);
    return buf_take(&text);
}

static void remove_reader(struct feed *feed, size_t at)
{
    request_stream_end(feed->readers[at]);
    feed->readers[at] = feed->readers[--feed->reader_count];
}

void feed_release(struct feed *feed)
{
    while (feed->reader_count > 0)
        remove_reader(feed, feed->reader_count - 1);
    for (size_t i = 0; i < FEED_FRAMES; i++)
        mem_free(TAKE(feed->frames[i]));
}

static void tell_all(struct feed *feed, struct str text)
{
    for (size_t i = feed->reader_count; i-- > 0;)
        if (!request_stream_write(feed->readers[i], text))
            remove_reader(feed, i);
}

void feed_add(struct feed *feed, struct json *event)
{
    int64_t id = ++feed->last_id;
    char **place = &feed->frames[id % FEED_FRAMES];
    mem_free(*place);
    *place = feed_frame(id, event);
    tell_all(feed, str_of(*place));
}

void feed_beat(struct feed *feed)
{
    tell_all(feed, STR(": here\n\n"));
}

/* What the reader has not seen. An id that was never given is of an earlier run. */
static int64_t first_unseen(const struct feed *feed, const struct request *request)
{
    int64_t seen = 0;
    int64_t oldest = feed->last_id - FEED_FRAMES + 1;
    if (!str_to_i64(request_header(request, "Last-Event-ID"), &seen) || seen < 0 ||
        seen > feed->last_id)
        seen = 0;
    return seen + 1 > oldest ? seen + 1 : oldest;
}

static bool catch_up(const struct feed *feed, struct request *request,
                     struct json *hello)
{
    CLEANUP(mem_freep) char *greeting = feed_frame(0, hello);
    bool is_well = request_stream_write(request, STR("retry: 500\n\n")) &&
                   request_stream_write(request, str_of(greeting));
    for (int64_t id = first_unseen(feed, request); is_well && id <= feed->last_id; id++)
        is_well = request_stream_write(request, str_of(feed->frames[id % FEED_FRAMES]));
    return is_well;
}

void feed_open(struct feed *feed, struct request *request, struct json *hello)
{
    struct error err;
    if (feed->reader_count == FEED_READERS) {
        json_free(hello);
        request_respond_problem(request,
                                fail(&err, STATUS_RETRY, "enough pages look on"), &err);
        return;
    }
    request_stream(request, "text/event-stream", NULL, 0);
    feed->readers[feed->reader_count++] = request;
    if (!catch_up(feed, request, hello))
        remove_reader(feed, feed->reader_count - 1);
}
