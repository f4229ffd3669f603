/*
 * stream: an answer whose body comes bit by bit.
 *
 * While nothing waits to be sent the connection is suspended: libmicrohttpd would
 * otherwise ask again and again. It has no deadline then; a peer that does not read
 * what waits has the one of any answer.
 */
#include "internal.h"

#include "gateway/memory.h"

/* A page that stops reading is cut off here; when it comes back it asks for what it
 * missed. */
#define WAITING_BYTES_MAX (1024 * 1024)
/* Handed to libmicrohttpd at a time. */
#define PIECE_BYTES 4096

struct stream {
    struct buf waiting;
    size_t taken; /* of `waiting`, by libmicrohttpd */
    bool is_suspended;
    bool has_ended;
};

void stream_free(struct stream *stream)
{
    if (stream == NULL)
        return;
    buf_release(&stream->waiting);
    mem_free(stream);
}

static void stream_sleep(struct request *request)
{
    struct connection *connection = request->connection;
    request->stream->is_suspended = true;
    deadline_clear(&request->loop->deadlines, &connection->deadline);
    MHD_suspend_connection(connection->mhd);
}

/* libmicrohttpd takes it up again in its next run. */
static void stream_wake(struct request *request)
{
    struct connection *connection = request->connection;
    if (!request->stream->is_suspended)
        return;
    request->stream->is_suspended = false;
    request->loop->has_woken = true;
    loop_expect_taking(connection);
    MHD_resume_connection(connection->mhd);
}

static ssize_t read_piece(void *context, uint64_t position, char *out, size_t room)
{
    (void)position;
    struct request *request = context;
    struct stream *stream = request->stream;
    struct str rest = str_sub(buf_str(&stream->waiting), stream->taken, room);
    if (rest.len > 0) {
        memcpy(out, rest.ptr, rest.len);
        stream->taken += rest.len;
        if (stream->taken == stream->waiting.len) {
            buf_clear(&stream->waiting);
            stream->taken = 0;
        }
        return (ssize_t)rest.len;
    }
    if (stream->has_ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    stream_sleep(request);
    return 0;
}

void request_stream(struct request *request, const char *content_type,
                    const struct http_header *headers, size_t header_count)
{
    request->stream = mem_new(sizeof(*request->stream));
    buf_init(&request->stream->waiting, WAITING_BYTES_MAX);
    request_hold(request);
    (void)respond_with(request, 200, content_type,
                       MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES,
                                                         read_piece, request, NULL),
                       headers, header_count);
}

bool request_stream_write(struct request *request, struct str bytes)
{
    struct stream *stream = request->stream;
    if (request->connection == NULL || stream->has_ended)
        return false;
    buf_add(&stream->waiting, bytes);
    stream_wake(request);
    return buf_ok(&stream->waiting);
}

void request_stream_end(struct request *request)
{
    request->stream->has_ended = true;
    if (request->connection != NULL)
        stream_wake(request);
    request_drop(request);
}
