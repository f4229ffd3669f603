#include "json_keys.h"

#include "gateway/memory.h"
#include "json_escape.h"

/* Objects up to this size are searched pair by pair, larger ones sorted. */
#define PAIRWISE_KEYS 16

static uint64_t load64(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static uint64_t load32(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/*
 * Looks at both ends of the key only: equal hashes are compared byte by byte, and large
 * objects are sorted, so chosen collisions gain nothing.
 */
static uint32_t key_hash(struct str key)
{
    uint64_t head = 0;
    uint64_t tail = 0;
    if (key.len >= 8) {
        head = load64(key.ptr);
        tail = load64(key.ptr + key.len - 8);
    } else if (key.len >= 4) {
        head = load32(key.ptr);
        tail = load32(key.ptr + key.len - 4);
    } else if (key.len > 0) {
        head = (unsigned char)key.ptr[0];
        tail = (uint64_t)(unsigned char)key.ptr[key.len / 2] << 8 |
               (unsigned char)key.ptr[key.len - 1];
    }
    uint64_t mixed =
        (head ^ key.len) * 0x9e3779b97f4a7c15u + tail * 0xc2b2ae3d27d4eb4fu;
    return (uint32_t)(mixed >> 32);
}

/* A total order in which equal texts stand together. */
static int key_compare(const struct key *a, const struct key *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (a->text.len != b->text.len)
        return a->text.len < b->text.len ? -1 : 1;
    return a->text.len == 0 ? 0 : memcmp(a->text.ptr, b->text.ptr, a->text.len);
}

static int key_sort_order(const void *a, const void *b)
{
    const struct key *left = a;
    const struct key *right = b;
    int order = key_compare(left, right);
    if (order != 0)
        return order;
    return left->at < right->at ? -1 : 1;
}

void keys_init(struct keys *keys)
{
    /* Not the array: only what was pushed is read, and clearing it would cost more. */
    keys->stack = keys->own;
    keys->count = 0;
    keys->capacity = KEYS_OWN;
    keys->unescaped = NULL;
}

void keys_release(struct keys *keys)
{
    if (keys->stack != keys->own)
        mem_free(keys->stack);
    arena_free(keys->unescaped);
}

static void grow(struct keys *keys)
{
    bool is_own = keys->stack == keys->own;
    keys->capacity *= 2;
    keys->stack = mem_resize(is_own ? NULL : keys->stack,
                             keys->capacity * sizeof(keys->stack[0]));
    if (is_own)
        memcpy(keys->stack, keys->own, sizeof(keys->own));
}

void keys_push(struct keys *keys, struct str raw, bool is_escaped, uint32_t at)
{
    struct str text = raw;
    if (is_escaped) {
        if (keys->unescaped == NULL)
            keys->unescaped = arena_new(SIZE_MAX); /* the bytes are its bound */
        text = json_unescape(raw, keys->unescaped);
    }
    if (keys->count == keys->capacity)
        grow(keys);
    keys->stack[keys->count++] = (struct key){
        .text = text,
        .at = at,
        .hash = key_hash(text),
    };
}

/* The later one of a pair with one name; NULL when there is no such pair. */
static const struct key *find_duplicate(struct key *keys, size_t count)
{
    if (count <= PAIRWISE_KEYS) {
        for (size_t later = 1; later < count; later++)
            for (size_t i = 0; i < later; i++)
                if (key_compare(&keys[i], &keys[later]) == 0)
                    return &keys[later];
        return NULL;
    }
    qsort(keys, count, sizeof(keys[0]), key_sort_order);
    for (size_t i = 1; i < count; i++)
        if (key_compare(&keys[i - 1], &keys[i]) == 0)
            return &keys[i];
    return NULL;
}

bool keys_pop_distinct(struct keys *keys, size_t first, uint32_t *out_at)
{
    const struct key *later = find_duplicate(keys->stack + first, keys->count - first);
    keys->count = first;
    if (later == NULL)
        return true;
    *out_at = later->at;
    return false;
}
