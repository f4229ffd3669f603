/* exchange: a request as a value, within what an attempt may hold. */
#include "support/expect.h"

#include "gateway/arena.h"
#include "gateway/exchange.h"
#include "gateway/form.h"
#include "gateway/json.h"
#include "gateway/limits.h"
#include "gateway/memory.h"
#include "support/base_json.h"

static void headers_stand_in_the_order_they_came(void **state)
{
    (void)state;
    struct exchange exchange = {.method = "POST"};

    exchange_header(&exchange, STR("A"), STR("1"));
    exchange_header(&exchange, STR("B"), STR("2"));
    expect_i64("count", 2, (int64_t)exchange.header_count);
    expect_str("first", "A", exchange.headers[0].name);
    expect_str("second", "2", exchange.headers[1].value);
}

/* {"t": "xxx..."} of that many bytes in all. */
static struct json *json_of_size(size_t size)
{
    size_t len = size - strlen("{\"t\":\"\"}");
    CLEANUP(mem_freep) char *text = mem_new(len);
    struct json *json = json_new_object();

    memset(text, 'x', len);
    json_add_str(json, "t", str_from(text, len));
    return json;
}

static void a_body_has_a_ceiling(void **state)
{
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
        CLEANUP(json_freep)
        struct json *json = json_of_size(LIMIT_EXCHANGE_BYTES + over);
        struct exchange exchange = {.method = "POST"};
        struct error err;
        expect_status("body", over ? STATUS_TOO_LARGE : STATUS_OK,
                      exchange_json(&exchange, json, arena, &err));
        expect_i64("bytes", over ? 0 : (int64_t)LIMIT_EXCHANGE_BYTES,
                   (int64_t)exchange.body.len);
        expect_i64("content type", over ? 0 : 1, (int64_t)exchange.header_count);
    }
}

/* An arena aborts when it is full: bodies stop before that, whatever came before them.
 */
static void a_body_leaves_room_in_the_arena(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    CLEANUP(json_freep) struct json *json = json_of_size(LIMIT_EXCHANGE_BYTES);
    enum status status = STATUS_OK;
    unsigned bodies = 0;

    for (; status == STATUS_OK; bodies++) {
        struct exchange exchange = {.method = "POST"};
        struct error err;
        status = exchange_json(&exchange, json, arena, &err);
        assert_true(bodies < 5);
    }
    expect_status("in the end", STATUS_TOO_LARGE, status);
    assert_non_null(arena_try_alloc(arena, LIMIT_EXCHANGE_EXTRA_BYTES / 2));
}

static void a_body_that_cannot_be_printed_is_tried_again(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    struct exchange exchange = {.method = "POST"};
    struct error err;

    cjson_fail_from(0);
    struct json *json = json_new_object();
    expect_status("no memory", STATUS_RETRY,
                  exchange_json(&exchange, json, arena, &err));
    assert_true(cjson_fail_stop());
    json_free(json);
}

static void a_form_is_a_body_with_its_type(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    CLEANUP(buf_release) struct buf form;
    struct exchange exchange = {.method = "POST"};
    struct error err;

    buf_init(&form, LIMIT_EXCHANGE_BYTES);
    form_add(&form, "To", STR("+1"));
    expect_status("form", STATUS_OK, exchange_form(&exchange, &form, arena, &err));
    expect_str("body", "To=%2B1", exchange.body);
    expect_str("type", "application/x-www-form-urlencoded", exchange.headers[0].value);
}

static void a_form_has_a_ceiling(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    CLEANUP(buf_release) struct buf form;
    struct exchange exchange = {.method = "POST"};
    struct error err;

    buf_init(&form, 4);
    form_add(&form, "To", STR("+1"));
    expect_status("form", STATUS_TOO_LARGE,
                  exchange_form(&exchange, &form, arena, &err));
    expect_i64("no header", 0, (int64_t)exchange.header_count);
}

/* Source: RFC 7617, section 2, the example. */
static void basic_says_who_and_a_secret(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(LIMIT_ATTEMPT_ARENA_BYTES);
    struct exchange exchange = {.method = "POST"};

    exchange_basic(&exchange, "Aladdin", "open sesame", arena);
    expect_str("name", "Authorization", exchange.headers[0].name);
    expect_str("value",
               "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", exchange.headers[0].value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_stand_in_the_order_they_came),
        cmocka_unit_test(a_body_has_a_ceiling),
        cmocka_unit_test(a_body_leaves_room_in_the_arena),
        cmocka_unit_test(a_body_that_cannot_be_printed_is_tried_again),
        cmocka_unit_test(a_form_is_a_body_with_its_type),
        cmocka_unit_test(a_form_has_a_ceiling),
        cmocka_unit_test(basic_says_who_and_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
