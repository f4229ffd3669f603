#include "demo_place.h"

#include "gateway/json.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE_BYTES_MAX ((size_t)256 * 1024)
#define HOST "127.0.0.1"
#define OPEN_FOLDERS 8
#define SECRET_HEX_BYTES 24

#define PAGE_PORT 8070
#define PUBLIC_PORT 8080
#define GENESYS_PORT 8090
#define ADMIN_PORT 9090

/* --- folder --------------------------------------------------------------- */

/* The path becomes part of YAML and of a socket's address: it must be plain and short.
 */
static bool is_plain(const char *path)
{
    struct str rest = str_of(path);
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];
        bool is_word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_word && strchr("/._-", c) == NULL)
            return false;
    }
    return rest.len > 0 && rest.len < 64 && rest.ptr[0] == '/';
}

static enum status make_folder(struct demo_place *place, struct error *err)
{
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || !is_plain(parent))
        parent = "/tmp";
    struct str template = arena_printf(place->arena, "%s/omgw-demo-XXXXXX", parent);
    char *path = arena_alloc(place->arena, template.len + 1);
    memcpy(path, template.ptr, template.len);
    if (mkdtemp(path) == NULL)
        return fail(err, STATUS_FAILED, "make a folder in %s: %s", parent,
                    strerror(errno));
    place->folder = path;
    place->config_path = arena_printf(place->arena, "%s/omgw.yaml", path).ptr;
    return STATUS_OK;
}

static int remove_one(const char *path, const struct stat *status, int kind,
                      struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    (void)remove(path);
    return 0; /* the others all the same */
}

/* --- secrets -------------------------------------------------------------- */

static const char *random_hex(struct arena *arena)
{
    uint8_t bytes[SECRET_HEX_BYTES];
    char *text = arena_alloc(arena, 2 * sizeof(bytes) + 1);
    bytes_random(bytes, sizeof(bytes));
    hex_encode(bytes, sizeof(bytes), text);
    bytes_wipe(bytes, sizeof(bytes));
    return text;
}

static void make_secrets(struct demo_place *place)
{
    char base64[base64_encoded_size(DEMO_SECRET_BYTES)];
    bytes_random(place->key, sizeof(place->key));
    base64_encode(place->key, sizeof(place->key), base64);
    place->bridge_secret = arena_printf(place->arena, "whsec_%s", base64).ptr;
    bytes_wipe(base64, sizeof(base64));
    place->genesys_secret = random_hex(place->arena);
    place->client_secret = random_hex(place->arena);
    place->client_id = "0b0e7c1e-0000-4000-8000-000000000001";
    place->integration = "5a1d3a52-0000-4000-8000-000000000002";
}

/* --- ports ---------------------------------------------------------------- */

/* Ports are held until all are chosen, so that none is chosen twice. */
struct choice {
    struct demo_place *place;
    bool are_free;
    int held[4];
    size_t count;
};

/* Takes `port`, 0: any; the port that was free, or 0. */
static unsigned try_port(struct choice *choice, unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(address);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    bool is_free = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
                   listen(fd, 1) == 0 &&
                   getsockname(fd, (struct sockaddr *)&address, &len) == 0;
    if (!is_free) {
        (void)close(fd);
        return 0;
    }
    choice->held[choice->count++] = fd;
    return ntohs(address.sin_port);
}

static const char *address_of(const struct choice *choice, unsigned port)
{
    return arena_printf(choice->place->arena, HOST ":%u", port).ptr;
}

/* The usual port, or a free one; NULL when the machine has none left. */
static const char *choose(struct choice *choice, unsigned usual, const char *what)
{
    unsigned port = choice->are_free ? 0 : try_port(choice, usual);
    if (port != 0)
        return address_of(choice, port);
    port = try_port(choice, 0);
    if (port != 0 && !choice->are_free)
        (void)fprintf(stderr, "omgw: port %u is taken: %s takes %u\n", usual, what,
                      port);
    return port == 0 ? NULL : address_of(choice, port);
}

static enum status choose_page(struct choice *choice, const char *port,
                               struct error *err)
{
    int64_t number;
    if (port == NULL) {
        choice->place->page_address = choose(choice, PAGE_PORT, "the page");
        return STATUS_OK;
    }
    if (!str_to_i64(str_of(port), &number) || number < 1 || number > 65535)
        return fail(err, STATUS_INVALID, "--port must be a number from 1 to 65535");
    if (try_port(choice, (unsigned)number) == 0)
        return fail(err, STATUS_INVALID, "port %s is taken; name another, or none",
                    port);
    choice->place->page_address = address_of(choice, (unsigned)number);
    return STATUS_OK;
}

static enum status choose_others(struct choice *choice, struct error *err)
{
    struct demo_place *place = choice->place;
    place->public_address = choose(choice, PUBLIC_PORT, "the gateway");
    place->admin_address = choose(choice, ADMIN_PORT, "the gateway's admin listener");
    place->genesys_address = choose(choice, GENESYS_PORT, "the emulator");
    if (place->page_address == NULL || place->public_address == NULL ||
        place->admin_address == NULL || place->genesys_address == NULL)
        return fail(err, STATUS_INVALID, "no port is free");
    return STATUS_OK;
}

static enum status choose_ports(struct demo_place *place, const char *port,
                                bool are_free, struct error *err)
{
    struct choice choice = {.place = place, .are_free = are_free};
    enum status status = choose_page(&choice, port, err);
    if (status == STATUS_OK)
        status = choose_others(&choice, err);
    while (choice.count > 0)
        (void)close(choice.held[--choice.count]);
    return status;
}

/* --- all of it ------------------------------------------------------------ */

enum status demo_place_make(struct demo_place *place, const char *port, bool are_free,
                            struct error *err)
{
    *place = (struct demo_place){.arena = arena_new(PLACE_BYTES_MAX)};
    make_secrets(place);
    enum status status = choose_ports(place, port, are_free, err);
    return status == STATUS_OK ? make_folder(place, err) : status;
}

/* A peer that was away is tried again soon: nobody looks at a page for minutes. */
static void print_config(const struct demo_place *place, struct buf *out)
{
    buf_printf(out,
               "# Made by \"omgw demo\"; removed at its end.\n"
               "public_url: http://%s\n"
               "listen:\n"
               "  public: \"%s\"\n"
               "  admin: \"%s\"\n"
               "  control: \"unix:%s/omgw.sock\"\n"
               "database: \"sqlite:%s/omgw.db\"\n"
               "media_dir: \"%s\"\n"
               "limits: { connections: 256 }\n"
               "retry: { first: 500ms, ceiling: 2s, probe: 2s }\n"
               "egress: { allow: [ 127.0.0.0/8 ] } # the agent's files are here too\n"
               "log: { level: info, format: json }\n",
               place->public_address, place->public_address, place->admin_address,
               place->folder, place->folder, place->folder);
    buf_printf(out,
               "genesys:\n"
               "  - name: main\n"
               "    api_url: http://%s\n"
               "    login_url: http://%s\n"
               "    client_id: %s\n"
               "    client_secret: \"%s\"\n",
               place->genesys_address, place->genesys_address, place->client_id,
               place->client_secret);
    buf_printf(out,
               "bridges:\n"
               "  - name: acme\n"
               "    channel: partner\n"
               "    genesys: main\n"
               "    integration_id: %s\n"
               "    genesys_secrets: [ { value: \"%s\" } ]\n"
               "    partner:\n"
               "      callback_url: http://%s/omgw\n"
               "      secrets: [ { value: \"%s\" } ]\n"
               "      receipts: true\n"
               "      typing: true\n"
               "      cards: true\n"
               "      quick_replies_max: 10\n",
               place->integration, place->genesys_secret, place->page_address,
               place->bridge_secret);
}

static bool write_all(int fd, struct str text)
{
    while (text.len > 0) {
        ssize_t len = write(fd, text.ptr, text.len);
        if (len < 0 && errno == EINTR)
            continue;
        if (len <= 0)
            return false;
        text = str_sub(text, (size_t)len, text.len);
    }
    return true;
}

enum status demo_place_configure(const struct demo_place *place, struct error *err)
{
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, PLACE_BYTES_MAX);
    print_config(place, &text);
    int fd = open(place->config_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write_all(fd, buf_str(&text));
    int error_number = errno;
    if (fd >= 0)
        (void)close(fd);
    bytes_wipe(text.ptr, text.len);
    if (is_written)
        return STATUS_OK;
    return fail(err, STATUS_FAILED, "write %s: %s", place->config_path,
                strerror(error_number));
}

void demo_place_clear(struct demo_place *place)
{
    if (place->folder != NULL)
        (void)nftw(place->folder, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    bytes_wipe(place->key, sizeof(place->key));
    arena_free(place->arena);
    *place = (struct demo_place){.arena = NULL};
}
