#include "flood.h"

#include "gateway/hash_table.h"
#include "gateway/limits.h"

#define MINUTE_MS 60000
/* Some 50 MB if each is from another contact, and only where the ceiling is set. */
#define REMEMBERED_MAX ((size_t)256 * 1024)

struct contact_key {
    int64_t bridge_row;
    char id[LIMIT_ID_BYTES];
};

struct sender_count {
    UT_hash_handle hh;
    struct admission *first; /* oldest; the contact's own chain */
    struct admission *last;
    int64_t count;
    struct contact_key key; /* only as long as its id: last member */
};

struct admission {
    struct admission *next; /* of all, by time */
    struct admission *next_of_contact;
    struct sender_count *contact;
    int64_t at_ms;
};

struct flood {
    struct sender_count *contacts;
    struct admission *first; /* oldest of all */
    struct admission *last;
    size_t count;
};

struct flood *flood_new(void)
{
    return mem_new(sizeof(struct flood));
}

/* Of a contact the oldest of all is the oldest of its own. */
static void forget_oldest(struct flood *flood)
{
    struct admission *oldest = flood->first;
    struct sender_count *contact = oldest->contact;

    flood->first = oldest->next;
    if (flood->first == NULL)
        flood->last = NULL;
    flood->count--;
    contact->first = oldest->next_of_contact;
    if (--contact->count == 0) {
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): it holds this one */
        HASH_DEL(flood->contacts, contact);
        mem_free(contact);
    }
    mem_free(oldest);
}

void flood_free(struct flood *flood)
{
    if (flood == NULL)
        return;
    while (flood->first != NULL)
        forget_oldest(flood);
    mem_free(flood);
}

static size_t key_bytes(struct str contact_id)
{
    return offsetof(struct contact_key, id) + contact_id.len;
}

static struct sender_count *contact_of(struct flood *flood, int64_t bridge_row,
                                       struct str contact_id)
{
    struct contact_key key;
    struct sender_count *contact = NULL;
    size_t bytes = key_bytes(contact_id);

    key.bridge_row = bridge_row;
    memcpy(key.id, contact_id.ptr, contact_id.len);
    /* NOLINTNEXTLINE(clang-analyzer-core.*): all `bytes` of the key were copied */
    HASH_FIND(hh, flood->contacts, &key, bytes, contact);
    if (contact != NULL)
        return contact;
    contact = mem_new(offsetof(struct sender_count, key) + bytes);
    memcpy(&contact->key, &key, bytes);
    HASH_ADD(hh, flood->contacts, key, bytes, contact);
    return contact;
}

static void remember(struct flood *flood, struct sender_count *contact, int64_t now_ms)
{
    struct admission *admission = mem_new(sizeof(*admission));
    admission->contact = contact;
    admission->at_ms = now_ms;
    if (flood->last == NULL)
        flood->first = admission;
    else
        flood->last->next = admission;
    flood->last = admission;
    flood->count++;
    if (contact->count == 0)
        contact->first = admission;
    else
        contact->last->next_of_contact = admission;
    contact->last = admission;
    contact->count++;
}

bool flood_admits(struct flood *flood, int64_t bridge_row, struct str contact_id,
                  int64_t per_minute, int64_t now_ms, int64_t *out_wait_ms)
{
    while (flood->first != NULL && (now_ms - flood->first->at_ms >= MINUTE_MS ||
                                    flood->count >= REMEMBERED_MAX))
        forget_oldest(flood);
    if (contact_id.len == 0 || contact_id.len > LIMIT_ID_BYTES)
        return true; /* no contact: nobody's flood */
    struct sender_count *contact = contact_of(flood, bridge_row, contact_id);
    if (contact->count >= per_minute) {
        *out_wait_ms = contact->first->at_ms + MINUTE_MS - now_ms;
        return false;
    }
    remember(flood, contact, now_ms);
    return true;
}
