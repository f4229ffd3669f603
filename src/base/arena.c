#include "gateway/arena.h"

#include <stdarg.h>

#include "die.h"
#include "gateway/memory.h"

#define BLOCK_FIRST_BYTES 4096
#define BLOCK_LARGEST_BYTES ((size_t)256 * 1024)

struct block {
    struct block *next; /* older */
    size_t size;
    size_t used;
    _Alignas(max_align_t) char bytes[]; /* zeroed behind `used` */
};

struct arena {
    struct block *blocks; /* newest first; never NULL */
    size_t ceiling;
    size_t used; /* handed out, alignment included */
};

static struct block *block_new(size_t size, struct block *next)
{
    struct block *block = mem_new(sizeof(*block) + size);
    block->next = next;
    block->size = size;
    return block;
}

struct arena *arena_new(size_t ceiling)
{
    struct arena *arena = mem_new(sizeof(*arena));
    arena->blocks = block_new(BLOCK_FIRST_BYTES, NULL);
    arena->ceiling = ceiling;
    return arena;
}

/* Frees all blocks but the first one made. */
static struct block *free_newer(struct block *block)
{
    while (block->next != NULL) {
        struct block *older = block->next;
        mem_free(block);
        block = older;
    }
    return block;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    mem_free(free_newer(arena->blocks));
    mem_free(arena);
}

void arena_freep(struct arena **arena)
{
    arena_free(*arena);
}

void arena_reset(struct arena *arena)
{
    arena->blocks = free_newer(arena->blocks);
    memset(arena->blocks->bytes, 0, arena->blocks->used);
    arena->blocks->used = 0;
    arena->used = 0;
}

static size_t next_block_size(const struct arena *arena, size_t wanted)
{
    size_t size = arena->blocks->size * 2;
    if (size > BLOCK_LARGEST_BYTES)
        size = BLOCK_LARGEST_BYTES;
    return size < wanted ? wanted : size;
}

/* Compared piece by piece: the sum may overflow. */
static bool fits(size_t size, size_t padding, size_t left)
{
    return size <= left && padding <= left - size;
}

static void *try_alloc(struct arena *arena, size_t size, size_t alignment)
{
    struct block *block = arena->blocks;
    size_t padding = (alignment - block->used % alignment) % alignment;
    bool needs_block = !fits(size, padding, block->size - block->used);
    if (needs_block)
        padding = 0;
    if (!fits(size, padding, arena->ceiling - arena->used))
        return NULL;
    if (needs_block) {
        block = block_new(next_block_size(arena, size), block);
        arena->blocks = block;
    }
    void *memory = block->bytes + block->used + padding;
    block->used += padding + size;
    arena->used += padding + size;
    return memory;
}

void *arena_try_alloc(struct arena *arena, size_t size)
{
    return try_alloc(arena, size == 0 ? 1 : size, _Alignof(max_align_t));
}

static void *must(void *memory)
{
    if (memory == NULL)
        die("an arena's ceiling was passed");
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return must(arena_try_alloc(arena, size));
}

struct str arena_copy(struct arena *arena, struct str s)
{
    char *copy = must(try_alloc(arena, s.len + 1, 1));
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return (struct str){copy, s.len};
}

const char *arena_c_string(struct arena *arena, struct str s)
{
    return arena_copy(arena, s).ptr;
}

/* Most texts are shorter, and then formatted once. */
#define PRINT_ROOM_BYTES 256

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    char room[PRINT_ROOM_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(room, sizeof(room), format, args);
    va_end(args);
    if (len < 0)
        die("a text could not be formatted");
    if ((size_t)len < sizeof(room))
        return arena_copy(arena, str_from(room, (size_t)len));

    char *text = must(try_alloc(arena, (size_t)len + 1, 1));
    va_start(args, format);
    (void)vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct str){text, (size_t)len};
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
