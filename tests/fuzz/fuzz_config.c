/*
 * fuzz_config: a configuration from any bytes. What stands behind the first NUL are
 * variables of the environment, each ended by a NUL.
 *
 * It loads without problems, or it is refused with some: each line names its place.
 * What loads can be shown, and shows no secret of the files.
 */
#include "fuzz.h"

#include <errno.h>

#include "config/load.h"
#include "gateway/channel.h"
#include "gateway/memory.h"

#define VARIABLES_MAX 16
#define FILE_SECRET "never-shown-to-anybody"

/* A channel with a setting of every kind. */
struct fuzz_settings {
    char *url;
    char *text;
    char *secret;
    struct text_list secrets;
    struct text_list texts;
    struct text_map map;
    bool is_on;
    int64_t number;
    int64_t duration;
    int64_t size;
    int choice;
    char *made; /* by settings_ready */
};

static const char *const choices[] = {"one", "other", NULL};

#define ROW(row_name, row_kind, member, ...)                                           \
    {                                                                                  \
        .name = (row_name), .kind = (row_kind),                                        \
        .offset = offsetof(struct fuzz_settings, member), .help = "help", __VA_ARGS__  \
    }
static const struct setting_row rows[] = {
    ROW("callback_url", SETTING_URL, url, .is_required = true),
    ROW("text", SETTING_TEXT, text, .default_text = "text"),
    ROW("token", SETTING_SECRET, secret, .min = 0),
    ROW("secrets", SETTING_SECRETS, secrets, .is_required = true, .min = 1, .max = 4),
    ROW("list.texts", SETTING_TEXTS, texts, .max = 4),
    ROW("list.more.map", SETTING_MAP, map, .min = 0),
    ROW("on", SETTING_BOOL, is_on, .default_text = "true"),
    ROW("number", SETTING_NUMBER, number, .min = -5, .max = 5),
    ROW("wait", SETTING_DURATION, duration, .min = 1, .default_text = "10s"),
    ROW("size", SETTING_SIZE, size, .max = 1024),
    ROW("choice", SETTING_CHOICE, choice, .choices = choices),
};

static enum status ready(void *settings, struct error *err)
{
    struct fuzz_settings *own = settings;
    demand(own->url != NULL && own->secrets.count >= 1, "ready without its rows");
    if (own->number == 5)
        return fail(err, STATUS_INVALID, "number: is five; write less");
    own->made = mem_copy_string(own->url);
    return STATUS_OK;
}

static void release(void *settings)
{
    struct fuzz_settings *own = settings;
    demand(own->made != NULL, "release without ready");
    mem_free(own->made);
}

static const struct channel fuzz_channel = {
    .name = "partner",
    .settings_rows = rows,
    .settings_row_count = COUNT_OF(rows),
    .settings_size = sizeof(struct fuzz_settings),
    .settings_ready = ready,
    .settings_release = release,
};
static const struct channel *const fuzz_channels[] = {&fuzz_channel, NULL};

/* The path says what is in the file. */
static int read_file(void *context, const char *path, char *bytes, size_t room,
                     size_t *out_len, bool *out_is_exposed)
{
    (void)context;
    if (strstr(path, "absent") != NULL)
        return ENOENT;
    if (strstr(path, "huge") != NULL) {
        memset(bytes, 'x', room);
        *out_len = room;
        return 0;
    }
    *out_is_exposed = strstr(path, "open") != NULL;
    if (strstr(path, "empty") == NULL)
        *out_len = (size_t)snprintf(bytes, room, FILE_SECRET "\n");
    return 0;
}

/* "FILE...: cause" or "environment NAME: cause", each line ended. */
static void check_problems(struct str problems)
{
    demand(problems.len > 0, "refused without a problem");
    demand(problems.ptr[problems.len - 1] == '\n', "a problem without its end");
    while (problems.len > 0) {
        struct str line = str_cut(&problems, '\n');
        demand(str_starts(line, STR("fuzz.yaml:")) ||
                   str_starts(line, STR("environment OMGW_")),
               "a problem without a place");
        demand(memmem(line.ptr, line.len, FILE_SECRET, sizeof(FILE_SECRET) - 1) == NULL,
               "a problem with a secret");
    }
}

static void check_shown(const struct config *config, bool as_json)
{
    CLEANUP(buf_release) struct buf shown;
    buf_init(&shown, SIZE_MAX);
    config_print(config, as_json, &shown);
    demand(shown.len > 0, "nothing is shown");
    demand(strstr(buf_c_string(&shown), FILE_SECRET) == NULL, "a secret is shown");
}

static void check_loaded(struct config *config)
{
    check_shown(config, false);
    check_shown(config, true);
    for (size_t i = 0; i < config->bridge_count; i++) {
        const struct bridge *bridge = &config->bridges[i];
        demand(config_bridge(config, str_of(bridge->name)) == bridge,
               "a bridge is lost");
        demand(bridge->organisation != NULL && bridge->channel == &fuzz_channel &&
                   bridge->genesys_keys[0] != NULL,
               "a bridge is incomplete");
    }
    for (size_t i = 0; i < config->organisation_count; i++)
        demand(config->organisations[i].api_url != NULL &&
                   config->organisations[i].login_url != NULL,
               "an organisation is nowhere");
    config_drop(config_hold(config));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (memmem(data, size, FILE_SECRET, sizeof(FILE_SECRET) - 1) != NULL)
        return -1; /* libFuzzer has learnt it: no secret any more */
    struct str rest = {(const char *)data, size};
    CLEANUP(mem_freep) char *copy = mem_new(size + 1);
    if (size > 0)
        memcpy(copy, data, size);
    rest.ptr = copy;
    struct str text = str_cut(&rest, '\0');
    char *environment[VARIABLES_MAX + 1] = {NULL};
    for (size_t i = 0; i < VARIABLES_MAX && rest.len > 0; i++) {
        struct str variable = str_cut(&rest, '\0');
        environment[i] = copy + (variable.ptr - copy); /* ended by NUL either way */
    }
    struct config_input input = {
        .file = "fuzz.yaml",
        .text = text,
        .environment = environment,
        .channels = fuzz_channels,
        .files = {.read = read_file},
    };
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, SIZE_MAX);
    if (config_load_text(&input, &config, &problems) == STATUS_OK) {
        demand(problems.len == 0, "loaded with a problem");
        check_loaded(config);
    } else {
        demand(config == NULL, "refused and loaded");
        check_problems(buf_str(&problems));
    }
    config_drop(config);
    return 0;
}
