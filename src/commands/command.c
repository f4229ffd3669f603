#include "command.h"

#include "help.h"

#include "gateway/channels.h"
#include "gateway/json.h"
#include "gateway/nearest.h"
#include "gateway/store.h"
#include "gateway/text.h"

#include <getopt.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/omgw/omgw.yaml"
/* A configuration of a thousand bridges, each with several problems. */
#define PROBLEMS_BYTES (1024u * 1024)
#define DOCUMENT_BYTES (64u * 1024 * 1024)

#define OPTION(letter, name, value, member, help)                                      \
    {                                                                                  \
        (letter), (name), (value), offsetof(struct invocation, member), (help), NULL   \
    }
const struct option_row option_rows[] = {
    OPTION('c', "config", "FILE", config_path,
           "configuration (default " DEFAULT_CONFIG ")"),
    OPTION('b', "bridge", "NAME", bridge, "only of this bridge"),
    OPTION('k', "contact", "ID", contact, "only of the contact with this external id"),
    OPTION('s', "state", "STATE", state, "only in this state (a wrong one names all)"),
    OPTION('S', "since", "TIME", since,
           "only since then: 2h, 3d (ago), or 2026-02-03T09:15:00Z"),
    OPTION('l', "limit", "N", limit, "at most so many rows (default 50)"),
    OPTION('a', "after", "NUMBER", after,
           "the next page: behind the row of this number"),
    OPTION('w', "columns", "A,B,C", columns,
           "these columns, in this order (a wrong one names all)"),
    OPTION('r', "reason", "TEXT", reason, "why, for those who look later"),
    OPTION('d', "dry-run", NULL, dry_run, "say what would be done, and do nothing"),
    OPTION('y', "yes", NULL, yes, "do not ask"),
    OPTION('f', "force", NULL, force, "replace a backup of that name"),
    OPTION('H', "hold", NULL, hold,
           "start with all bridges paused, until each is resumed"),
    OPTION('j', "json", NULL, as_json, "one JSON document on stdout"),
    OPTION('C', "core", NULL, core,
           "leave core dumps on (they hold secrets and messages)"),
    OPTION('p', "port", "N", port, "of the page (default 8070, or a free one)"),
    OPTION('F', "free-ports", NULL, free_ports, "take free ports, not the usual ones"),
    OPTION('u', "unplug", "TIME", unplug,
           "how long Genesys is unplugged (default 20s)"),
    OPTION('K', "check", NULL, check,
           "send one message each way, say what became of them, and end"),
    {'o', "color", "WHEN", offsetof(struct invocation, color),
       "auto (on a terminal that has them), always or never", "auto always never"},
    OPTION('h', "help", NULL, wants_help, "this text"),
};
const size_t option_row_count = COUNT_OF(option_rows);

bool command_takes(const struct command *command, char letter)
{
    return letter == 'h' || strchr(command->options, letter) != NULL;
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

/* The words the user may have meant as a command: as many as a name has, joined. */
static void join_words(char **argv, int argc, int at, char *out, size_t room)
{
    const char *second = at + 1 < argc && argv[at + 1][0] != '-' ? argv[at + 1] : "";
    (void)snprintf(out, room, "%s%s%s", argv[at], second[0] == '\0' ? "" : " ", second);
}

/* "omgw bridges": a word too few; "omgw brdiges lst": a mistyped one. */
static enum exit_code say_unknown(char **argv, int argc, int at)
{
    char words[NEAREST_NAME_BYTES];
    struct nearest nearest;
    const char *word = argv[at];
    bool is_whole_group =
        help_has_group(word) && (at + 1 >= argc || argv[at + 1][0] == '-');

    if (is_whole_group) {
        (void)fprintf(stderr, "omgw: \"%s\" needs one word more:\n", word);
        help_group(word, stderr);
        return EXIT_WRONG_USE;
    }
    join_words(argv, argc, at, words, sizeof(words));
    nearest_start(&nearest, str_of(words));
    for (size_t i = 0; i < command_count; i++)
        nearest_offer(&nearest, str_of(commands[i].name));
    if (nearest_name(&nearest) == NULL) {
        nearest_start(&nearest, str_of(word));
        for (size_t i = 0; i < command_count; i++)
            nearest_offer(&nearest, str_of(commands[i].name));
    }
    const char *name = nearest_name(&nearest);
    (void)fprintf(stderr, "omgw: there is no command \"%s\"; ", words);
    if (name != NULL)
        (void)fprintf(stderr, "did you mean \"omgw %s\"?\n", name);
    else
        (void)fputs("see \"omgw help\"\n", stderr);
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
        if (command_takes(command, row->letter))
            *out++ = (struct option){
                row->name, row->value != NULL ? required_argument : no_argument, NULL,
                row->letter};
    }
    *out = (struct option){0};
}

static const struct option_row *option_of(int letter)
{
    for (size_t i = 0; i < COUNT_OF(option_rows); i++)
        if (option_rows[i].letter == letter)
            return &option_rows[i];
    return NULL;
}

static void take_option(struct invocation *invocation, const struct option_row *row,
                        const char *value)
{
    char *place = (char *)invocation + row->offset;
    if (row->value == NULL)
        *(bool *)(void *)place = true;
    else
        *(const char **)(void *)place = value;
}

/* getopt has said which one is wrong; here, what it may have been meant to be. */
static enum exit_code say_wrong_option(const struct command *command, const char *given)
{
    struct nearest nearest;
    struct str name = str_of(given);
    while (str_starts(name, STR("-")))
        name = str_sub(name, 1, name.len);
    struct str rest = name;
    nearest_start(&nearest, str_cut(&rest, '='));
    for (size_t i = 0; i < COUNT_OF(option_rows); i++)
        if (command_takes(command, option_rows[i].letter))
            nearest_offer(&nearest, str_of(option_rows[i].name));
    if (nearest_name(&nearest) != NULL && !str_is(nearest.wanted, nearest.best))
        (void)fprintf(stderr, "omgw: did you mean --%s?\n", nearest_name(&nearest));
    (void)fprintf(stderr, "omgw: see \"omgw help %s\"\n", command->name);
    return EXIT_WRONG_USE;
}

static bool takes_count(const struct command *command, int count)
{
    if (command->operand == NULL)
        return count == 0;
    return count == 1 || (count == 0 && command->operand[0] == '[');
}

/* A script's variable that was not set must not mean "all". */
static enum exit_code say_empty(const struct command *command, const char *dashes,
                                const char *name)
{
    (void)fprintf(stderr, "omgw: %s%s is empty; see \"omgw help %s\"\n", dashes, name,
                  command->name);
    return EXIT_WRONG_USE;
}

static enum exit_code read_colour(struct invocation *invocation)
{
    if (invocation->color == NULL ||
        colour_parse(str_of(invocation->color), &invocation->colour))
        return EXIT_OK;
    (void)fprintf(stderr, "omgw: --color \"%s\": write auto, always or never\n",
                  invocation->color);
    return EXIT_WRONG_USE;
}

/* -1: go on; else the exit code. */
static int read_options(const struct command *command, int argc, char **argv,
                        struct invocation *invocation)
{
    struct option rows[OPTIONS_ROOM];
    int letter;

    long_options(command, rows);
    for (;;) {
        const char *given = optind < argc ? argv[optind] : "";
        letter = getopt_long(argc, argv, "h", rows, NULL);
        if (letter == -1)
            break;
        const struct option_row *row = option_of(letter);
        if (row == NULL)
            return (int)say_wrong_option(command, given);
        if (optarg != NULL && optarg[0] == '\0')
            return (int)say_empty(command, "--", row->name);
        take_option(invocation, row, optarg);
    }
    if (invocation->wants_help) {
        help_command(command, stdout);
        return EXIT_OK;
    }
    enum exit_code code = read_colour(invocation);
    if (code != EXIT_OK)
        return (int)code;
    invocation->arguments = argv + optind;
    invocation->argument_count = argc - optind;
    if (!takes_count(command, invocation->argument_count))
        return (int)say_usage(invocation, command->operand != NULL ? command->operand
                                                                   : "no argument");
    if (invocation->argument_count > 0 && invocation->arguments[0][0] == '\0')
        return (int)say_empty(command, "", command->operand);
    return -1;
}

static enum exit_code say_unwritten(void)
{
    (void)fputs("omgw: stdout does not take the output\n", stderr);
    return EXIT_IO;
}

/* -1: there is a command to run; else the exit code. */
static int give_help(int argc, char **argv, const struct command *command, int at)
{
    bool wants_help = at == 2;
    const char *next = at + 1 < argc ? argv[at + 1] : "";
    bool is_asked = strcmp(next, "--help") == 0 || strcmp(next, "-h") == 0;
    if (command != NULL && wants_help)
        help_command(command, stdout);
    else if (command != NULL)
        return -1;
    else if ((wants_help || is_asked) && help_has_group(argv[at]))
        help_group(argv[at], stdout);
    else if (wants_help && strcmp(argv[at], "help") == 0)
        help_overview(stdout);
    else
        return (int)say_unknown(argv, argc, at);
    return EXIT_OK;
}

static int read_and_run(int argc, char **argv, char **environment)
{
    static char program[] = "omgw"; /* as getopt begins its words */
    int words = 0;
    int at = argc >= 2 && strcmp(argv[1], "help") == 0 ? 2 : 1;

    if (argc <= at || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_overview(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_WRONG_USE : EXIT_OK;
    }
    const struct command *command = find_command(argc, argv, at, &words);
    int code = give_help(argc, argv, command, at);
    if (code >= 0)
        return code;
    struct invocation invocation = {
        .command = command, .config_path = DEFAULT_CONFIG, .environment = environment};
    argv[words] = program;
    code = read_options(command, argc - words, argv + words, &invocation);
    return code >= 0 ? code : (int)command->run(&invocation);
}

int command_main(int argc, char **argv, char **environment)
{
    static char version[] = "version"; /* for those who ask as of other programs */
    if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0))
        argv[1] = version;
    int code = read_and_run(argc, argv, environment);
    /* What print_text has not said already. */
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return code;
    return code == EXIT_OK ? (int)say_unwritten() : code;
}

/* --- shared by commands
 * ---------------------------------------------------------------------------- */

enum exit_code load_config(const struct invocation *invocation,
                           struct config **out_config)
{
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, PROBLEMS_BYTES);
    bool needs_secrets = invocation->command->needs_secrets;
    if ((needs_secrets ? config_load : config_load_to_look)(
            invocation->config_path, invocation->environment, channels, out_config,
            &problems) == STATUS_OK)
        return EXIT_OK;
    say(buf_str(&problems));
    return EXIT_CONFIG;
}

enum exit_code say_no_bridge(const struct config *config, const char *name)
{
    struct nearest nearest;
    nearest_start(&nearest, str_of(name));
    for (size_t i = 0; i < config->bridge_count; i++)
        nearest_offer(&nearest, str_of(config->bridges[i].name));
    (void)fprintf(stderr, "omgw: the configuration has no bridge \"%s\"; ", name);
    if (nearest_name(&nearest) != NULL)
        (void)fprintf(stderr, "did you mean \"%s\"?\n", nearest_name(&nearest));
    else
        (void)fputs("see \"omgw bridges list\"\n", stderr);
    return EXIT_TROUBLE;
}

enum exit_code open_reader(const struct config *config, struct store **out_store)
{
    const struct store_options options = {.mode = STORE_READER};
    struct error err;
    enum status status = store_open(config->database, &options, out_store, &err);
    if (status != STATUS_OK)
        say_error("cannot open the database", &err);
    return exit_of(status);
}

void store_closep(struct store **store)
{
    store_close(*store);
}

enum exit_code say_usage(const struct invocation *invocation, const char *what)
{
    const char *name = invocation->command->name;
    (void)fprintf(stderr, "omgw: \"%s\" takes %s; see \"omgw help %s\"\n", name, what,
                  name);
    return EXIT_WRONG_USE;
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
        return EXIT_NO_PERMISSION;
    case STATUS_UNPROCESSABLE:
        return EXIT_BAD_DATA;
    case STATUS_BAD_METHOD:
    case STATUS_TOO_LARGE:
    case STATUS_UNSUPPORTED:
    case STATUS_FAILED:
        return EXIT_BUG;
    }
    return EXIT_BUG;
}

enum exit_code print_text(struct str text)
{
    bool is_taken = text.len == 0 || fwrite(text.ptr, 1, text.len, stdout) == text.len;
    if (is_taken && fflush(stdout) == 0)
        return EXIT_OK;
    return say_unwritten();
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
