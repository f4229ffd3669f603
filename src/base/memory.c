#include "gateway/memory.h"

#include <malloc.h>
#include <unistd.h>

#include "die.h"

_Noreturn void die(const char *why)
{
    char line[160];
    int len = snprintf(line, sizeof(line), "omgw: %s\n", why);
    size_t bytes = len < (int)sizeof(line) ? (size_t)len : sizeof(line) - 1;
    /* Nothing can be done about a failing write: the process ends either way. */
    ssize_t written = write(STDERR_FILENO, line, bytes);
    (void)written;
    abort();
}

void *mem_new(size_t size)
{
    return mem_new_array(1, size);
}

void *mem_new_array(size_t count, size_t size)
{
    bool is_empty = count == 0 || size == 0;
    void *memory = is_empty ? calloc(1, 1) : calloc(count, size);
    if (memory == NULL)
        die("out of memory");
    return memory;
}

void *mem_resize(void *memory, size_t size)
{
    void *moved = realloc(memory, size == 0 ? 1 : size);
    if (moved == NULL)
        die("out of memory");
    return moved;
}

char *mem_copy_string(const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(mem_new(bytes), text, bytes);
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_freep(void *pointer_address)
{
    void *memory;
    memcpy(&memory, pointer_address, sizeof(memory));
    mem_free(memory);
}

/*
 * Left alone, glibc takes larger and larger pieces from its arenas instead of from the
 * system once one was freed, and has an arena for each thread: what one thread
 * allocates and another frees stays where it is. That was 10 MB of 40 after 50,000
 * messages.
 */
#define LARGE_BYTES (256 * 1024)
#define ARENAS 2

void mem_set_up_to_serve(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_ARENA_MAX, ARENAS);
#endif
}
