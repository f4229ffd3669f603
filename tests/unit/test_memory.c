#include "support/expect.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/arena.h"
#include "gateway/memory.h"

static void memory_is_zeroed_and_never_null(void **state)
{
    (void)state;
    CLEANUP(mem_freep) uint8_t *bytes = mem_new_array(16, 4);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(bytes[i], 0);
    CLEANUP(mem_freep) char *nothing = mem_new(0);
    assert_non_null(nothing);
    CLEANUP(mem_freep) char *no_items = mem_new_array(0, 8);
    assert_non_null(no_items);
}

static void memory_keeps_its_content_when_resized(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *text = mem_copy_string("abc");
    text = mem_resize(text, 5000);
    assert_string_equal(text, "abc");
    text = mem_resize(text, 0);
    assert_non_null(text);
}

static void memory_take_leaves_nothing_to_free(void **state)
{
    (void)state;
    CLEANUP(mem_freep) char *owner = mem_copy_string("abc");
    char *taken = TAKE(owner);
    assert_null(owner);
    assert_string_equal(taken, "abc");
    mem_free(taken);
    mem_free(NULL);
}

static void ask_for_too_much(void)
{
    /* A volatile size: the compiler would warn about what this test is for. */
    volatile size_t half = SIZE_MAX / 2 + 1;
    mem_free(mem_new_array(half, 2));
}

static void grow_too_far(void)
{
    volatile size_t most = SIZE_MAX / 2;
    mem_free(mem_resize(NULL, most));
}

static void pass_the_ceiling(void)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(10);
    (void)arena_alloc(arena, 11);
}

static void copy_past_the_ceiling(void)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new(4);
    (void)arena_copy(arena, STR("1234")); /* no room for the NUL */
}

/* Runs it in a child; what the child wrote to stderr is left in `out`. */
static int run_in_child(void (*function)(void), char *out, size_t room)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(ends[1], STDERR_FILENO);
        function();
        _exit(0);
    }
    (void)close(ends[1]);
    ssize_t len = read(ends[0], out, room - 1);
    (void)close(ends[0]);
    out[len > 0 ? len : 0] = '\0';
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    return how;
}

static void broken_promises_end_the_process_with_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*function)(void);
        const char *want;
    } cases[] = {
        {"product overflows", ask_for_too_much,      "omgw: out of memory\n"                },
        {"resize fails",      grow_too_far,          "omgw: out of memory\n"                },
        {"arena is full",     pass_the_ceiling,      "omgw: an arena's ceiling was passed\n"},
        {"copy does not fit", copy_past_the_ceiling,
         "omgw: an arena's ceiling was passed\n"                                            },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[512];
        int how = run_in_child(cases[i].function, line, sizeof(line));
        expect_true(cases[i].name, WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
        expect_str(cases[i].name, cases[i].want, str_of(line));
    }
}

int main(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    /* The sanitizer would end the process by itself at an impossible size. */
    if (getenv("OMGW_TEST_AGAIN") == NULL) {
        (void)setenv("OMGW_TEST_AGAIN", "1", 1);
        (void)setenv("ASAN_OPTIONS", "allocator_may_return_null=1:log_path=/dev/null",
                     1);
        (void)setenv("TSAN_OPTIONS", "allocator_may_return_null=1:log_path=/dev/null",
                     1);
        (void)execl("/proc/self/exe", "test_memory", (char *)NULL);
        return 1;
    }
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_never_null),
        cmocka_unit_test(memory_keeps_its_content_when_resized),
        cmocka_unit_test(memory_take_leaves_nothing_to_free),
        cmocka_unit_test(broken_promises_end_the_process_with_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
