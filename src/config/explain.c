#include "environment.h"
#include "gateway/channel.h"
#include "gateway/config.h"
#include "outline.h"
#include "snapshot.h"
#include "table.h"
#include "value.h"

/*
 * What the example shows for settings without a default. In these texts @ is the name
 * of the entry, # the number of the bridge, % the name of the setting with dashes.
 */
static const struct sample {
    const char *name;
    const char *text;
    bool is_active; /* stands in the example without a # before it */
} fixed_samples[] = {
    {"public_url",      "https://omgw.example.com",             true },
    {"listen.control",  "unix:/run/omgw/omgw.sock",             false},
    {"trusted_proxies", "[ 10.0.0.0/8 ]",                       false},
    {"egress.allow",    "[ 10.0.0.0/8 ]",                       false},
    {"egress.proxy",    "http://proxy.example.com:3128",        false},
    {"egress.ca_file",  "/etc/ssl/certs/ca-certificates.crt",   false},
    {"name",            "@",                                    true },
    {"region",          "eu_west_1",                            true },
    {"api_url",         "https://api.mypurecloud.ie",           false},
    {"login_url",       "https://login.mypurecloud.ie",         false},
    {"client_id",       "00000000-0000-4000-8000-000000000000", true },
    {"channel",         "@",                                    true },
    {"genesys",         "main",                                 true },
    {"integration_id",  "00000000-0000-4000-8000-00000000000#", true },
};

static const char *const kind_samples[] = {
    [SETTING_TEXT] = "change-me",
    [SETTING_PATH] = "/change/me",
    [SETTING_URL] = "https://@.example.com/omgw",
    [SETTING_SECRET] = "/run/secrets/@-%",
    [SETTING_SECRETS] = "[ { file: /run/secrets/@-% } ]",
    [SETTING_TEXTS] = "[ change-me ]",
    [SETTING_MAP] = "{ X-Name: value }",
    [SETTING_BOOL] = "false",
    [SETTING_NUMBER] = "1",
    [SETTING_DURATION] = "1s",
    [SETTING_SIZE] = "1MiB",
    [SETTING_CHOICE] = "change-me",
};

/* One map of the example. */
struct example {
    struct buf *out;
    const char *entry; /* @ */
    size_t number;     /* # */
    size_t depth;
    bool is_of_channel; /* its rows are the channel's own */
    bool is_commented;  /* as a whole */
    bool is_entry;      /* the next line is the first of a list's entry */
};

static const struct sample *fixed_sample(const struct example *example,
                                         const struct setting_row *row)
{
    for (size_t i = 0; i < COUNT_OF(fixed_samples) && !example->is_of_channel; i++) {
        if (strcmp(fixed_samples[i].name, row->name) == 0)
            return &fixed_samples[i];
    }
    return NULL;
}

/* client_secret as client-secret */
static void add_dashed(struct buf *out, const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '_' || *c == '.')
            buf_add_char(out, '-');
        else
            buf_add_char(out, *c);
    }
}

static void add_sample(const struct example *example, const struct setting_row *row,
                       const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '@')
            buf_add(example->out, str_of(example->entry));
        else if (*c == '#')
            buf_add_i64(example->out, (int64_t)example->number);
        else if (*c == '%')
            add_dashed(example->out, row->name);
        else
            buf_add_char(example->out, *c);
    }
}

static void example_indent(struct example *example, size_t depth, bool is_commented)
{
    outline_indent(example->out, depth, is_commented || example->is_commented,
                   example->is_entry);
    example->is_entry = false;
}

static void example_row(struct example *example, const struct setting_row *row,
                        const struct outline *line)
{
    const struct sample *sample = fixed_sample(example, row);
    bool is_active = sample != NULL ? sample->is_active
                                    : row->is_required && row->default_text == NULL;
    size_t depth = example->depth + line->depth;

    outline_indent(example->out, example->is_entry ? depth - 1 : depth, false, false);
    buf_printf(example->out, "# %s\n", row->help);
    example_indent(example, depth, !is_active);
    buf_printf(example->out, "%.*s%s: ", STR_ARG(line->key),
               row->kind == SETTING_SECRET ? "_file" : "");
    if (row->default_text != NULL)
        outline_scalar(example->out, str_of(row->default_text));
    else
        add_sample(example, row,
                   sample != NULL ? sample->text : kind_samples[row->kind]);
    buf_add_char(example->out, '\n');
}

static void example_rows(struct example *example, const struct setting_row *rows,
                         size_t count)
{
    const char *previous = "";
    for (size_t i = 0; i < count; i++) {
        struct outline line = outline_of(previous, rows[i].name);
        while (outline_next(&line)) {
            example_indent(example, example->depth + line.depth, false);
            buf_printf(example->out, "%.*s:\n", STR_ARG(line.key));
        }
        example_row(example, &rows[i], &line);
        previous = rows[i].name;
    }
}

static void example_bridge(const struct channel *channel, size_t number,
                           struct buf *out)
{
    struct example example = {
        .out = out,
        .entry = channel->name,
        .number = number,
        .depth = 2,
        .is_commented = number > 1, /* one of each channel is seldom wanted */
        .is_entry = true,
    };
    example_rows(&example, bridge_rows, bridge_row_count);
    if (channel->settings_row_count == 0)
        return;
    example_indent(&example, example.depth, false);
    buf_printf(out, "%s:\n", channel->name);
    example.depth++;
    example.is_of_channel = true;
    example_rows(&example, channel->settings_rows, channel->settings_row_count);
}

void config_example(const struct channel *const *channels, struct buf *out)
{
    buf_add(out,
            STR("# Configuration of omgw. A setting with a # right before its name "
                "shows its default\n"
                "# or an example; remove the # to set it. `omgw config check` says "
                "what is wrong.\n\n"));
    struct example root = {.out = out, .entry = "omgw"};
    example_rows(&root, root_rows, root_row_count);

    buf_add(out, STR("\n# The Genesys Cloud organisations\ngenesys:\n"));
    struct example organisation = {
        .out = out,
        .entry = "main",
        .depth = 2,
        .is_entry = true,
    };
    example_rows(&organisation, organisation_rows, organisation_row_count);

    buf_add(out, STR("\n# Each bridge is one channel endpoint and one Genesys "
                     "integration\nbridges:\n"));
    for (size_t i = 0; channels[i] != NULL; i++)
        example_bridge(channels[i], i + 1, out);
}

static void add_bound(struct buf *out, const char *word, enum setting_kind kind,
                      int64_t bound)
{
    char room[24];
    if (kind == SETTING_SECRETS || kind == SETTING_TEXTS || kind == SETTING_MAP)
        kind = SETTING_NUMBER;
    buf_printf(out, ", %s %s", word, value_number_text(kind, bound, room));
}

static void reference_kind(struct buf *out, const struct setting_row *row)
{
    if (row->kind != SETTING_CHOICE)
        buf_add(out, str_of(kind_name(row->kind)));
    else
        for (size_t i = 0; row->choices[i] != NULL; i++)
            buf_printf(out, "%s`%s`", i == 0 ? "" : " or ", row->choices[i]);
    if (row->min > 0)
        add_bound(out, "at least", row->kind, row->min);
    if (row->max > 0)
        add_bound(out, "at most", row->kind, row->max);
}

static void reference_default(struct buf *out, const struct setting_row *row)
{
    if (row->default_text != NULL)
        buf_printf(out, "`%s`", row->default_text);
    else
        buf_add(out, row->is_required ? STR("required") : STR("none"));
}

/* `variable` stands before the names; an entry's own name has none. */
static void reference_rows(struct buf *out, const char *variable, bool is_entry,
                           const struct setting_row *rows, size_t count)
{
    buf_add(out, STR("\n| Setting | Value | Default | Environment | Meaning |\n"
                     "| --- | --- | --- | --- | --- |\n"));
    for (size_t i = 0; i < count; i++) {
        const struct setting_row *row = &rows[i];
        buf_printf(out, "| `%s`", row->name);
        if (row->kind == SETTING_SECRET)
            buf_printf(out, " or `%s_file`", row->name);
        buf_add(out, STR(" | "));
        reference_kind(out, row);
        buf_add(out, STR(" | "));
        reference_default(out, row);
        if (is_entry && strcmp(row->name, "name") == 0) {
            buf_add(out, STR(" | none"));
        } else {
            buf_printf(out, " | `%s", variable);
            variable_add_name(out, str_of(row->name));
            buf_add(out, kind_is_secret(row->kind) ? STR("`, `..._FILE`") : STR("`"));
        }
        buf_printf(out, " | %s |\n", row->help);
    }
}

void config_reference(const struct channel *const *channels, struct buf *out)
{
    buf_add(out, STR("### At the top of the file\n"));
    reference_rows(out, VARIABLE_PREFIX, false, root_rows, root_row_count);

    buf_add(out, STR("\n### In each entry of `genesys`\n"));
    reference_rows(out, VARIABLE_PREFIX "GENESYS__NAME__", true, organisation_rows,
                   organisation_row_count);
    buf_add(out, STR("\nRegions:"));
    for (size_t i = 0; i < region_count; i++)
        buf_printf(out, "%s `%s` (%s)", i == 0 ? "" : ",", regions[i].name,
                   regions[i].domain);
    buf_add(out, STR(".\n\n### In each entry of `bridges`\n"));
    reference_rows(out, VARIABLE_PREFIX "BRIDGES__NAME__", true, bridge_rows,
                   bridge_row_count);

    for (size_t i = 0; channels[i] != NULL; i++) {
        const struct channel *channel = channels[i];
        buf_printf(out, "\n### In `%s` of a bridge with `channel: %s`\n", channel->name,
                   channel->name);
        CLEANUP(buf_release) struct buf variable;
        buf_init(&variable, 256);
        buf_add(&variable, STR(VARIABLE_PREFIX "BRIDGES__NAME__"));
        variable_add_name(&variable, str_of(channel->name));
        buf_add(&variable, STR("__"));
        reference_rows(out, buf_c_string(&variable), false, channel->settings_rows,
                       channel->settings_row_count);
    }
}
