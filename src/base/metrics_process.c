#include "metrics_process.h"

#include <dirent.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/text.h"

/* A file of /proc, which fits in the room or is cut; empty when it cannot be read. */
static struct str read_proc(const char *path, char *room, size_t room_bytes)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return STR_NONE;
    size_t len = fread(room, 1, room_bytes, file);
    (void)fclose(file);
    return str_from(room, len);
}

/* The word at `position` (from 0), 0 when it is missing or no number. */
static int64_t number_at(struct str words, size_t position)
{
    struct str word = STR_NONE;
    for (size_t i = 0; i <= position; i++)
        word = str_cut(&words, ' ');
    int64_t number = 0;
    return str_to_i64(word, &number) ? number : 0;
}

/* Source: proc(5), /proc/[pid]/statm; read 2026-11-21. */
double process_rss_bytes(void)
{
    char room[256];
    struct str statm = read_proc("/proc/self/statm", room, sizeof(room));
    return (double)(number_at(statm, 1) * sysconf(_SC_PAGESIZE));
}

double process_cpu_seconds(void)
{
    struct timespec used = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

double process_open_fds(void)
{
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL)
        return 0;
    int64_t count = 0;
    for (const struct dirent *entry = readdir(directory); entry != NULL;
         entry = readdir(directory)) {
        if (entry->d_name[0] != '.')
            count++;
    }
    (void)closedir(directory);
    return (double)(count - 1); /* the directory itself was open */
}

/*
 * Field 22 of stat is the start in ticks after boot; the name in field 2 may hold
 * blanks, so counting starts behind its closing parenthesis. Source: proc(5),
 * /proc/[pid]/stat; read 2026-11-21.
 */
double process_start_seconds(void)
{
    char room[1024];
    struct str stat = read_proc("/proc/self/stat", room, sizeof(room));
    const char *name_end = stat.len == 0 ? NULL : memrchr(stat.ptr, ')', stat.len);
    if (name_end == NULL)
        return 0;
    struct str behind = str_sub(stat, (size_t)(name_end - stat.ptr) + 2, stat.len);
    double started = (double)number_at(behind, 19) / (double)sysconf(_SC_CLK_TCK);

    struct timespec up = {0};
    (void)clock_gettime(CLOCK_BOOTTIME, &up);
    double up_seconds = (double)up.tv_sec + (double)up.tv_nsec / 1e9;
    return (double)clock_now().wall_ms / 1000 - up_seconds + started;
}
