#include "gateway/flights.h"

#include <assert.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/memory.h"

/* More sends at one time than any set of limits lets through; one that finds no slot
 * makes the board tell nothing. */
#define SLOTS 8191
#define BOOT_BYTES 40
#define MAGIC "omgwflt1"

/* As it lies in the file. */
struct board {
    char magic[8];
    struct flights_run run;
    char boot[BOOT_BYTES]; /* the system start that the pages belong to */
    _Atomic uint64_t is_full;
    _Atomic uint64_t slots[SLOTS + 1]; /* 0: free; the first is never used */
};

struct flights {
    struct board *board;
    bool is_mapped;
    char boot[BOOT_BYTES];

    unsigned free[SLOTS]; /* a stack */
    size_t free_count;

    /* Of the last run. */
    bool is_unknown; /* it did not end well, and nobody knows what was under way */
    uint64_t *cut;   /* owned, sorted */
    size_t cut_count;
};

/* --- the board ------------------------------------------------------------- */

/* Source: proc(5), "/proc/sys/kernel/random/boot_id"; read 2026-11-21. */
static void read_boot(char out[BOOT_BYTES])
{
    memset(out, 0, BOOT_BYTES);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (read(fd, out, BOOT_BYTES - 1) < 0)
        out[0] = '\0';
    (void)close(fd);
}

/* Room on the disk for every page, so that writing to them cannot fail. */
static bool make_room(int fd)
{
    struct stat info;
    off_t bytes = (off_t)sizeof(struct board);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    return info.st_size >= bytes || posix_fallocate(fd, 0, bytes) == 0;
}

static struct board *map_board(int fd)
{
    if (!make_room(fd))
        return NULL;
    void *pages =
        mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

struct flights *flights_new(int fd)
{
    struct flights *flights = mem_new(sizeof(*flights));
    flights->board = map_board(fd);
    flights->is_mapped = flights->board != NULL;
    if (!flights->is_mapped)
        flights->board = mem_new(sizeof(struct board));
    read_boot(flights->boot);
    return flights;
}

void flights_free(struct flights *flights)
{
    if (flights == NULL)
        return;
    if (flights->is_mapped)
        (void)munmap(flights->board, sizeof(struct board));
    else
        mem_free(flights->board);
    mem_free(flights->cut);
    mem_free(flights);
}

/* --- the run before -------------------------------------------------------- */

static uint64_t value_of(enum delivery_class class, int64_t id)
{
    assert(id > 0 && class != DELIVERY_TYPING);
    return (uint64_t)id << 1 | (class == DELIVERY_RECEIPT);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool board_is_of(const struct flights *flights, const struct flights_run *run)
{
    const struct board *board = flights->board;
    return memcmp(board->magic, MAGIC, sizeof(board->magic)) == 0 &&
           memcmp(&board->run, run, sizeof(*run)) == 0 && flights->boot[0] != '\0' &&
           memcmp(board->boot, flights->boot, BOOT_BYTES) == 0 &&
           atomic_load(&board->is_full) == 0;
}

static void read_cut(struct flights *flights)
{
    flights->cut = mem_new_array(SLOTS, sizeof(*flights->cut));
    for (size_t i = 1; i <= SLOTS; i++) {
        uint64_t value = atomic_load(&flights->board->slots[i]);
        if (value != 0)
            flights->cut[flights->cut_count++] = value;
    }
    qsort(flights->cut, flights->cut_count, sizeof(*flights->cut), compare);
}

void flights_look_back(struct flights *flights, const struct flights_run *last)
{
    mem_free(TAKE(flights->cut));
    flights->cut_count = 0;
    flights->is_unknown = last != NULL && !board_is_of(flights, last);
    if (last != NULL && !flights->is_unknown)
        read_cut(flights);
}

void flights_begin(struct flights *flights, const struct flights_run *run)
{
    struct board *board = flights->board;
    memset(board, 0, sizeof(*board));
    memcpy(board->magic, MAGIC, sizeof(board->magic));
    memcpy(board->boot, flights->boot, BOOT_BYTES);
    board->run = *run;
    flights->free_count = 0;
    for (unsigned slot = SLOTS; slot > 0; slot--)
        flights->free[flights->free_count++] = slot;
}

bool flights_were_cut(const struct flights *flights, enum delivery_class class,
                      int64_t id)
{
    uint64_t value = value_of(class, id);
    if (flights->is_unknown)
        return true;
    return flights->cut_count > 0 && bsearch(&value, flights->cut, flights->cut_count,
                                             sizeof(value), compare) != NULL;
}

/* --- this run -------------------------------------------------------------- */

unsigned flights_put(struct flights *flights, enum delivery_class class, int64_t id)
{
    if (flights->free_count == 0) {
        atomic_store(&flights->board->is_full, 1);
        return FLIGHTS_NONE;
    }
    unsigned slot = flights->free[--flights->free_count];
    atomic_store_explicit(&flights->board->slots[slot], value_of(class, id),
                          memory_order_release);
    return slot;
}

void flights_clear(struct flights *flights, unsigned slot)
{
    if (slot == FLIGHTS_NONE)
        return;
    atomic_store_explicit(&flights->board->slots[slot], 0, memory_order_release);
    flights->free[flights->free_count++] = slot;
}

size_t flights_count(const struct flights *flights)
{
    return SLOTS - flights->free_count;
}
