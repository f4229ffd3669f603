#include "command.h"

#include "gateway/channels.h"
#include "gateway/json.h"
#include "gateway/text.h"

#include <getopt.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/omgw/omgw.yaml"
/* A configuration of a thousand bridges, each with several problems. */
#define PROBLEMS_BYTES (1024u * 1024)
#define DOCUMENT_BYTES (64u * 1024 * 1024)

const struct command commands[] = {
    {"serve",        NULL, "Run the gateway until SIGTERM",
     "  omgw serve --config /etc/omgw/omgw.yaml\n",                                                                                   "cC", command_serve       },
    {"config check", NULL, "Check the configuration and say all that is wrong with it",
     "  omgw config check --config omgw.yaml\n",                                                                                      "cj", command_config_check},
    {"config show",  NULL,
     "Show the effective configuration and where each value is from",                       "  omgw config show --config omgw.yaml\n"
     "  OMGW_LOG__LEVEL=debug omgw config show --json\n",        "cj", command_config_show },
    {"config init",  NULL, "Print a commented example configuration",
     "  omgw config init > omgw.yaml\n",                                                                                              "",   command_config_init },
    {"db migrate",   NULL,
     "Bring the database to this version's schema, while not serving",                      "  omgw db migrate --config omgw.yaml\n", "cj", command_db_migrate  },
    {"db status",    NULL, "Show the database's schema version and what it holds",
     "  omgw db status --config omgw.yaml\n",                                                                                         "cj", command_db_status   },
    {"trace",        "ID", "Show the whole life of a message, by any id of either side",
     "  omgw trace 0192f3a4b5c67d8e9fa0b1c2d3e4f506\n"
     "  omgw trace --json msg_2b7c        # a partner's webhook-id\n",                                                                "cj", command_trace       },
    {"health",       NULL, "Ask the running gateway whether it is ready (for HEALTHCHECK)",
     "  omgw health --config omgw.yaml\n",                                                                                            "cj", command_health      },
    {"version",      NULL, "Show the version and how it was built",
     "  omgw version --json\n",                                                                                                       "j",  command_version     },
};
const size_t command_count = COUNT_OF(commands);

struct option_row {
    char letter;
    const char *name;
    const char *value;
    const char *help;
};
static const struct option_row option_rows[] = {
    {'c', "config", "FILE", "configuration (default " DEFAULT_CONFIG ")"          },
    {'j', "json",   NULL,   "one JSON document on stdout"                         },
    {'C', "core",   NULL,   "leave core dumps on (they hold secrets and messages)"},
    {'h', "help",   NULL,   "this text"                                           },
};

/* --- help
 * ------------------------------------------------------------------------------------
 */

static void print_overview(FILE *out)
{
    (void)fputs("omgw, the open messaging gateway: messaging channels into Genesys "
                "Cloud.\n\nExamples:\n  omgw config init > omgw.yaml\n"
                "  omgw serve --config omgw.yaml\n  omgw trace ID\n\nCommands:\n",
                out);
    for (size_t i = 0; i < command_count; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%s %s", commands[i].name,
                       commands[i].operand == NULL ? "" : commands[i].operand);
        (void)fprintf(out, "  %-16s %s\n", name, commands[i].summary);
    }
    (void)fputs("\n`omgw help COMMAND` shows a command's options and examples.\n", out);
}

static bool takes(const struct command *command, char letter)
{
    return letter == 'h' || strchr(command->options, letter) != NULL;
}

static void print_help(const struct command *command, FILE *out)
{
    (void)fprintf(out,
                  "%s.\n\nExamples:\n%s\nUsage: omgw %s [options]%s%s\n\nOptions:\n",
                  command->summary, command->examples, command->name,
                  command->operand == NULL ? "" : " ",
                  command->operand == NULL ? "" : command->operand);
    for (size_t i = 0; i < COUNT_OF(option_rows); i++) {
        const struct option_row *row = &option_rows[i];
        if (takes(command, row->letter))
            (void)fprintf(out, "  --%s %-*s %s\n", row->name,
                          (int)(12 - strlen(row->name)),
                          row->value == NULL ? "" : row->value, row->help);
    }
}

/* --- finding the command
 * ----------------------------------------------------------------------- */

/* How many words of argv from `at` on name the command; 0: they do not. */
static int words_matched(const struct command *command, int argc, char **argv, int at)
{
    struct str rest = str_of(command->name);
    int words = 0;
    while (rest.len > 0) {
        struct str word = str_cut(&rest, ' ');
        if (at + words >= argc || !str_is(word, argv[at + words]))
            return 0;
        words++;
    }
    return words;
}

static const struct command *find_command(int argc, char **argv, int at, int *out_words)
{
    for (size_t i = 0; i < command_count; i++) {
        *out_words = words_matched(&commands[i], argc, argv, at);
        if (*out_words > 0)
            return &commands[i];
    }
    return NULL;
}

/* The commands that begin with the word the user gave, or all. */
static int say_unknown(const char *word)
{
    (void)fprintf(stderr, "omgw: there is no command \"%s\"", word);
    bool any = false;
    for (size_t i = 0; i < command_count; i++) {
        if (strncmp(commands[i].name, word, strlen(word)) != 0)
            continue;
        (void)fprintf(stderr, "%s \"omgw %s\"", any ? "," : "; did you mean",
                      commands[i].name);
        any = true;
    }
    (void)fputs(any ? "?\n" : "; see \"omgw help\"\n", stderr);
    return EXIT_WRONG_USE;
}

/* --- options
 * ------------------------------------------------------------------------------------
 */

#define OPTIONS_ROOM (COUNT_OF(option_rows) + 1)

static void long_options(const struct command *command, struct option *out)
{
    for (size_t i = 0; i < COUNT_OF(option_rows); i++) {
        const struct option_row *row = &option_rows[i];
        if (takes(command, row->letter))
            *out++ = (struct option){
                row->name, row->value != NULL ? required_argument : no_argument, NULL,
                row->letter};
    }
    *out = (struct option){0};
}

/* -1: go on; else the exit code. */
static int read_options(const struct command *command, int argc, char **argv,
                        struct invocation *invocation)
{
    struct option rows[OPTIONS_ROOM];
    int letter;

    long_options(command, rows);
    while ((letter = getopt_long(argc, argv, "h", rows, NULL)) != -1) {
        switch (letter) {
        case 'c':
            invocation->config_path = optarg;
            break;
        case 'j':
            invocation->as_json = true;
            break;
        case 'C':
            invocation->core = true;
            break;
        case 'h':
            print_help(command, stdout);
            return EXIT_OK;
        default:
            (void)fprintf(stderr, "omgw: see \"omgw help %s\"\n", command->name);
            return EXIT_WRONG_USE;
        }
    }
    invocation->arguments = argv + optind;
    invocation->argument_count = argc - optind;
    if (invocation->argument_count == (command->operand != NULL))
        return -1;
    (void)fprintf(stderr, "omgw: %s takes %s; see \"omgw help %s\"\n", command->name,
                  command->operand != NULL ? command->operand : "no argument",
                  command->name);
    return EXIT_WRONG_USE;
}

int command_main(int argc, char **argv, char **environment)
{
    int words = 0;
    bool wants_help = argc >= 2 && strcmp(argv[1], "help") == 0;
    int at = wants_help ? 2 : 1;

    if (argc <= at || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_overview(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_WRONG_USE : EXIT_OK;
    }
    const struct command *command = find_command(argc, argv, at, &words);
    if (command == NULL)
        return say_unknown(argv[at]);
    if (wants_help) {
        print_help(command, stdout);
        return EXIT_OK;
    }
    struct invocation invocation = {.config_path = DEFAULT_CONFIG,
                                    .environment = environment};
    int code = read_options(command, argc - words, argv + words, &invocation);
    return code >= 0 ? code : (int)command->run(&invocation);
}

/* --- shared by commands
 * ---------------------------------------------------------------------------- */

enum exit_code load_config(const struct invocation *invocation,
                           struct config **out_config)
{
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, PROBLEMS_BYTES);
    if (config_load(invocation->config_path, invocation->environment, channels,
                    out_config, &problems) == STATUS_OK)
        return EXIT_OK;
    say(buf_str(&problems));
    return EXIT_CONFIG;
}

void say(struct str text)
{
    if (text.len > 0)
        (void)fwrite(text.ptr, 1, text.len, stderr);
}

void say_error(const char *what, const struct error *err)
{
    (void)fprintf(stderr, "omgw: %s: %s\n", what, err->text);
}

enum exit_code exit_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
    case STATUS_DUPLICATE:
        return EXIT_OK;
    case STATUS_DENIED:
        return EXIT_TRY_AGAIN;
    case STATUS_INVALID:
    case STATUS_CONFLICT:
        return EXIT_CONFIG;
    case STATUS_RETRY:
    case STATUS_SLOW_DOWN:
        return EXIT_UNAVAILABLE;
    case STATUS_NOT_FOUND:
        return EXIT_TROUBLE;
    case STATUS_FORBIDDEN:
    case STATUS_BAD_METHOD:
    case STATUS_TOO_LARGE:
    case STATUS_UNSUPPORTED:
    case STATUS_UNPROCESSABLE:
    case STATUS_FAILED:
        return EXIT_BUG;
    }
    return EXIT_BUG;
}

enum exit_code print_text(struct str text)
{
    if (fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0)
        return EXIT_OK;
    (void)fputs("omgw: stdout does not take the output\n", stderr);
    return EXIT_IO;
}

enum exit_code print_json(const struct json *json)
{
    CLEANUP(buf_release) struct buf text;
    struct error err;
    buf_init(&text, DOCUMENT_BYTES);
    if (json_print(json, &text, &err) != STATUS_OK) {
        say_error("cannot print", &err);
        return EXIT_TROUBLE;
    }
    buf_add_char(&text, '\n');
    return print_text(buf_str(&text));
}
