/*
 * manual: the pages omgw(1), omgw.yaml(5) and omgw-sql(7), made from the tables of
 * commands, options and settings, and from the views of the schema.
 */
#include "command.h"

#include "gateway/channels.h"
#include "gateway/store.h"

#define PAGE_BYTES (1024u * 1024)
/* Of the last change of these texts: a page says how old it is. */
#define PAGE_DATE "2026-12-01"

/* --- roff --------------------------------------------------------------------------
 */

/* Text of a line: nothing in it is a command. `code` in backticks is bold. */
static void add_text(struct buf *out, struct str text)
{
    bool is_bold = false;
    if (text.len > 0 && (text.ptr[0] == '.' || text.ptr[0] == '\''))
        buf_add(out, STR("\\&"));
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '`') {
            is_bold = !is_bold;
            buf_add(out, is_bold ? STR("\\fB") : STR("\\fR"));
        } else if (c == '\\') {
            buf_add(out, STR("\\e"));
        } else if (c == '-') {
            buf_add(out, STR("\\-"));
        } else {
            buf_add_char(out, c);
        }
    }
}

static void add_line(struct buf *out, const char *text)
{
    add_text(out, str_of(text));
    buf_add_char(out, '\n');
}

/* `title` as pages are named, `name` as it is typed. */
static void add_title(struct buf *out, const char *title, const char *name, int section,
                      const char *what)
{
    buf_printf(out, ".TH %s %d %s \"omgw %s\" \"omgw\"\n.SH NAME\n", title, section,
               PAGE_DATE, OMGW_VERSION);
    add_text(out, str_of(name));
    buf_printf(out, " \\- %s\n", what);
}

/* --- omgw(1) ------------------------------------------------------------------------
 */

static const struct {
    enum exit_code code;
    const char *meaning;
} exit_codes[] = {
    {EXIT_OK,            "Done."                                                   },
    {EXIT_TROUBLE,       "Not found, or not possible."                             },
    {EXIT_WRONG_USE,     "Wrong use."                                              },
    {EXIT_BAD_DATA,      "A database with findings, or a file that is none."       },
    {EXIT_NO_INPUT,      "The file to read is not there."                          },
    {EXIT_UNAVAILABLE,   "No gateway answers, or it is not ready."                 },
    {EXIT_BUG,           "A damaged database, or a bug."                           },
    {EXIT_CANNOT_CREATE, "The file cannot be written there."                       },
    {EXIT_IO,            "stdout does not take the output."                        },
    {EXIT_TRY_AGAIN,     "Another process holds the database, or there is no room."},
    {EXIT_NO_PERMISSION, "No permission."                                          },
    {EXIT_CONFIG,        "The configuration, or a database of another version."    },
};

static void add_examples(struct buf *out, const struct command *command)
{
    struct str rest = str_of(command->examples);
    buf_add(out, STR(".PP\n.nf\n"));
    while (rest.len > 0) {
        struct str line = str_cut(&rest, '\n');
        while (str_starts(line, STR(" ")))
            line = str_sub(line, 1, line.len);
        add_text(out, line);
        buf_add_char(out, '\n');
    }
    buf_add(out, STR(".fi\n"));
}

static void add_command(struct buf *out, const struct command *command)
{
    buf_printf(out, ".SS \"%s%s%s\"\n", command->name,
               command->operand == NULL ? "" : " ",
               command->operand == NULL ? "" : command->operand);
    add_text(out, str_of(command->summary));
    buf_add(out, STR(".\nOptions:"));
    for (size_t i = 0; i < option_row_count; i++)
        if (command_takes(command, option_rows[i].letter))
            buf_printf(out, "\n\\fB\\-\\-%s\\fR%s%s", option_rows[i].name,
                       option_rows[i].value == NULL ? "" : " ",
                       option_rows[i].value == NULL ? "" : option_rows[i].value);
    buf_add(out, STR(".\n"));
    add_examples(out, command);
}

static void add_options(struct buf *out)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        CLEANUP(buf_release) struct buf name;
        buf_init(&name, 128);
        buf_printf(&name, "`--%s`%s%s", row->name, row->value == NULL ? "" : " ",
                   row->value == NULL ? "" : row->value);
        buf_add(out, STR(".TP\n"));
        add_line(out, buf_c_string(&name));
        add_line(out, row->help);
    }
}

static enum exit_code write_commands(struct buf *out)
{
    add_title(out, "OMGW", "omgw", 1, "the open messaging gateway");
    buf_add(out, STR(".SH SYNOPSIS\n.B omgw\n.I COMMAND\n.RI [ OPTION \" ...] \" "
                     "[OPERAND]\n.SH DESCRIPTION\n"));
    add_line(out,
             "omgw bridges messaging channels into Genesys Cloud. One program runs "
             "the gateway and looks after it; commands that change something ask "
             "the running gateway over its control socket, others read the "
             "database.");
    buf_add(out, STR(".SH COMMANDS\n"));
    for (size_t i = 0; i < command_count; i++)
        add_command(out, &commands[i]);
    buf_add(out, STR(".SH OPTIONS\n"));
    add_options(out);
    buf_add(out, STR(".SH \"EXIT STATUS\"\n"));
    for (size_t i = 0; i < COUNT_OF(exit_codes); i++) {
        buf_printf(out, ".TP\n.B %d\n", (int)exit_codes[i].code);
        add_line(out, exit_codes[i].meaning);
    }
    buf_add(out, STR(".SH \"SEE ALSO\"\n.BR omgw.yaml (5),\n.BR omgw\\-sql (7)\n"));
    return EXIT_OK;
}

/* --- omgw.yaml(5) -------------------------------------------------------------------
 */

/* One row of a Markdown table: "| a | b | c | d | e |". */
static void add_setting(struct buf *out, struct str line)
{
    static const char *const labels[] = {"", "Value", "Default", "Environment", ""};
    struct str cells[COUNT_OF(labels)];
    (void)str_cut(&line, '|');
    for (size_t i = 0; i < COUNT_OF(cells); i++)
        cells[i] = str_trim(str_cut(&line, '|'));
    buf_add(out, STR(".TP\n"));
    add_text(out, cells[0]);
    buf_add_char(out, '\n');
    add_text(out, cells[COUNT_OF(cells) - 1]);
    for (size_t i = 1; i + 1 < COUNT_OF(cells); i++) {
        buf_printf(out, "\n.br\n%s: ", labels[i]);
        add_text(out, cells[i]);
    }
    buf_add_char(out, '\n');
}

static void add_markdown(struct buf *out, struct str line)
{
    if (str_starts(line, STR("### "))) {
        buf_add(out, STR(".SH \""));
        for (size_t i = 4; i < line.len; i++)
            if (line.ptr[i] != '`')
                buf_add_char(out, line.ptr[i]);
        buf_add(out, STR("\"\n"));
    } else if (str_starts(line, STR("| `"))) {
        add_setting(out, line);
    } else if (line.len > 0 && line.ptr[0] != '|') {
        buf_add(out, STR(".PP\n"));
        add_text(out, line);
        buf_add_char(out, '\n');
    }
}

static enum exit_code write_settings(struct buf *out)
{
    CLEANUP(buf_release) struct buf reference;
    buf_init(&reference, PAGE_BYTES);
    config_reference(channels, &reference);
    add_title(out, "OMGW.YAML", "omgw.yaml", 5, "configuration of omgw");
    buf_add(out, STR(".SH DESCRIPTION\n"));
    add_line(out,
             "One YAML file, and the environment over it. `omgw config init` prints "
             "a commented example, `omgw config check` says all that is wrong with "
             "a file, `omgw config show` what is in effect and from where.");
    struct str rest = buf_str(&reference);
    while (rest.len > 0)
        add_markdown(out, str_cut(&rest, '\n'));
    buf_add(out, STR(".SH \"SEE ALSO\"\n.BR omgw (1)\n"));
    return EXIT_OK;
}

/* --- omgw-sql(7) --------------------------------------------------------------------
 */

static const struct {
    const char *view;
    const char *row;
} views[] = {
    {"v_bridges",       "A bridge, configured or not."                         },
    {"v_conversations", "A conversation, with the Genesys conversations in it."},
    {"v_messages",      "A message or other event, with its text."             },
    {"v_deliveries",    "A delivery: state, attempts, last reason."            },
    {"v_dead_letters",  "A dead letter, with its text."                        },
    {"v_mappings",      "Which id of one side is which id of the other."       },
};

struct view_pages {
    struct buf *out;
    char name[64];
};

static const char *row_of(const char *view)
{
    for (size_t i = 0; i < COUNT_OF(views); i++)
        if (strcmp(views[i].view, view) == 0)
            return views[i].row;
    return "";
}

static void add_column(const char *view, const char *column, void *context)
{
    struct view_pages *pages = context;
    if (strcmp(pages->name, view) == 0) {
        buf_printf(pages->out, ",\n%s", column);
        return;
    }
    if (pages->name[0] != '\0')
        buf_add(pages->out, STR(".\n"));
    (void)snprintf(pages->name, sizeof(pages->name), "%s", view);
    buf_printf(pages->out, ".TP\n.B %s\n", view);
    add_line(pages->out, row_of(view));
    buf_printf(pages->out, "Columns:\n%s", column);
}

static enum exit_code write_views(struct buf *out)
{
    CLEANUP(buf_release) struct buf columns;
    struct view_pages pages = {.out = &columns};
    struct error err;
    buf_init(&columns, PAGE_BYTES);
    enum status status = store_views(add_column, &pages, &err);
    if (status != STATUS_OK) {
        say_error("cannot read the views", &err);
        return exit_of(status);
    }
    add_title(out, "OMGW-SQL", "omgw-sql", 7,
              "what operators may ask the database of omgw");
    buf_add(out, STR(".SH DESCRIPTION\n"));
    add_line(out,
             "The database is one SQLite file. Views whose names begin with v_ are "
             "stable, tables are not. Open it with `sqlite3 -readonly`, never with "
             "anything that may write, and read briefly: the write-ahead log cannot "
             "shrink behind a query that is open.");
    buf_add(out, STR(".SH VIEWS\n"));
    buf_add(out, buf_str(&columns));
    buf_add(out, STR(".\n"));
    buf_add(out, STR(".SH EXAMPLES\n.nf\n"));
    add_line(out, "sqlite3 -readonly -box /var/lib/omgw/omgw.db "
                  "'SELECT * FROM v_bridges'");
    buf_add(out, STR(".fi\n.SH \"SEE ALSO\"\n.BR omgw (1),\n.BR sqlite3 (1)\n"));
    return EXIT_OK;
}

/* --- the command --------------------------------------------------------------------
 */

enum exit_code command_man(const struct invocation *invocation)
{
    static const struct {
        const char *section;
        enum exit_code (*write)(struct buf *out);
    } pages[] = {
        {"1", write_commands},
        {"5", write_settings},
        {"7", write_views   },
    };
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, PAGE_BYTES);
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        if (strcmp(pages[i].section, invocation->arguments[0]) != 0)
            continue;
        enum exit_code code = pages[i].write(&text);
        return code == EXIT_OK ? print_text(buf_str(&text)) : code;
    }
    return say_usage(invocation, "1, 5 or 7");
}
