/*
 * command: the table of commands, their options, and what they share.
 */
#pragma once

#include "gateway/colour.h"
#include "gateway/config.h"
#include "gateway/status.h"

/* Exit codes of sysexits; scripts rely on them. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_TROUBLE = 1,
    EXIT_WRONG_USE = 64,
    EXIT_BAD_DATA = 65, /* a database with findings */
    EXIT_NO_INPUT = 66,
    EXIT_UNAVAILABLE = 69,
    EXIT_BUG = 70,
    EXIT_CANNOT_CREATE = 73,
    EXIT_IO = 74,
    EXIT_TRY_AGAIN = 75,
    EXIT_NO_PERMISSION = 77,
    EXIT_CONFIG = 78,
};

struct command;

/* What the user gave; texts that were not given are NULL. */
struct invocation {
    const struct command *command;
    const char *config_path;
    const char *bridge;
    const char *contact;
    const char *state;
    const char *since;
    const char *limit;
    const char *after;
    const char *reason;
    const char *port;
    const char *unplug;
    const char *columns;
    const char *color;
    enum colour_use colour; /* what `color` says */
    bool as_json;
    bool core; /* serve: leave core dumps on */
    bool free_ports;
    bool check;
    bool dry_run;
    bool yes;
    bool force;
    bool hold;
    bool wants_help;
    char **arguments;
    int argument_count;
    char **environment;
};

struct command {
    const char *name;    /* one or two words */
    const char *operand; /* "ID"; "[ID]": may be left out; NULL: none */
    const char *words;   /* the operand is one of these, with blanks between; or NULL */
    const char *summary;
    const char *examples; /* first in the help */
    const char *options;  /* letters of the option rows it takes: see command.c */
    enum exit_code (*run)(const struct invocation *invocation);
    bool needs_secrets; /* of the configuration: it speaks to peers, or judges them */
    int subject;        /* of those that share a run: enum list_kind, order_verb or
                           setup_goal */
};

extern const struct command commands[];
extern const size_t command_count;

struct option_row {
    char letter; /* in struct command's options */
    const char *name;
    const char *value; /* NULL: a flag */
    size_t offset;     /* of its place in struct invocation */
    const char *help;
    const char *words; /* the value is one of these, with blanks between; or NULL */
};
extern const struct option_row option_rows[];
extern const size_t option_row_count;
bool command_takes(const struct command *command, char letter);

/* Finds the command in argv, reads its options, runs it. The exit code of the process.
 */
int command_main(int argc, char **argv, char **environment);

/* --- for commands
 * ------------------------------------------------------------------------ */

/* Loads the configuration; prints every problem on stderr. */
enum exit_code load_config(const struct invocation *invocation,
                           struct config **out_config);
/* "omgw: <what>: <error>" on stderr. */
void say_error(const char *what, const struct error *err);
/* A text as it is, on stderr. */
void say(struct str text);
/* Which exit code a failed store operation has. */
enum exit_code exit_of(enum status status);
struct json;
/* One JSON document on stdout; EXIT_IO when stdout does not take it. */
enum exit_code print_json(const struct json *json);
/* Writes to stdout and flushes. */
enum exit_code print_text(struct str text);

/* On stderr that there is no bridge of that name, and which may be meant. */
enum exit_code say_no_bridge(const struct config *config, const char *name);
struct store;
/* The configuration's database, for looking; says what is wrong. */
enum exit_code open_reader(const struct config *config, struct store **out_store);
void store_closep(struct store **store);
/* Words against the usage, on stderr. */
enum exit_code say_usage(const struct invocation *invocation, const char *what);

enum exit_code command_serve(const struct invocation *invocation);
enum exit_code command_demo(const struct invocation *invocation);
enum exit_code command_config_check(const struct invocation *invocation);
enum exit_code command_config_show(const struct invocation *invocation);
enum exit_code command_config_init(const struct invocation *invocation);
enum exit_code command_db_migrate(const struct invocation *invocation);
enum exit_code command_db_status(const struct invocation *invocation);
enum exit_code command_db_backup(const struct invocation *invocation);
enum exit_code command_db_verify(const struct invocation *invocation);
enum exit_code command_db_restore(const struct invocation *invocation);
enum exit_code command_trace(const struct invocation *invocation);
enum exit_code command_health(const struct invocation *invocation);
enum exit_code command_version(const struct invocation *invocation);
enum exit_code command_completion(const struct invocation *invocation);
enum exit_code command_man(const struct invocation *invocation);
enum exit_code command_list(const struct invocation *invocation);
enum exit_code command_show(const struct invocation *invocation);
enum exit_code command_dead_change(const struct invocation *invocation);
enum exit_code command_bridges_list(const struct invocation *invocation);
enum exit_code command_bridges_show(const struct invocation *invocation);
enum exit_code command_bridges_order(const struct invocation *invocation);
enum exit_code command_bridges_test(const struct invocation *invocation);
enum exit_code command_bridges_setup(const struct invocation *invocation);
enum exit_code command_bridges_forget(const struct invocation *invocation);
