#include "options.h"

#include "gateway/loopback.h"
#include "gateway/memory.h"

enum option_kind {
    OPTION_TEXT,
    OPTION_NUMBER,
    OPTION_FLAG,
    OPTION_CLIENT_ID, /* starts a client; the secret belongs to the last one started */
    OPTION_CLIENT_SECRET,
    OPTION_INTEGRATION, /* likewise */
    OPTION_WEBHOOK_URL,
    OPTION_WEBHOOK_SECRET,
};

struct option_row {
    const char *name;
    enum option_kind kind;
    size_t offset; /* in struct options: of a text, number or flag */
    int64_t preset;
    int64_t min;
    int64_t max;
    const char *value; /* what it takes, for the help */
    const char *help;
};

#define AT(member) offsetof(struct options, member)
#define LISTEN_PRESET "127.0.0.1:8090"
#define FRAMED_BY_PRESET "'none'"
/* Each may hold a whole attachment in memory. */
#define FETCH_CONNECTIONS 8

#define TEXT_ROW(name, member, value, help)                                            \
    {                                                                                  \
        name, OPTION_TEXT, AT(member), 0, 0, 0, value, help                            \
    }
#define NUMBER_ROW(name, member, preset, min, max, value, help)                        \
    {                                                                                  \
        name, OPTION_NUMBER, AT(member), preset, min, max, value, help                 \
    }
#define FLAG_ROW(name, member, help)                                                   \
    {                                                                                  \
        name, OPTION_FLAG, AT(member), 0, 0, 0, "", help                               \
    }
#define LIST_ROW(name, kind, value, help)                                              \
    {                                                                                  \
        name, kind, 0, 0, 0, 0, value, help                                            \
    }

static const struct option_row rows[] = {
    TEXT_ROW("--listen", settings.listen, "ADDRESS",
             "where to listen; port 0 takes a free one (" LISTEN_PRESET ")"),
    FLAG_ROW("--allow-public-listen", allow_public_listen,
             "take an address that is not loopback: whoever reaches it is in control"),
    LIST_ROW("--client-id", OPTION_CLIENT_ID, "ID",
             "of an OAuth client; may come again for more clients"),
    LIST_ROW("--client-secret", OPTION_CLIENT_SECRET, "SECRET",
             "of the client before it"),
    LIST_ROW("--integration", OPTION_INTEGRATION, "ID",
             "an open integration that is there from the start; may come again"),
    LIST_ROW("--webhook-url", OPTION_WEBHOOK_URL, "URL",
             "of the integration before it, http or https"),
    LIST_ROW("--webhook-secret", OPTION_WEBHOOK_SECRET, "SECRET",
             "of the integration before it, at least 16 characters"),
    NUMBER_ROW("--requests-per-minute", settings.requests_per_minute, 300, 0, 1000000,
               "N", "of each client, in any 60 s; 0: no limit (300)"),
    NUMBER_ROW("--token-lifetime", settings.token_lifetime_s, 86400, 1, 172800,
               "SECONDS", "of a token, on the emulator's clock (86400)"),
    NUMBER_ROW("--retry-delay-ms", settings.courier.retry_delay_ms, 5000, 0, 600000,
               "MS", "between the tries of a webhook (5000)"),
    NUMBER_ROW("--webhook-timeout-ms", settings.courier.timeout_ms, 10000, 1, 600000,
               "MS", "for the answer to a webhook (10000)"),
    NUMBER_ROW("--webhook-connections", settings.courier.connections, 64, 1, 4096, "N",
               "webhooks under way at once; 1: strictly one after the other (64)"),
    NUMBER_ROW("--media-timeout-ms", settings.fetcher.timeout_ms, 10000, 1, 600000,
               "MS", "for fetching what a customer attached (10000)"),
    FLAG_ROW("--inbound-receipts", settings.inbound_receipts,
             "send a Published receipt for each inbound message"),
    TEXT_ROW("--framed-by", settings.framed_by, "ORIGIN",
             "a page that may show the agent's page in a frame, e.g. "
             "http://127.0.0.1:8070 (none)"),
    TEXT_ROW("--public-url", settings.public_url, "URL",
             "what a gateway reaches it by: links to files begin with it (http:// and "
             "where it listens)"),
    NUMBER_ROW("--max-rows", settings.max_rows, 1000000, 1, 100000000, "N",
               "kept in each list; beyond it 507 (1000000)"),
    FLAG_ROW("--help", wants_help, "this text"),
    FLAG_ROW("--version", wants_version, "the version"),
};

/* --- values --------------------------------------------------------------- */

static void *place(struct options *options, const struct option_row *row)
{
    return (char *)options + row->offset;
}

static enum status set_number(struct options *options, const struct option_row *row,
                              const char *text, struct error *err)
{
    int64_t value;
    if (!str_to_i64(str_of(text), &value) || value < row->min || value > row->max)
        return fail(err, STATUS_INVALID, "%s must be a number from %lld to %lld",
                    row->name, (long long)row->min, (long long)row->max);
    *(int64_t *)place(options, row) = value;
    return STATUS_OK;
}

/* A text of the client or integration that was started last. */
static enum status set_of_last(const char **text, const char *value, size_t count,
                               const struct option_row *row, const char *starter,
                               struct error *err)
{
    if (count == 0)
        return fail(err, STATUS_INVALID, "%s must follow its %s", row->name, starter);
    *text = value;
    return STATUS_OK;
}

static enum status set(struct options *options, const struct option_row *row,
                       const char *value, struct error *err)
{
    struct emulator_settings *all = &options->settings;
    /* One past the end is never written: the lists have room for every argument. */
    size_t client = all->client_count > 0 ? all->client_count - 1 : 0;
    size_t integration = all->integration_count > 0 ? all->integration_count - 1 : 0;
    switch (row->kind) {
    case OPTION_TEXT:
        *(const char **)place(options, row) = value;
        return STATUS_OK;
    case OPTION_NUMBER:
        return set_number(options, row, value, err);
    case OPTION_FLAG:
        *(bool *)place(options, row) = true;
        return STATUS_OK;
    case OPTION_CLIENT_ID:
        all->clients[all->client_count++].client_id = value;
        return STATUS_OK;
    case OPTION_CLIENT_SECRET:
        return set_of_last(&all->clients[client].client_secret, value,
                           all->client_count, row, "--client-id", err);
    case OPTION_INTEGRATION:
        all->integrations[all->integration_count++].id = value;
        return STATUS_OK;
    case OPTION_WEBHOOK_URL:
        return set_of_last(&all->integrations[integration].webhook_url, value,
                           all->integration_count, row, "--integration", err);
    case OPTION_WEBHOOK_SECRET:
        return set_of_last(&all->integrations[integration].secret, value,
                           all->integration_count, row, "--integration", err);
    }
    return STATUS_OK;
}

/* --- checks --------------------------------------------------------------- */

static enum status check_client(const struct credentials *row, struct error *err)
{
    if (row->client_id[0] == '\0' || row->client_secret == NULL)
        return fail(err, STATUS_INVALID,
                    "client \"%s\" needs an id and --client-secret", row->client_id);
    return STATUS_OK;
}

static enum status check_integration(const struct integration_setting *row,
                                     struct error *err)
{
    if (!id_is_valid(str_of(row->id)) || row->webhook_url == NULL ||
        row->secret == NULL)
        return fail(
            err, STATUS_INVALID,
            "integration \"%s\" needs an id, --webhook-url and --webhook-secret",
            row->id);
    struct str url = str_of(row->webhook_url);
    if (!str_starts(url, STR("http://")) && !str_starts(url, STR("https://")))
        return fail(err, STATUS_INVALID,
                    "--webhook-url of \"%s\" must be http or https", row->id);
    if (strlen(row->secret) < 16)
        return fail(err, STATUS_INVALID,
                    "--webhook-secret of \"%s\" must be longer than 15 characters",
                    row->id);
    return STATUS_OK;
}

/* It becomes part of a header, whose directives a semicolon would end. */
static enum status check_origins(const char *origins, struct error *err)
{
    bool is_preset = strcmp(origins, FRAMED_BY_PRESET) == 0;
    struct str rest = str_of(origins);
    while (!is_preset && rest.len > 0) {
        struct str origin = str_cut(&rest, ' ');
        bool is_web =
            str_starts(origin, STR("http://")) || str_starts(origin, STR("https://"));
        if (!is_web || strcspn(origin.ptr, ";,'\"\r\n") < origin.len)
            return fail(err, STATUS_INVALID,
                        "--framed-by takes origins like http://127.0.0.1:8070");
    }
    return STATUS_OK;
}

/* What a path can stand behind. */
static enum status check_base(const char *url, struct error *err)
{
    struct str text = str_of(url);
    bool is_web = str_starts(text, STR("http://")) || str_starts(text, STR("https://"));
    if (url != NULL && (!is_web || strpbrk(url, "?#\"\\ \r\n") != NULL ||
                        text.ptr[text.len - 1] == '/'))
        return fail(err, STATUS_INVALID,
                    "--public-url takes a URL like http://emulator:8090");
    return STATUS_OK;
}

static bool is_named_before(const struct emulator_settings *settings, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (strcmp(settings->integrations[i].id, settings->integrations[at].id) == 0)
            return true;
    }
    return false;
}

static enum status check(const struct options *options, struct error *err)
{
    const struct emulator_settings *settings = &options->settings;
    if (settings->client_count == 0)
        return fail(err, STATUS_INVALID, "--client-id and --client-secret are needed");
    if (!options->allow_public_listen && !address_is_loopback(str_of(settings->listen)))
        return fail(err, STATUS_INVALID,
                    "%s is not a loopback address: whoever reaches the emulator is in "
                    "control of it; to do so anyway add --allow-public-listen",
                    settings->listen);
    enum status status = check_origins(settings->framed_by, err);
    if (status == STATUS_OK)
        status = check_base(settings->public_url, err);
    for (size_t i = 0; i < settings->client_count && status == STATUS_OK; i++)
        status = check_client(&settings->clients[i], err);
    for (size_t i = 0; i < settings->integration_count && status == STATUS_OK; i++) {
        status = check_integration(&settings->integrations[i], err);
        if (status == STATUS_OK && is_named_before(settings, i))
            status = fail(err, STATUS_INVALID, "integration \"%s\" is named twice",
                          settings->integrations[i].id);
    }
    return status;
}

/* --- the command line ----------------------------------------------------- */

static const struct option_row *find_row(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (str_is(name, rows[i].name))
            return &rows[i];
    }
    return NULL;
}

static void preset(struct options *options, int argc)
{
    size_t room = (size_t)argc; /* each takes one argument at least */
    *options = (struct options){0};
    options->settings.listen = LISTEN_PRESET;
    options->settings.framed_by = FRAMED_BY_PRESET;
    options->settings.fetcher.connections = FETCH_CONNECTIONS;
    options->settings.clients = mem_new_array(room, sizeof(*options->settings.clients));
    options->settings.integrations =
        mem_new_array(room, sizeof(*options->settings.integrations));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].kind == OPTION_NUMBER)
            *(int64_t *)place(options, &rows[i]) = rows[i].preset;
    }
}

/* One option, as "--name value" or "--name=value"; moves *at to its last argument. */
static enum status read_option(struct options *options, int argc, char **argv, int *at,
                               struct error *err)
{
    struct str rest = str_of(argv[*at]);
    bool has_value = str_find_byte(rest, '=') >= 0;
    struct str name = str_cut(&rest, '=');
    const struct option_row *row = find_row(name);
    if (row == NULL)
        return fail(err, STATUS_INVALID, "unknown option \"%.*s\": see --help",
                    STR_ARG(name));
    if (row->kind == OPTION_FLAG && has_value)
        return fail(err, STATUS_INVALID, "%s takes no value", row->name);
    if (row->kind == OPTION_FLAG || has_value)
        return set(options, row, rest.len > 0 ? rest.ptr : "", err);
    if (*at + 1 == argc)
        return fail(err, STATUS_INVALID, "%s needs a value: %s", row->name, row->value);
    *at += 1;
    return set(options, row, argv[*at], err);
}

enum status options_read(int argc, char **argv, struct options *out_options,
                         struct error *err)
{
    struct options options;
    preset(&options, argc);
    enum status status = STATUS_OK;
    for (int i = 1; i < argc && status == STATUS_OK; i++)
        status = read_option(&options, argc, argv, &i, err);
    if (status == STATUS_OK && !options.wants_help && !options.wants_version)
        status = check(&options, err);
    if (status == STATUS_OK)
        *out_options = options;
    else
        options_release(&options);
    return status;
}

void options_release(struct options *options)
{
    mem_free(options->settings.clients);
    mem_free(options->settings.integrations);
}

static const char examples[] =
    "genesys-emulator: a small Genesys Cloud on your own machine, for tests and demos\n"
    "\n"
    "Examples\n"
    "  One integration; the agent's page is http://127.0.0.1:8090/\n"
    "    genesys-emulator --client-id demo --client-secret demo-secret \\\n"
    "      --integration 5a1d3a52-0000-4000-8000-000000000002 \\\n"
    "      --webhook-url http://127.0.0.1:8080/webhooks/genesys/acme \\\n"
    "      --webhook-secret at-least-sixteen-chars\n"
    "  A free port, no budget, quick retries, for a test\n"
    "    genesys-emulator --listen 127.0.0.1:0 --client-id t --client-secret t \\\n"
    "      --requests-per-minute 0 --retry-delay-ms 50\n"
    "  Say something as the agent\n"
    "    curl -d "
    "'{\"integrationId\":\"...\",\"to\":\"customer-1\",\"text\":\"Hello\"}' \\\n"
    "      http://127.0.0.1:8090/_emulator/agent\n"
    "\n"
    "Options (defaults in parentheses)\n";

void options_print_help(struct buf *out)
{
    buf_add(out, str_of(examples));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%s %s", rows[i].name, rows[i].value);
        buf_printf(out, "  %-30s %s\n", name, rows[i].help);
    }
    buf_add(out,
            STR("\nIt ends on SIGTERM and SIGINT. It keeps everything in memory.\n"));
}
