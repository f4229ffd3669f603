#include "child.h"

#include "gateway/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* More than the log's longest line. */
#define LINE_BYTES_MAX ((size_t)64 * 1024)
#define READ_BYTES 4096

/* --- starting ------------------------------------------------------------- */

#define OWN_PROGRAM "/proc/self/exe"

/* Where a program of that name is: beside our own, or as PATH says. */
static enum status find_program(const char *name, char out_path[PATH_MAX],
                                struct error *err)
{
    char own[PATH_MAX];
    ssize_t len = readlink(OWN_PROGRAM, own, sizeof(own) - 1);
    while (len > 0 && own[len - 1] != '/')
        len--;
    int printed = snprintf(out_path, PATH_MAX, "%.*s%s", (int)len, own, name);
    if (len > 0 && printed < PATH_MAX && access(out_path, X_OK) == 0)
        return STATUS_OK;

    struct str places = str_of(getenv("PATH"));
    while (places.len > 0) {
        struct str place = str_cut(&places, ':');
        printed = snprintf(out_path, PATH_MAX, "%.*s/%s", STR_ARG(place), name);
        if (place.len > 0 && printed < PATH_MAX && access(out_path, X_OK) == 0)
            return STATUS_OK;
    }
    return fail(err, STATUS_NOT_FOUND,
                "there is no program \"%s\", neither beside this one nor in PATH",
                name);
}

/* Between fork and exec: nothing here may take a lock. */
static void become(const char *path, char *const argv[], char *const environment[],
                   int output, pid_t parent)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    int nothing = open("/dev/null", O_RDONLY);
    bool is_ready = getppid() == parent && nothing >= 0 && dup2(nothing, 0) == 0 &&
                    dup2(output, 1) == 1 && dup2(output, 2) == 2;
    if (is_ready)
        (void)execve(path, argv, environment);
    _exit(127);
}

enum status child_start(struct child *child, const char *name, const char *program,
                        char *const argv[], char *const environment[],
                        struct error *err)
{
    char path[PATH_MAX] = OWN_PROGRAM;
    int ends[2];
    *child = (struct child){.name = name, .output = -1};
    buf_init(&child->line, LINE_BYTES_MAX);
    if (program != NULL && find_program(program, path, err) != STATUS_OK)
        return STATUS_NOT_FOUND;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(err, STATUS_FAILED, "open a pipe: %s", strerror(errno));

    pid_t self = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(path, argv, environment, ends[1], self);
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return fail(err, STATUS_FAILED, "start %s: %s", name, strerror(errno));
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    child->pid = pid;
    child->output = ends[0];
    return STATUS_OK;
}

/* --- hearing -------------------------------------------------------------- */

/* Log lines are many and for the page; words are what is said when it cannot go on. */
static void remember(struct child *child, struct str line)
{
    if (line.len == 0 || line.ptr[0] == '{')
        return;
    mem_free(child->last_lines[0]);
    for (size_t i = 1; i < CHILD_LAST_LINES; i++)
        child->last_lines[i - 1] = child->last_lines[i];
    char *copy = mem_new(line.len + 1);
    memcpy(copy, line.ptr, line.len);
    child->last_lines[CHILD_LAST_LINES - 1] = copy;
}

static void take_line(struct child *child, child_heard *heard, void *context)
{
    remember(child, buf_str(&child->line));
    heard(context, buf_str(&child->line));
    buf_clear(&child->line);
}

void child_hear(struct child *child, child_heard *heard, void *context)
{
    char bytes[READ_BYTES];
    while (child->output >= 0) {
        ssize_t len = read(child->output, bytes, sizeof(bytes));
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0 && errno == EAGAIN)
            return;
        if (len <= 0) {
            (void)close(child->output);
            child->output = -1;
            if (child->line.len > 0)
                take_line(child, heard, context);
            return;
        }
        for (ssize_t i = 0; i < len; i++) {
            if (bytes[i] == '\n')
                take_line(child, heard, context);
            else
                buf_add_char(&child->line, bytes[i]);
        }
    }
}

/* --- ending --------------------------------------------------------------- */

bool child_has_ended(struct child *child)
{
    if (child->pid == 0 || child->has_ended)
        return true;
    child->has_ended = waitpid(child->pid, &child->wait_status, WNOHANG) == child->pid;
    return child->has_ended;
}

void child_wait(struct child *child)
{
    if (child->pid == 0 || child->has_ended)
        return;
    while (waitpid(child->pid, &child->wait_status, 0) < 0 && errno == EINTR)
        continue;
    child->has_ended = true;
}

void child_signal(const struct child *child, int signal_number)
{
    if (child->pid != 0 && !child->has_ended)
        (void)kill(child->pid, signal_number);
}

void child_say_end(const struct child *child)
{
    int status = child->wait_status;
    if (WIFSIGNALED(status))
        (void)fprintf(stderr, "omgw: %s was ended by signal %d (%s)\n", child->name,
                      WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        (void)fprintf(stderr, "omgw: %s ended with code %d\n", child->name,
                      WEXITSTATUS(status));
    for (size_t i = 0; i < CHILD_LAST_LINES; i++)
        if (child->last_lines[i] != NULL)
            (void)fprintf(stderr, "  %s\n", child->last_lines[i]);
}

void child_release(struct child *child)
{
    child_signal(child, SIGKILL);
    child_wait(child);
    if (child->output >= 0)
        (void)close(child->output);
    for (size_t i = 0; i < CHILD_LAST_LINES; i++)
        mem_free(child->last_lines[i]);
    buf_release(&child->line);
    *child = (struct child){.output = -1};
}
