/* kinds: what hostile clients send. */
#include "attack.h"

#include "gateway/clock.h"

#define HOST "Host: gateway\r\n"

static void add_post(const struct target *target, struct buf *out)
{
    buf_printf(out, "POST %s HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n",
               target->path);
}

#define FORGED_V1A 16

/* As a partner's, but for the secret: in time, and with more signatures than anybody
 * needs, each of which might cost something. */
static void add_forged(const struct target *target, size_t body, struct buf *out)
{
    add_post(target, out);
    buf_printf(out,
               "webhook-id: msg_1\r\nwebhook-timestamp: %lld\r\n"
               "webhook-signature: v1,MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
               (long long)(clock_now().wall_ms / 1000));
    for (int i = 0; i < FORGED_V1A; i++)
        buf_add(out, STR(" v1a,YsfJ84SZQ5MaLlyJD9kA3gHj8ecTRQw5FdmO0lGFvNBMQuY4hmQpHMMH"
                         "siTqkyjzpVRvJn0SV8bgwU6qBVfCwA=="));
    buf_printf(out, "\r\nContent-Length: %zu\r\n\r\n", body);
    for (size_t i = 0; i < body; i++)
        buf_add_char(out, 'x');
}

static void nothing(const struct target *target, unsigned turn, struct buf *out)
{
    (void)target;
    (void)turn;
    (void)out;
}

static void half_a_head(const struct target *target, unsigned turn, struct buf *out)
{
    (void)turn;
    add_post(target, out);
    buf_add(out, STR("X-Long: "));
}

static void a_question(const struct target *target, unsigned turn, struct buf *out)
{
    (void)target;
    (void)turn;
    buf_add(out, STR("GET /nothing HTTP/1.1\r\n" HOST "\r\n"));
}

static void many_questions(const struct target *target, unsigned turn, struct buf *out)
{
    for (unsigned i = 0; i < 100; i++)
        a_question(target, turn, out);
}

static void a_long_body(const struct target *target, unsigned turn, struct buf *out)
{
    (void)turn;
    add_post(target, out);
    buf_add(out, STR("Content-Length: 100000\r\n\r\n"));
}

static void chunks(const struct target *target, unsigned turn, struct buf *out)
{
    (void)turn;
    add_post(target, out);
    buf_add(out, STR("Transfer-Encoding: chunked\r\n\r\n"));
}

/* All of the largest body but its last byte: what the server must keep. */
static void a_hoard(const struct target *target, unsigned turn, struct buf *out)
{
    (void)turn;
    add_forged(target, (size_t)target->body_max, out);
    out->len--;
}

static void forged(const struct target *target, unsigned turn, struct buf *out)
{
    (void)turn;
    add_forged(target, 1000, out);
}

#define PIPELINED 16

static void forged_in_a_row(const struct target *target, unsigned turn, struct buf *out)
{
    (void)turn;
    for (unsigned i = 0; i < PIPELINED; i++)
        add_forged(target, 200, out);
}

static void add_many(struct buf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_add(out, str_of(text));
}

/* Each form is too much in another place. */
static void too_much(const struct target *target, unsigned turn, struct buf *out)
{
    switch (turn % 7) {
    case 0:
        buf_printf(out, "GET %s", target->path);
        add_many(out, "aaaaaaaaaaaaaaaa", 4096);
        buf_add(out, STR(" HTTP/1.1\r\n" HOST "\r\n"));
        return;
    case 1:
        add_post(target, out);
        buf_add(out, STR("X-Long: "));
        add_many(out, "aaaaaaaaaaaaaaaa", 4096);
        buf_add(out, STR("\r\n\r\n"));
        return;
    case 2:
        add_post(target, out);
        add_many(out, "X-Many: 1\r\n", 2000);
        buf_add(out, STR("\r\n"));
        return;
    case 3:
        add_post(target, out);
        buf_add(out, STR("Content-Length: 104857600\r\n\r\n"));
        add_many(out, "aaaaaaaaaaaaaaaa", 16384);
        return;
    case 4:
        add_post(target, out);
        buf_add(out, STR("Content-Length: 99999999999999999999\r\n\r\n"));
        return;
    case 5:
        add_post(target, out);
        buf_add(out, STR("Transfer-Encoding: chunked\r\n\r\n"
                         "ffffffffffffffffff\r\naaaa"));
        return;
    default:
        add_post(target, out);
        buf_add(out, STR("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"));
        return;
    }
}

static const char full_chunk[] =
    "100\r\n"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";

#define KIND(kind_name, kind_share, kind_clock, ...)                                   \
    {                                                                                  \
        .name = (kind_name), .share = (kind_share), .clock = CLOCK_##kind_clock,       \
        .first = __VA_ARGS__                                                           \
    }
const struct kind kinds[] = {
    KIND("silent", 8, HEADER, nothing),
    KIND("header drip", 12, HEADER, half_a_head, .drip = "x"),
    KIND("header drip, kept alive", 8, IDLE, a_question, .then = "POST /", .drip = "x"),
    KIND("body drip", 10, BODY, a_long_body, .drip = "x"),
    KIND("chunk drip", 6, BODY, chunks, .drip = "1\r\nx\r\n"),
    KIND("body without its last byte", 4, BODY, a_hoard),
    KIND("body without end", 3, BODY, chunks, .drip = full_chunk, .drip_times = 128),
    KIND("never reads", 4, IDLE, a_question, .is_deaf = true),
    KIND("never reads, asks on", 8, ANSWER, many_questions, .is_deaf = true,
         .is_greedy = true),
    KIND("half-open in a head", 3, HEADER, half_a_head, .half_closes = true),
    KIND("half-open behind a request", 2, IDLE, a_question, .half_closes = true),
    KIND("flood of forgeries", 4, NONE, forged, .floods = true),
    KIND("pipelined forgeries", 4, NONE, forged_in_a_row, .floods = true,
         .answers = PIPELINED),
    KIND("too much of everything", 6, AT_ONCE, too_much),
    KIND("hangs up in a head", 3, NONE, half_a_head, .resets = true),
    KIND("crowd of one address", 15, HEADER, nothing, .is_one_address = true),
};
const size_t kind_count = COUNT_OF(kinds);
