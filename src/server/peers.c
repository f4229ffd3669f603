#include "peers.h"

#include <arpa/inet.h>
#include <pthread.h>

#include "gateway/hash_table.h"

#define MAPPED_PREFIX_BITS 96

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const struct peer *peer)
{
    return memcmp(peer->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static void map_ipv4(const void *address, struct peer *out_peer)
{
    memcpy(out_peer->bytes, mapped_prefix, sizeof(mapped_prefix));
    memcpy(out_peer->bytes + sizeof(mapped_prefix), address, 4);
}

bool peer_of_socket(const struct sockaddr *address, struct peer *out_peer)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, address, sizeof(ipv4));
        map_ipv4(&ipv4.sin_addr, out_peer);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, address, sizeof(ipv6));
        memcpy(out_peer->bytes, &ipv6.sin6_addr, sizeof(out_peer->bytes));
        return true;
    }
    return false;
}

/* Drops a port: "a.b.c.d:80", "[v6]:80", "[v6]". A bare IPv6 address has more colons.
 */
static struct str without_port(struct str text)
{
    if (text.len > 0 && text.ptr[0] == '[') {
        int64_t end = str_find_byte(text, ']');
        return end < 0 ? STR_NONE : str_sub(text, 1, (size_t)end - 1);
    }
    int64_t colon = str_find_byte(text, ':');
    if (colon < 0)
        return text;
    struct str behind = str_sub(text, (size_t)colon + 1, text.len);
    return str_find_byte(behind, ':') < 0 ? str_sub(text, 0, (size_t)colon) : text;
}

/* An address and nothing else; `out_is_v4`: as it is written. */
static bool parse_bare(struct str address, struct peer *out_peer, bool *out_is_v4)
{
    char terminated[INET6_ADDRSTRLEN];
    if (address.len == 0 || address.len >= sizeof(terminated))
        return false;
    memcpy(terminated, address.ptr, address.len);
    terminated[address.len] = '\0';

    struct in_addr ipv4;
    *out_is_v4 = inet_pton(AF_INET, terminated, &ipv4) == 1;
    if (*out_is_v4)
        map_ipv4(&ipv4, out_peer);
    return *out_is_v4 || inet_pton(AF_INET6, terminated, out_peer->bytes) == 1;
}

bool peer_parse(struct str text, struct peer *out_peer)
{
    bool is_v4 = false;
    return parse_bare(without_port(str_trim(text)), out_peer, &is_v4);
}

void peer_format(const struct peer *peer, char out_text[PEER_TEXT_BYTES])
{
    const void *address = peer->bytes;
    int family = AF_INET6;
    if (is_mapped(peer)) {
        address = peer->bytes + sizeof(mapped_prefix);
        family = AF_INET;
    }
    if (inet_ntop(family, address, out_text, PEER_TEXT_BYTES) == NULL)
        out_text[0] = '\0'; /* not with these families and this size */
}

/* --- networks ------------------------------------------------------------- */

struct network {
    struct peer address;
    unsigned bits; /* leading ones that count, of 128 */
};

struct networks {
    bool has_unix;
    size_t count;
    struct network items[];
};

static bool parse_network(struct str text, struct network *out)
{
    struct str rest = text;
    struct str address = str_cut(&rest, '/');
    bool is_v4 = false;
    if (!parse_bare(address, &out->address, &is_v4))
        return false;
    unsigned base = is_v4 ? MAPPED_PREFIX_BITS : 0; /* bits count as it is written */
    out->bits = 128;
    if (address.len == text.len)
        return true;

    int64_t bits = 0;
    if (!str_to_i64(rest, &bits) || bits < 0 || bits > 128 - (int64_t)base)
        return false;
    out->bits = base + (unsigned)bits;
    return true;
}

enum status networks_new(const char *const *texts, struct networks **out_networks,
                         struct error *err)
{
    size_t count = 0;
    while (texts != NULL && texts[count] != NULL)
        count++;

    CLEANUP(mem_freep)
    struct networks *networks =
        mem_new(sizeof(*networks) + count * sizeof(networks->items[0]));
    for (size_t i = 0; i < count; i++) {
        struct str text = str_of(texts[i]);
        if (str_is(text, "unix:")) {
            networks->has_unix = true;
            continue;
        }
        if (!parse_network(text, &networks->items[networks->count++]))
            return fail(err, STATUS_INVALID,
                        "'%s' is neither an address, a network nor 'unix:'", texts[i]);
    }
    *out_networks = TAKE(networks);
    return STATUS_OK;
}

void networks_free(struct networks *networks)
{
    mem_free(networks);
}

static bool network_holds(const struct network *network, const struct peer *peer)
{
    size_t whole = network->bits / 8;
    if (memcmp(network->address.bytes, peer->bytes, whole) != 0)
        return false;
    unsigned rest = network->bits % 8;
    if (rest == 0)
        return true;
    unsigned differing = network->address.bytes[whole] ^ peer->bytes[whole];
    return differing >> (8 - rest) == 0;
}

bool networks_hold(const struct networks *networks, const struct peer *peer)
{
    for (size_t i = 0; i < networks->count; i++) {
        if (network_holds(&networks->items[i], peer))
            return true;
    }
    return false;
}

bool networks_hold_unix(const struct networks *networks)
{
    return networks->has_unix;
}

/* --- counts --------------------------------------------------------------- */

struct peer_count {
    struct peer peer;
    int64_t count;
    UT_hash_handle hh;
};

struct peer_counts {
    int64_t limit;
    pthread_mutex_t lock;
    struct peer_count *table; /* guarded by lock */
};

struct peer_counts *peer_counts_new(int64_t limit)
{
    struct peer_counts *counts = mem_new(sizeof(*counts));
    counts->limit = limit;
    (void)pthread_mutex_init(&counts->lock, NULL); /* cannot fail without attributes */
    return counts;
}

void peer_counts_free(struct peer_counts *counts)
{
    if (counts == NULL)
        return;
    struct peer_count *entry = NULL;
    struct peer_count *next = NULL;
    HASH_ITER(hh, counts->table, entry, next)
    {
        HASH_DEL(counts->table, entry);
        mem_free(entry);
    }
    (void)pthread_mutex_destroy(&counts->lock);
    mem_free(counts);
}

static struct peer_count *find_count(const struct peer_counts *counts,
                                     const struct peer *peer)
{
    struct peer_count *found = NULL;
    HASH_FIND(hh, counts->table, peer, sizeof(*peer), found);
    return found;
}

static bool add_locked(struct peer_counts *counts, const struct peer *peer)
{
    struct peer_count *entry = find_count(counts, peer);
    if (entry == NULL) {
        entry = mem_new(sizeof(*entry));
        entry->peer = *peer;
        HASH_ADD(hh, counts->table, peer, sizeof(entry->peer), entry);
    }
    if (entry->count >= counts->limit)
        return false;
    entry->count++;
    return true;
}

bool peer_counts_add(struct peer_counts *counts, const struct peer *peer)
{
    if (counts->limit == 0)
        return true;
    (void)pthread_mutex_lock(&counts->lock);
    bool is_added = add_locked(counts, peer);
    (void)pthread_mutex_unlock(&counts->lock);
    return is_added;
}

void peer_counts_remove(struct peer_counts *counts, const struct peer *peer)
{
    if (counts->limit == 0)
        return;
    (void)pthread_mutex_lock(&counts->lock);
    struct peer_count *entry = find_count(counts, peer);
    if (entry != NULL && --entry->count == 0) {
        HASH_DEL(counts->table, entry);
        mem_free(entry);
    }
    (void)pthread_mutex_unlock(&counts->lock);
}
