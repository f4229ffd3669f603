#include "aborts.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject.h"
#include "support/must.h"

#include "gateway/memory.h"

#define SHARED_BYTES ((size_t)32 * 1024 * 1024)
#define SAID_BYTES 4096

/* One file behind the other: its name, its size, its bytes. */
struct dump {
    size_t used; /* of bytes */
    size_t files;
    bool is_too_large;
    unsigned char bytes[SHARED_BYTES];
};

static struct dump *dump; /* shared with the copy */
static struct {
    struct vfs_memory *vfs;
    aborts_noted *noted;
    void *context;
    bool is_done;
    int status; /* as waitpid says */
    char said[SAID_BYTES];
} watch;

/* --- in the copy ------------------------------------------------------------------ */

/* What runs in the handler reads memory that nothing changes any more.
 * NOLINTBEGIN(bugprone-signal-handler,cert-sig30-c) */

static void put(const void *bytes, size_t len)
{
    if (dump->used + len > SHARED_BYTES) {
        dump->is_too_large = true;
        return;
    }
    memcpy(dump->bytes + dump->used, bytes, len);
    dump->used += len;
}

static void put_file(const struct disk *disk, unsigned file, const char *name)
{
    size_t size = disk_size(disk, file);
    char bytes[4096];
    put(name, strlen(name) + 1);
    put(&size, sizeof(size));
    for (size_t at = 0; at < size; at += sizeof(bytes))
        put(bytes, disk_read(disk, file, at, bytes, sizeof(bytes)));
    dump->files++;
}

/* Of a process that ends: nothing here allocates or waits. */
static void bring_out(int number)
{
    const struct disk *disk = vfs_memory_disk(watch.vfs);
    for (unsigned i = 0; i < disk_next_file(disk); i++) {
        const char *name = disk_name(disk, i);
        if (name != NULL)
            put_file(disk, i, name);
    }
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* NOLINTEND(bugprone-signal-handler,cert-sig30-c) */

/* The copy is meant to abort: it leaves no core file, which a run takes for a crash. */
static bool become_the_copy(int said)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)dup2(said, STDERR_FILENO);
    (void)signal(SIGABRT, bring_out);
    return true;
}

/* --- in this process ----------------------------------------------------------------
 */

static void listen_to(int said)
{
    size_t len = 0;
    while (len + 1 < SAID_BYTES) {
        ssize_t got = read(said, watch.said + len, SAID_BYTES - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    watch.said[len] = '\0';
}

static bool own_is_due(void *context)
{
    int pipes[2];
    (void)context;
    if (watch.is_done || watch.vfs == NULL)
        return false;
    watch.is_done = true;
    dump->used = 0;
    dump->files = 0;
    dump->is_too_large = false;
    must(pipe(pipes) == 0, "a pipe");
    pid_t pid = fork();
    must(pid >= 0, "a copy of the process");
    if (pid == 0)
        return become_the_copy(pipes[1]);
    (void)close(pipes[1]);
    listen_to(pipes[0]);
    (void)close(pipes[0]);
    while (waitpid(pid, &watch.status, 0) < 0 && errno == EINTR)
        ;
    watch.noted(watch.context);
    return false;
}

void aborts_watch(struct vfs_memory *vfs, aborts_noted *noted, void *context)
{
    if (dump == NULL) {
        dump = mmap(NULL, sizeof(*dump), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        must(dump != MAP_FAILED, "shared memory");
    }
    watch.vfs = vfs;
    watch.noted = noted;
    watch.context = context;
    watch.is_done = false;
    inject_set_own(own_is_due, NULL);
}

static struct disk *rebuild(void)
{
    struct disk *disk = disk_new();
    const unsigned char *at = dump->bytes;
    for (size_t i = 0; i < dump->files; i++) {
        size_t size;
        size_t name_bytes = strlen((const char *)at) + 1;
        unsigned file = disk_next_file(disk);
        disk_change(disk, DISK_CREATE, file, 0, at, name_bytes);
        at += name_bytes;
        memcpy(&size, at, sizeof(size));
        at += sizeof(size);
        disk_change(disk, DISK_WRITE, file, 0, at, size);
        at += size;
    }
    return disk;
}

struct disk *aborts_take(struct error *err)
{
    static const char line[] = "omgw: out of memory\n";
    err->text[0] = '\0';
    watch.vfs = NULL;
    if (!watch.is_done)
        return NULL;
    if (!WIFSIGNALED(watch.status) || WTERMSIG(watch.status) != SIGABRT)
        (void)fail(err, STATUS_FAILED, "without memory of our own it ends with %d: %s",
                   watch.status, watch.said);
    else if (strcmp(watch.said, line) != 0)
        (void)fail(err, STATUS_FAILED, "without memory of our own it says: %s",
                   watch.said);
    else if (dump->is_too_large)
        (void)fail(err, STATUS_FAILED, "its database is too large for this test");
    return err->text[0] == '\0' ? rebuild() : NULL;
}
