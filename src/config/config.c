#include "gateway/config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "entries.h"
#include "gateway/channel.h"
#include "gateway/crypto.h"
#include "gateway/memory.h"
#include "load.h"
#include "reader.h"
#include "table.h"
#include "value.h"

/* A thousand bridges take a third of it. */
#define CONFIG_FILE_BYTES ((size_t)1024 * 1024)
#define WARNINGS_BYTES ((size_t)256 * 1024)

static struct config *config_new(const char *file)
{
    struct config *config = mem_new(sizeof(*config));
    struct snapshot *snapshot = mem_new(sizeof(*snapshot));
    atomic_init(&snapshot->references, 1);
    snapshot->file = mem_copy_string(file);
    section_init(&snapshot->root, root_rows, root_row_count, config);
    snapshot->root.variable = mem_copy_string(VARIABLE_PREFIX);
    snapshot->root.path = mem_copy_string("");
    snapshot->root.place = (struct place){.line = 1, .column = 1};
    buf_init(&snapshot->warnings, WARNINGS_BYTES);
    config->owned = snapshot;
    return config;
}

static void free_keys(struct bridge *bridge)
{
    for (size_t i = 0;
         bridge->genesys_keys != NULL && i < bridge->genesys_secrets.count; i++)
        hmac_free(bridge->genesys_keys[i]);
    mem_free(TAKE(bridge->genesys_keys));
}

static void config_free(struct config *config)
{
    struct snapshot *snapshot = snapshot_of(config);
    for (size_t i = 0; i < config->bridge_count; i++)
        free_keys(&config->bridges[i]);
    mem_free(config->bridges);
    mem_free(config->organisations);
    mem_free(config->admin.tokens);
    mem_free(snapshot->by_name);
    entries_release(snapshot);
    section_release(&snapshot->root);
    buf_release(&snapshot->warnings);
    mem_free(snapshot->file);
    mem_free(snapshot);
    mem_free(config);
}

struct config *config_hold(struct config *config)
{
    /* Who holds again holds already: nothing can be freed meanwhile. */
    atomic_fetch_add_explicit(&snapshot_of(config)->references, 1,
                              memory_order_relaxed);
    return config;
}

void config_drop(struct config *config)
{
    if (config == NULL)
        return;
    struct snapshot *snapshot = snapshot_of(config);
    /* Whatever the others did with it is over before the last one frees it. */
    if (atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) == 1)
        config_free(config);
}

void config_dropp(struct config **config)
{
    config_drop(*config);
}

struct str config_warnings(const struct config *config)
{
    return buf_str(&snapshot_of(config)->warnings);
}

static const struct organisation *find_organisation(const struct config *config,
                                                    const char *name)
{
    for (size_t i = 0; i < config->organisation_count; i++) {
        if (strcmp(config->organisations[i].name, name) == 0)
            return &config->organisations[i];
    }
    return NULL;
}

static enum status make_keys(struct bridge *bridge, struct error *err)
{
    enum status status = STATUS_OK;
    bridge->genesys_keys =
        mem_new_array(bridge->genesys_secrets.count, sizeof(struct hmac *));
    for (size_t i = 0; i < bridge->genesys_secrets.count && status == STATUS_OK; i++)
        status = hmac_new(str_of(bridge->genesys_secrets.items[i]),
                          &bridge->genesys_keys[i], err);
    return status;
}

static int compare_names(const void *left, const void *right)
{
    const struct bridge *const *a = left;
    const struct bridge *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

/* The entries are good: gives them the form of the header. */
static enum status publish(struct config *config, struct error *err)
{
    struct snapshot *snapshot = snapshot_of(config);
    config->organisations =
        mem_new_array(snapshot->organisation_count, sizeof(config->organisations[0]));
    config->organisation_count = snapshot->organisation_count;
    for (size_t i = 0; i < snapshot->organisation_count; i++)
        config->organisations[i] = snapshot->organisations[i].value;

    config->bridges = mem_new_array(snapshot->bridge_count, sizeof(config->bridges[0]));
    config->bridge_count = snapshot->bridge_count;
    snapshot->by_name = mem_new_array(snapshot->bridge_count, sizeof(struct bridge *));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < snapshot->bridge_count && status == STATUS_OK; i++) {
        const struct bridge_entry *entry = &snapshot->bridges[i];
        struct bridge *bridge = &config->bridges[i];
        *bridge = entry->value;
        bridge->index = (unsigned)i;
        bridge->public_url = config->public_url;
        bridge->organisation = find_organisation(config, entry->organisation);
        snapshot->by_name[i] = bridge;
        status = make_keys(bridge, err);
    }
    if (status == STATUS_OK && snapshot->bridge_count > 0)
        qsort(snapshot->by_name, snapshot->bridge_count, sizeof(struct bridge *),
              compare_names);
    return status;
}

static int compare_name_to_bridge(const void *key, const void *item)
{
    const struct str *name = key;
    const struct bridge *const *bridge = item;
    struct str other = str_of((*bridge)->name);
    size_t common = name->len < other.len ? name->len : other.len;
    int order = common == 0 ? 0 : memcmp(name->ptr, other.ptr, common);
    return order != 0 ? order : (name->len > other.len) - (name->len < other.len);
}

const struct bridge *config_bridge(const struct config *config, struct str name)
{
    const struct snapshot *snapshot = snapshot_of(config);
    if (config->bridge_count == 0)
        return NULL;
    const struct bridge *const *found =
        bsearch(&name, snapshot->by_name, config->bridge_count, sizeof(struct bridge *),
                compare_name_to_bridge);
    return found == NULL ? NULL : *found;
}

const struct bridge *config_bridge_of_row(const struct config *config, int64_t row)
{
    for (size_t i = 0; i < config->bridge_count; i++) {
        if (config->bridges[i].row == row)
            return &config->bridges[i];
    }
    return NULL;
}

static void reader_release(struct reader *reader)
{
    document_release(&reader->document);
    environment_release(&reader->environment);
    problems_release(&reader->problems);
    problems_release(&reader->warnings);
}

static void read_all(struct reader *reader, struct config *config,
                     const struct channel *const *channels)
{
    struct snapshot *snapshot = snapshot_of(config);
    struct extra lists[] = {{.name = "genesys"}, {.name = "bridges"}};
    section_read(reader, &snapshot->root, document_root(&reader->document), lists,
                 COUNT_OF(lists));
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (lists[i].value != NULL &&
            !reader_wants_list(reader, lists[i].name, lists[i].value))
            lists[i].value = NULL;
    }
    entries_read_organisations(reader, snapshot, &lists[0]);
    entries_read_bridges(reader, snapshot, channels, &lists[1]);
    check_snapshot(reader, snapshot);
    environment_report(&reader->environment, snapshot, &reader->problems);
}

enum status config_load_text(const struct config_input *input,
                             struct config **out_config, struct buf *out_problems)
{
    CLEANUP(config_dropp) struct config *config = config_new(input->file);
    CLEANUP(reader_release)
    struct reader reader = {
        .files = input->files,
        .skips_secrets = input->skips_secrets,
        .problems.file = input->file,
        .warnings.file = input->file,
    };
    environment_init(&reader.environment, input->environment);
    if (document_read(&reader.document, input->text, &reader.problems))
        read_all(&reader, config, input->channels);
    if (reader.problems.count > 0) {
        problems_print(&reader.problems, out_problems);
        return STATUS_INVALID;
    }
    struct error err;
    enum status status = publish(config, &err);
    if (status != STATUS_OK) {
        buf_printf(out_problems, "%s: %s\n", input->file, err.text);
        return status;
    }
    problems_print(&reader.warnings, &snapshot_of(config)->warnings);
    *out_config = TAKE(config);
    return STATUS_OK;
}

static void close_file(const int *file)
{
    if (*file >= 0)
        (void)close(*file);
}

static int read_file(void *context, const char *path, char *bytes, size_t room,
                     size_t *out_len, bool *out_is_exposed)
{
    (void)context;
    CLEANUP(close_file) int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0)
        return errno;
    size_t len = 0;
    while (len < room) {
        ssize_t got = read(file, bytes + len, room - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *out_len = len;
    *out_is_exposed = (about.st_mode & S_IROTH) != 0;
    return 0;
}

static enum status load_bytes(const struct config_input *named, char *bytes,
                              struct config **out_config, struct buf *problems)
{
    size_t len = 0;
    bool is_exposed =
        false; /* of the secrets' files only: this one need not hold any */
    const char *path = named->file;
    int cause = read_file(NULL, path, bytes, CONFIG_FILE_BYTES, &len, &is_exposed);
    if (cause != 0) {
        buf_printf(problems, "%s: cannot be read: %s; name the file with --config\n",
                   path, strerror(cause));
        return STATUS_INVALID;
    }
    if (len == CONFIG_FILE_BYTES) {
        buf_printf(problems,
                   "%s: is larger than any configuration; name another file\n", path);
        return STATUS_INVALID;
    }
    struct config_input input = *named;
    input.text = str_from(bytes, len);
    input.files = (struct config_files){.read = read_file};
    return config_load_text(&input, out_config, problems);
}

static enum status load_file(const struct config_input *named,
                             struct config **out_config, struct buf *problems)
{
    CLEANUP(mem_freep) char *bytes = mem_new(CONFIG_FILE_BYTES);
    enum status status = load_bytes(named, bytes, out_config, problems);
    bytes_wipe(bytes, CONFIG_FILE_BYTES); /* it may have had secrets in it */
    return status;
}

enum status config_load(const char *path, char **environment,
                        const struct channel *const *channels,
                        struct config **out_config, struct buf *problems)
{
    const struct config_input named = {
        .file = path, .environment = environment, .channels = channels};
    return load_file(&named, out_config, problems);
}

enum status config_load_to_look(const char *path, char **environment,
                                const struct channel *const *channels,
                                struct config **out_config, struct buf *problems)
{
    const struct config_input named = {.file = path,
                                       .environment = environment,
                                       .channels = channels,
                                       .skips_secrets = true};
    return load_file(&named, out_config, problems);
}
