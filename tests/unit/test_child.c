#include "support/expect.h"

#include "commands/child.h"
#include "gateway/clock.h"
#include "gateway/memory.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Programs started beside this one. */

#define PATIENCE_MS 10000

/* Lines with a bar behind each. */
static void hear(void *context, struct str line)
{
    buf_add(context, line);
    buf_add_char(context, '|');
}

static void start_shell(struct child *child, const char *script)
{
    struct error err = {0};
    char shell[] = "sh";
    char option[] = "-c";
    CLEANUP(mem_freep) char *copy = mem_copy_string(script);
    char *argv[] = {shell, option, copy, NULL};
    assert_int_equal(child_start(child, "the shell", "sh", argv, environ, &err),
                     STATUS_OK);
}

/* Until it has closed its output. */
static void hear_out(struct child *child, struct buf *heard)
{
    int64_t end_ms = clock_now().mono_ms + PATIENCE_MS;
    while (child->output >= 0) {
        struct pollfd waited = {.fd = child->output, .events = POLLIN};
        assert_true(clock_now().mono_ms < end_ms);
        (void)poll(&waited, 1, PATIENCE_MS);
        child_hear(child, hear, heard);
    }
}

static void a_child_is_heard_line_by_line(void **state)
{
    (void)state;
    struct child child;
    CLEANUP(buf_release) struct buf heard;
    buf_init(&heard, 4096);
    start_shell(&child, "echo one; echo two >&2; echo; printf last");
    hear_out(&child, &heard);
    expect_str("lines", "one|two||last|", buf_str(&heard));
    child_wait(&child);
    assert_int_equal(child.wait_status, 0);
    child_release(&child);
}

/* Words count, log lines and blanks do not. */
static void the_last_words_are_kept(void **state)
{
    (void)state;
    struct child child;
    CLEANUP(buf_release) struct buf heard;
    buf_init(&heard, 4096);
    start_shell(&child, "for i in 1 2 3 4 5 6 7 8 9 10; do echo word $i; done;"
                        "echo '{\"ts\":1}'; echo; exit 3");
    hear_out(&child, &heard);
    child_wait(&child);
    assert_int_equal(WEXITSTATUS(child.wait_status), 3);
    assert_string_equal(child.last_lines[0], "word 3");
    assert_string_equal(child.last_lines[CHILD_LAST_LINES - 1], "word 10");
    child_say_end(&child);
    child_release(&child);
}

static void a_child_ends_by_a_signal(void **state)
{
    (void)state;
    struct child child;
    start_shell(&child, "kill -STOP $$");
    assert_false(child_has_ended(&child));
    child_signal(&child, SIGTERM);
    child_signal(&child, SIGCONT);
    child_wait(&child);
    assert_true(child_has_ended(&child));
    assert_int_equal(WTERMSIG(child.wait_status), SIGTERM);
    child_signal(&child, SIGTERM); /* it is gone: nobody gets it */
    child_say_end(&child);
    child_release(&child);
}

static void a_release_kills_what_still_runs(void **state)
{
    (void)state;
    struct child child;
    start_shell(&child, "kill -STOP $$");
    pid_t pid = child.pid;
    child_release(&child);
    assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
    assert_true(child_has_ended(&child)); /* there is none */
}

/* So that Ctrl-C ends the demo, and the demo its children. */
static void a_child_has_a_process_group_and_signals_of_its_own(void **state)
{
    (void)state;
    struct child child;
    sigset_t blocked;
    sigset_t before;
    CLEANUP(buf_release) struct buf heard;
    buf_init(&heard, 4096);
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    start_shell(&child, "kill -TERM $$; echo 'the signal is blocked'");
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    hear_out(&child, &heard);
    child_wait(&child);
    expect_str("lines", "", buf_str(&heard));
    assert_int_equal(WTERMSIG(child.wait_status), SIGTERM);
    child_release(&child);

    start_shell(&child, "kill -STOP $$");
    int64_t end_ms = clock_now().mono_ms + PATIENCE_MS;
    while (getpgid(child.pid) != child.pid)
        assert_true(clock_now().mono_ms < end_ms);
    child_release(&child);
}

static void a_program_that_is_nowhere_is_said_so(void **state)
{
    (void)state;
    struct child child;
    struct error err;
    char name[] = "no-such-program-anywhere";
    char *argv[] = {name, NULL};
    assert_int_equal(child_start(&child, "it", name, argv, environ, &err),
                     STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, name));
    child_release(&child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_is_heard_line_by_line),
        cmocka_unit_test(the_last_words_are_kept),
        cmocka_unit_test(a_child_ends_by_a_signal),
        cmocka_unit_test(a_release_kills_what_still_runs),
        cmocka_unit_test(a_child_has_a_process_group_and_signals_of_its_own),
        cmocka_unit_test(a_program_that_is_nowhere_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
