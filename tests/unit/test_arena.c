#include "support/expect.h"

#include "gateway/arena.h"

static bool is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

static void arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(SIZE_MAX);
    for (size_t size = 0; size < 3000; size += 7) {
        uint8_t *memory = arena_alloc(arena, size);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        assert_true(is_zero(memory, size));
        memset(memory, 0xFF, size); /* the sanitizer sees it if it is not ours */
        (void)arena_copy(arena, STR("odd"));
    }
}

static void arena_allocations_do_not_overlap(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(1 << 20);
    int64_t *numbers[1000];
    for (int64_t i = 0; i < 1000; i++) {
        numbers[i] = arena_alloc(arena, sizeof(int64_t));
        *numbers[i] = i;
    }
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(*numbers[i], i);
}

static void arena_stops_at_its_ceiling(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(5000);
    assert_null(arena_try_alloc(arena, 5001));
    assert_null(arena_try_alloc(arena, SIZE_MAX));
    assert_int_equal(arena_used(arena), 0);
    assert_non_null(arena_try_alloc(arena, 5000));
    assert_int_equal(arena_used(arena), 5000);
    assert_null(arena_try_alloc(arena, 1));
    assert_null(arena_try_alloc(arena, 0));
    assert_int_equal(arena_used(arena), 5000);
}

static void arena_counts_tiny_pieces_too(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(10000);
    size_t count = 0;
    for (void *memory = arena_try_alloc(arena, 1); memory != NULL;
         memory = arena_try_alloc(arena, 1)) {
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        count++;
    }
    /* Alignment counts: else many small pieces would pass the ceiling unseen. Each
     * block saves the filling in front of its first piece. */
    assert_in_range(count, 10000 / _Alignof(max_align_t),
                    10000 / _Alignof(max_align_t) + 8);
    assert_true(arena_used(arena) <= 10000);
}

static void arena_reset_forgets_everything(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(100000);
    for (int round = 0; round < 3; round++) {
        uint8_t *small = arena_alloc(arena, 100);
        assert_true(is_zero(small, 100));
        memset(small, 0xEE, 100);
        memset(arena_alloc(arena, 90000), 0xEE, 90000);
        arena_reset(arena);
        assert_int_equal(arena_used(arena), 0);
    }
}

static void arena_copies_are_terminated(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(10000);
    struct str copy = arena_copy(arena, str_sub(STR("abcdef"), 1, 3));
    expect_str("copy", "bcd", copy);
    assert_int_equal(copy.ptr[3], '\0');
    assert_string_equal(arena_c_string(arena, STR("xy")), "xy");
    assert_string_equal(arena_c_string(arena, STR_NONE), "");
    expect_i64("empty copy", 0, arena_copy(arena, STR_NONE).len);

    struct str printed = arena_printf(arena, "%s/%d%.*s", "a", 42, STR_ARG(copy));
    expect_str("printed", "a/42bcd", printed);
    assert_int_equal(printed.ptr[printed.len], '\0');
    expect_str("printed long", "", str_sub(arena_printf(arena, "%3000d", 1), 3000, 1));
    for (int len = 250; len < 260; len++) {
        struct str wide = arena_printf(arena, "%*d", len, 7);
        expect_i64("printed whole", len, wide.len);
        expect_str("to its end", " 7", str_of(wide.ptr + len - 2));
    }
}

static void arena_free_accepts_null(void **state)
{
    (void)state;
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_allocations_do_not_overlap),
        cmocka_unit_test(arena_stops_at_its_ceiling),
        cmocka_unit_test(arena_counts_tiny_pieces_too),
        cmocka_unit_test(arena_reset_forgets_everything),
        cmocka_unit_test(arena_copies_are_terminated),
        cmocka_unit_test(arena_free_accepts_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
