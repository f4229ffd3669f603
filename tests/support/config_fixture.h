/*
 * config_fixture: two invented channels, the secret files of an invented machine, and a
 * configuration that loads, for the tests of config. One program includes it once.
 */
#pragma once

#include "support/expect.h"

#include <errno.h>

#include "config/load.h"
#include "gateway/channel.h"
#include "gateway/memory.h"

/* --- channels --- */

struct fake_settings {
    char *callback_url;
    struct text_list secrets;
    char *token;
    struct text_map headers;
    struct text_list tags;
    bool receipts;
    int statuses;
    int64_t text_max;
    int64_t wait_ms;
    int64_t part_bytes;
    char *made; /* by settings_ready, so that a leak or a second release shows */
};

static const char *const fake_statuses[] = {"all", "failed", NULL};

#define FAKE(row_name, row_kind, member, ...)                                          \
    {                                                                                  \
        .name = (row_name), .kind = (row_kind),                                        \
        .offset = offsetof(struct fake_settings, member), __VA_ARGS__                  \
    }
static const struct setting_row fake_rows[] = {
    FAKE("callback_url", SETTING_URL, callback_url, .is_required = true,
         .help = "where messages go"),
    FAKE("secrets", SETTING_SECRETS, secrets, .is_required = true, .min = 1, .max = 3,
         .help = "signature secrets"),
    FAKE("token", SETTING_SECRET, token, .help = "access token"),
    FAKE("headers", SETTING_MAP, headers, .help = "more headers"),
    FAKE("tags", SETTING_TEXTS, tags, .help = "more words"),
    FAKE("receipts", SETTING_BOOL, receipts, .default_text = "false",
         .help = "sends receipts"),
    FAKE("statuses", SETTING_CHOICE, statuses, .default_text = "all",
         .choices = fake_statuses, .help = "which statuses"),
    FAKE("text_max", SETTING_NUMBER, text_max, .default_text = "100", .min = 1,
         .max = 1000, .help = "longest text"),
    FAKE("send.wait", SETTING_DURATION, wait_ms, .default_text = "15s", .min = 1000,
         .max = 3600000, .help = "longest wait"),
    FAKE("send.part.size", SETTING_SIZE, part_bytes, .default_text = "64KiB",
         .min = 1024, .max = 1048576, .help = "largest part"),
};

/* Calls of settings_ready less calls of settings_release. */
static int fake_ready_count;

static inline enum status fake_ready(void *settings, struct error *err)
{
    struct fake_settings *own = settings;
    if (strstr(own->callback_url, "refused") != NULL)
        return fail(err, STATUS_INVALID,
                    "callback_url: the host is refused; use another");
    if (own->text_max == 666)
        return fail(err, STATUS_INVALID, "no text may be that long; shorten text_max");
    own->made = mem_copy_string(own->callback_url);
    fake_ready_count++;
    return STATUS_OK;
}

static inline void fake_release(void *settings)
{
    struct fake_settings *own = settings;
    mem_free(own->made);
    fake_ready_count--;
}

static const struct channel fake_channel = {
    .name = "partner",
    .settings_rows = fake_rows,
    .settings_row_count = COUNT_OF(fake_rows),
    .settings_size = sizeof(struct fake_settings),
    .settings_ready = fake_ready,
    .settings_release = fake_release,
};

static const struct setting_row chat_rows[] = {
    {.name = "token", .kind = SETTING_SECRET, .is_required = true, .help = "bot token"},
};

static inline enum status chat_ready(void *settings, struct error *err)
{
    (void)settings;
    (void)err;
    return STATUS_OK;
}

static inline void chat_release(void *settings)
{
    (void)settings;
}

static const struct channel chat_channel = {
    .name = "telegram",
    .settings_rows = chat_rows,
    .settings_row_count = COUNT_OF(chat_rows),
    .settings_size = sizeof(char *),
    .settings_ready = chat_ready,
    .settings_release = chat_release,
};

static const struct channel *const fake_channels[] = {&fake_channel, &chat_channel,
                                                      NULL};

/* --- files --- */

#define HASH_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define HASH_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
/* HASH_A is of the token "a", HASH_B of "b". */
#define TOKEN_LINES                                                                    \
    "# of the monitoring\r\n\r\nprometheus viewer " HASH_A "\r\n"                      \
    "\tanna  operator\t" HASH_B "  \n"

static inline int fake_read(void *context, const char *path, char *bytes, size_t room,
                            size_t *out_len, bool *out_is_exposed)
{
    static const struct {
        const char *path;
        const char *bytes;
        size_t len;
        int cause;
    } files[] = {
        {"/s/client",  "client-secret\n",           14,                      0     },
        {"/s/genesys", "0123456789abcdef\r\n",      18,                      0     },
        {"/s/second",  "fedcba9876543210",          16,                      0     },
        {"/s/short",   "fifteen-letters\n",         16,                      0     },
        {"/s/open",    "everybody-reads-it",        18,                      0     },
        {"/s/lines",   "first line\nsecond line\n", 23,                      0     },
        {"/s/empty",   "",                          0,                       0     },
        {"/s/newline", "\n",                        1,                       0     },
        {"/s/binary",  "sixteen-bytes-\0x",         16,                      0     },
        {"/s/denied",  "",                          0,                       EACCES},
        {"/s/tokens",  TOKEN_LINES,                 sizeof(TOKEN_LINES) - 1, 0     },
    };
    (void)context;
    if (strcmp(path, "/s/huge") == 0) {
        memset(bytes, 'x', room);
        *out_len = room;
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        if (strcmp(path, files[i].path) != 0)
            continue;
        memcpy(bytes, files[i].bytes, files[i].len);
        *out_len = files[i].len;
        *out_is_exposed = strcmp(path, "/s/open") == 0;
        return files[i].cause;
    }
    return ENOENT;
}

/* --- texts --- */

#define GENESYS_ENTRY                                                                  \
    "  - name: main\n"                                                                 \
    "    region: eu_west_1\n"                                                          \
    "    client_id: client\n"                                                          \
    "    client_secret_file: /s/client\n"
#define BRIDGE_ENTRY(name, integration)                                                \
    "  - name: " name "\n"                                                             \
    "    channel: partner\n"                                                           \
    "    genesys: main\n"                                                              \
    "    integration_id: " integration "\n"                                            \
    "    genesys_secrets: [ { file: /s/genesys } ]\n"                                  \
    "    partner:\n"                                                                   \
    "      callback_url: https://partner.example.com/omgw\n"                           \
    "      secrets: [ { file: /s/second } ]\n"

/* 5 lines and 9: what a test adds starts in line 15. */
#define GOOD_TEXT "genesys:\n" GENESYS_ENTRY "bridges:\n" BRIDGE_ENTRY("acme", "i-1")

static inline enum status load_bytes(struct str text, char **environment,
                                     struct config **out_config,
                                     struct buf *out_problems)
{
    struct config_input input = {
        .file = "omgw.yaml",
        .text = text,
        .environment = environment,
        .channels = fake_channels,
        .files = {.read = fake_read},
    };
    return config_load_text(&input, out_config, out_problems);
}

/* Of a text that must load; config_drop it. */
static inline struct config *loaded(const char *text, char **environment)
{
    struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, SIZE_MAX);
    enum status status = load_bytes(str_of(text), environment, &config, &problems);
    expect_str("nothing is wrong", "", buf_str(&problems));
    expect_status("loads", STATUS_OK, status);
    return config;
}

static inline const struct fake_settings *fake_settings_of(const struct config *config,
                                                           const char *bridge)
{
    return config_bridge(config, str_of(bridge))->settings;
}

/* --- wrong texts --- */

/* What a wrong file is told: all of it, line by line, in the file's order. */
struct wrong {
    const char *name;
    const char *text;
    const char *want;
};
/* A row; braces would let clang-format 14 align what spans several lines. */
#define WRONG(row_name, row_text, row_want)                                            \
    {                                                                                  \
        .name = (row_name), .text = (row_text), .want = (row_want)                     \
    }

static inline void expect_wrong(const struct wrong *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct config *config = NULL;
        CLEANUP(buf_release) struct buf problems;
        buf_init(&problems, SIZE_MAX);
        enum status status =
            load_bytes(str_of(cases[i].text), NULL, &config, &problems);
        expect_str(cases[i].name, cases[i].want, buf_str(&problems));
        expect_status(cases[i].name, STATUS_INVALID, status);
        expect_true(cases[i].name, config == NULL);
    }
}
