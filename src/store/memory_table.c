/* A skip list (William Pugh, "Skip Lists", 1990) with a journal of old rows. */
#include "memory_table.h"

#include <assert.h>

#include "gateway/memory.h"

/* Half of the entries reach each next level: enough for millions. */
#define LEVELS 20

#define I64_BYTES 8
#define SIGN_BIT (UINT64_C(1) << 63)

struct table_entry {
    void *row;          /* owned */
    const uint8_t *key; /* behind the links, same block */
    size_t key_len;
    struct table_entry *links[]; /* as many as the entry is high */
};

/* What stood under a key before it was set or dropped. */
struct before {
    bool was_there;
    void *row; /* owned */
};

struct change {
    struct table_key key;
    struct before before;
};

struct table {
    struct table_entry *heads[LEVELS];
    uint32_t random;        /* heights only; the same in every run */
    struct change *journal; /* oldest first */
    size_t journal_count;
    size_t journal_room;
};

/* --- keys ---------------------------------------------------------------- */

static void add_bytes(struct table_key *key, const void *bytes, size_t len)
{
    assert(len <= sizeof(key->bytes) - key->len);
    if (len > 0)
        memcpy(key->bytes + key->len, bytes, len);
    key->len += len;
}

/* Big endian with the sign turned: memcmp then orders as the numbers do. */
static void add_i64(struct table_key *key, int64_t value)
{
    uint64_t turned = (uint64_t)value ^ SIGN_BIT;
    uint8_t bytes[I64_BYTES];
    for (size_t i = 0; i < I64_BYTES; i++)
        bytes[i] = (uint8_t)(turned >> (56 - 8 * i));
    add_bytes(key, bytes, sizeof(bytes));
}

bool key_takes_text(struct str text)
{
    return text.len <= LIMIT_ID_BYTES;
}

struct table_key key_table(unsigned table)
{
    assert(table <= UINT8_MAX);
    return (struct table_key){.len = 1, .bytes = {(uint8_t)table}};
}

struct table_key key_1(unsigned table, int64_t a)
{
    struct table_key key = key_table(table);
    add_i64(&key, a);
    return key;
}

struct table_key key_2(unsigned table, int64_t a, int64_t b)
{
    struct table_key key = key_1(table, a);
    add_i64(&key, b);
    return key;
}

struct table_key key_3(unsigned table, int64_t a, int64_t b, int64_t c)
{
    struct table_key key = key_2(table, a, b);
    add_i64(&key, c);
    return key;
}

struct table_key key_1_text(unsigned table, int64_t a, struct str text)
{
    assert(key_takes_text(text));
    struct table_key key = key_1(table, a);
    add_bytes(&key, text.ptr, text.len);
    return key;
}

struct table_key key_bytes(unsigned table, const void *bytes, size_t len)
{
    struct table_key key = key_table(table);
    add_bytes(&key, bytes, len);
    return key;
}

/* --- the list ------------------------------------------------------------ */

static int compare(const struct table_entry *entry, const struct table_key *key)
{
    size_t common = entry->key_len < key->len ? entry->key_len : key->len;
    int order = memcmp(entry->key, key->bytes, common);
    if (order != 0)
        return order;
    return (entry->key_len > key->len) - (entry->key_len < key->len);
}

/* In every level the link to the first entry at or after the key. */
static void find_links(struct table *table, const struct table_key *key,
                       struct table_entry **out_links[LEVELS])
{
    struct table_entry **links = table->heads;
    for (size_t level = LEVELS; level-- > 0;) {
        while (links[level] != NULL && compare(links[level], key) < 0)
            links = links[level]->links;
        out_links[level] = &links[level];
    }
}

static size_t random_height(struct table *table)
{
    uint32_t x = table->random; /* xorshift32, George Marsaglia, 2003 */
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    table->random = x;

    size_t height = 1;
    while (height < LEVELS && (x & 1) != 0) {
        height++;
        x >>= 1;
    }
    return height;
}

static void insert(struct table *table, const struct table_key *key, void *row,
                   struct table_entry **links[LEVELS])
{
    size_t height = random_height(table);
    size_t links_bytes = height * sizeof(struct table_entry *);
    struct table_entry *entry = mem_new(sizeof(*entry) + links_bytes + key->len);
    uint8_t *key_place = (uint8_t *)entry->links + links_bytes;
    memcpy(key_place, key->bytes, key->len);
    entry->key = key_place;
    entry->key_len = key->len;
    entry->row = row;
    for (size_t level = 0; level < height; level++) {
        entry->links[level] = *links[level];
        *links[level] = entry;
    }
}

static struct before set(struct table *table, const struct table_key *key, void *row)
{
    struct table_entry **links[LEVELS];
    find_links(table, key, links);
    struct table_entry *entry = *links[0];
    if (entry == NULL || compare(entry, key) != 0) {
        insert(table, key, row, links);
        return (struct before){.was_there = false};
    }
    struct before before = {.was_there = true, .row = entry->row};
    entry->row = row;
    return before;
}

static struct before drop(struct table *table, const struct table_key *key)
{
    struct table_entry **links[LEVELS];
    find_links(table, key, links);
    struct table_entry *entry = *links[0];
    assert(entry != NULL && compare(entry, key) == 0);
    struct before before = {.was_there = true, .row = entry->row};
    for (size_t level = 0; level < LEVELS && *links[level] == entry; level++)
        *links[level] = entry->links[level];
    mem_free(entry);
    return before;
}

struct table *table_new(void)
{
    struct table *table = mem_new(sizeof(*table));
    table->random = 2463534242; /* any number but 0 */
    return table;
}

void table_free(struct table *table)
{
    if (table == NULL)
        return;
    table_commit(table);
    struct table_entry *entry = table->heads[0];
    while (entry != NULL) {
        struct table_entry *next = entry->links[0];
        mem_free(entry->row);
        mem_free(entry);
        entry = next;
    }
    mem_free(table->journal);
    mem_free(table);
}

/* --- changing ------------------------------------------------------------ */

static void remember(struct table *table, const struct table_key *key,
                     struct before before)
{
    if (table->journal_count == table->journal_room) {
        table->journal_room = table->journal_room * 2 + 64;
        table->journal =
            mem_resize(table->journal, table->journal_room * sizeof(*table->journal));
    }
    table->journal[table->journal_count++] = (struct change){*key, before};
}

void table_put(struct table *table, const struct table_key *key, void *row)
{
    remember(table, key, set(table, key, row));
}

void table_delete(struct table *table, const struct table_key *key)
{
    remember(table, key, drop(table, key));
}

size_t table_mark(const struct table *table)
{
    return table->journal_count;
}

void table_undo(struct table *table, size_t mark)
{
    while (table->journal_count > mark) {
        struct change *change = &table->journal[--table->journal_count];
        struct before now = change->before.was_there
                                ? set(table, &change->key, change->before.row)
                                : drop(table, &change->key);
        mem_free(now.row);
    }
}

void table_commit(struct table *table)
{
    for (size_t i = 0; i < table->journal_count; i++)
        mem_free(table->journal[i].before.row);
    table->journal_count = 0;
}

/* --- looking ------------------------------------------------------------- */

/* The first entry at or after a key, or NULL. */
static const struct table_entry *seek(const struct table *table,
                                      const struct table_key *key)
{
    struct table_entry *const *links = table->heads;
    for (size_t level = LEVELS; level-- > 0;)
        while (links[level] != NULL && compare(links[level], key) < 0)
            links = links[level]->links;
    return links[0];
}

const struct table_entry *table_find(const struct table *table,
                                     const struct table_key *key)
{
    const struct table_entry *entry = seek(table, key);
    return entry != NULL && compare(entry, key) == 0 ? entry : NULL;
}

const void *table_get(const struct table *table, const struct table_key *key)
{
    const struct table_entry *entry = table_find(table, key);
    return entry == NULL ? NULL : entry->row;
}

static const struct table_entry *within(const struct table_entry *entry,
                                        const struct table_key *prefix)
{
    bool is_within = entry != NULL && entry->key_len >= prefix->len &&
                     memcmp(entry->key, prefix->bytes, prefix->len) == 0;
    return is_within ? entry : NULL;
}

const struct table_entry *table_first(const struct table *table,
                                      const struct table_key *prefix)
{
    return within(seek(table, prefix), prefix);
}

const struct table_entry *table_first_from(const struct table *table,
                                           const struct table_key *key,
                                           const struct table_key *prefix)
{
    return within(seek(table, key), prefix);
}

const struct table_entry *table_after(const struct table_entry *entry,
                                      const struct table_key *prefix)
{
    return within(entry->links[0], prefix);
}

const void *entry_row(const struct table_entry *entry)
{
    return entry->row;
}

struct table_key entry_key(const struct table_entry *entry)
{
    struct table_key key = {.len = 0};
    add_bytes(&key, entry->key, entry->key_len);
    return key;
}

int64_t entry_number(const struct table_entry *entry)
{
    const uint8_t *bytes = entry->key + entry->key_len - I64_BYTES;
    uint64_t turned = 0;
    for (size_t i = 0; i < I64_BYTES; i++)
        turned = turned << 8 | bytes[i];
    return (int64_t)(turned ^ SIGN_BIT);
}
