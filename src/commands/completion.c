/*
 * completion: what shells ask for TAB, made from the tables of commands and options.
 * Bridges are asked of the program itself when somebody wants one.
 */
#include "command.h"

#include "gateway/text.h"

#define SCRIPT_BYTES (1024u * 1024)
#define SUMMARY_BYTES 1024

/* --- words -------------------------------------------------------------------------
 */

/* In single quotes, as all three shells read them; `escape` gets a backslash before it.
 * Fish alone wants another word for a quote inside. */
static void add_quoted(struct buf *out, const char *text, char escape, bool is_fish)
{
    buf_add_char(out, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            buf_add(out, is_fish ? STR("\\'") : STR("'\\''"));
        else if (*p == escape)
            buf_printf(out, "\\%c", *p);
        else
            buf_add_char(out, *p);
    }
    buf_add_char(out, '\'');
}

static struct str first_word(const struct command *command)
{
    struct str rest = str_of(command->name);
    return str_cut(&rest, ' ');
}

static struct str second_word(const struct command *command)
{
    struct str rest = str_of(command->name);
    (void)str_cut(&rest, ' ');
    return rest;
}

/* Whether the command is the first of its group, or one word alone. */
static bool is_first_of_group(size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (str_equal(first_word(&commands[i]), first_word(&commands[at])))
            return false;
    return true;
}

/* What a first word stands for: the command, or the verbs of a group. */
static const char *summary_of(size_t at, struct buf *room)
{
    if (second_word(&commands[at]).len == 0)
        return commands[at].summary;
    buf_clear(room);
    for (size_t i = at; i < command_count; i++)
        if (str_equal(first_word(&commands[i]), first_word(&commands[at])))
            buf_printf(room, "%s%.*s", room->len == 0 ? "" : ", ",
                       STR_ARG(second_word(&commands[i])));
    return buf_c_string(room);
}

enum operand { OPERAND_NONE, OPERAND_FILE, OPERAND_BRIDGE, OPERAND_WORDS };

static enum operand operand_of(const struct command *command)
{
    const char *operand = command->operand;
    if (operand == NULL)
        return OPERAND_NONE;
    if (strstr(operand, "FILE") != NULL)
        return OPERAND_FILE;
    if (strcmp(operand, "NAME") == 0)
        return OPERAND_BRIDGE;
    return command->words != NULL ? OPERAND_WORDS : OPERAND_NONE;
}

/* The options with a value as a pattern, but --config; or those whose value nobody can
 * guess. */
static void add_value_options(struct buf *out, bool all)
{
    bool is_first = true;
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->value == NULL || row->letter == 'c' ||
            (!all && (row->letter == 'b' || row->words != NULL)))
            continue;
        buf_printf(out, "%s--%s", is_first ? "" : " | ", row->name);
        is_first = false;
    }
}

/* What is offered behind an option that has words. */
static void add_option_words(struct buf *out, bool is_zsh)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->words != NULL && is_zsh)
            buf_printf(out, "    (--%s) operand=''; options=(); list=(%s) ;;\n",
                       row->name, row->words);
        else if (row->words != NULL)
            buf_printf(out, "    --%s) operand='' options='' list='%s' ;;\n", row->name,
                       row->words);
    }
}

static void add_options(struct buf *out, const struct command *command)
{
    bool is_first = true;
    for (size_t i = 0; i < option_row_count; i++)
        if (command_takes(command, option_rows[i].letter)) {
            buf_printf(out, "%s--%s", is_first ? "" : " ", option_rows[i].name);
            is_first = false;
        }
}

/* --- bash --------------------------------------------------------------------------
 */

static void bash_firsts(struct buf *out)
{
    for (size_t i = 0; i < command_count; i++)
        if (is_first_of_group(i))
            buf_printf(out, "%.*s ", STR_ARG(first_word(&commands[i])));
}

/* What may follow the first word of a group, also behind "help". */
static void bash_groups(struct buf *out)
{
    for (size_t i = 0; i < command_count; i++) {
        if (!is_first_of_group(i) || second_word(&commands[i]).len == 0)
            continue;
        struct str group = first_word(&commands[i]);
        buf_printf(out, "    '%.*s' | 'help %.*s') list='", STR_ARG(group),
                   STR_ARG(group));
        for (size_t k = i; k < command_count; k++)
            if (str_equal(first_word(&commands[k]), group))
                buf_printf(out, "%.*s ", STR_ARG(second_word(&commands[k])));
        buf_add(out, STR("' ;;\n"));
    }
}

static void bash_commands(struct buf *out)
{
    static const char *const operands[] = {[OPERAND_NONE] = "",
                                           [OPERAND_FILE] = " operand=file",
                                           [OPERAND_BRIDGE] = " operand=bridge",
                                           [OPERAND_WORDS] = ""};
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];
        enum operand operand = operand_of(command);
        buf_printf(out, "    '%s') options='", command->name);
        add_options(out, command);
        buf_printf(out, "'%s", operands[operand]);
        if (operand == OPERAND_WORDS) {
            buf_printf(out, " list='%s'", command->words);
        }
        buf_printf(out, " ;;\n    '%s '*) options='", command->name);
        add_options(out, command);
        buf_add(out, STR("' ;;\n"));
    }
}

static void write_bash(struct buf *out)
{
    buf_add(out, STR("# Completion of omgw for bash: source <(omgw completion bash)\n"
                     "_omgw() {\n"
                     "    local word=${COMP_WORDS[COMP_CWORD]}\n"
                     "    local previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
                     "    local config=() said=() i=1 list='' options='' operand=''\n"
                     "    while ((i < COMP_CWORD)); do\n"
                     "        case ${COMP_WORDS[i]} in\n"
                     "        --config) config=(--config \"${COMP_WORDS[++i]}\") ;;\n"
                     "        "));
    add_value_options(out, true);
    buf_add(out, STR(") ((i++)) ;;\n"
                     "        -*) ;;\n"
                     "        *) said+=(\"${COMP_WORDS[i]}\") ;;\n"
                     "        esac\n"
                     "        ((i++))\n"
                     "    done\n"
                     "    case \"${said[*]}\" in\n"
                     "    '' | help) list='"));
    bash_firsts(out);
    buf_add(out, STR("help' ;;\n"));
    bash_groups(out);
    bash_commands(out);
    buf_add(out, STR("    esac\n"
                     "    case $previous in\n"
                     "    --config) operand=file options='' list='' ;;\n"
                     "    --bridge) operand=bridge options='' list='' ;;\n"));
    add_option_words(out, false);
    buf_add(out, STR("    "));
    add_value_options(out, false);
    buf_add(out,
            STR(") return ;;\n"
                "    esac\n"
                "    COMPREPLY=()\n"
                "    if [[ $word == -* ]]; then\n"
                "        list=$options operand=''\n"
                "    elif [[ $operand == bridge ]]; then\n"
                "        list=$(\"${COMP_WORDS[0]}\" bridges list \"${config[@]}\" "
                "2>/dev/null | cut -f1)\n"
                "    fi\n"
                "    if [[ $operand == file ]]; then\n"
                "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
                "    else\n"
                "        mapfile -t COMPREPLY < <(compgen -W \"$list\" -- "
                "\"$word\")\n"
                "    fi\n"
                "}\n"
                "complete -o filenames -F _omgw omgw\n"));
}

/* --- zsh ---------------------------------------------------------------------------
 */

/* 'name:what it is', a colon in either with a backslash. */
static void zsh_item(struct buf *out, struct str name, const char *what)
{
    buf_printf(out, " '%.*s:'", STR_ARG(name));
    add_quoted(out, what, ':', false);
}

static void zsh_groups(struct buf *out)
{
    for (size_t i = 0; i < command_count; i++) {
        if (!is_first_of_group(i) || second_word(&commands[i]).len == 0)
            continue;
        struct str group = first_word(&commands[i]);
        buf_printf(out, "    ('%.*s'|'help %.*s') list=(", STR_ARG(group),
                   STR_ARG(group));
        for (size_t k = i; k < command_count; k++)
            if (str_equal(first_word(&commands[k]), group))
                zsh_item(out, second_word(&commands[k]), commands[k].summary);
        buf_add(out, STR(" ) ;;\n"));
    }
}

static void zsh_commands(struct buf *out)
{
    static const char *const operands[] = {[OPERAND_NONE] = "",
                                           [OPERAND_FILE] = "; operand=file",
                                           [OPERAND_BRIDGE] = "; operand=bridge",
                                           [OPERAND_WORDS] = ""};
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];
        enum operand operand = operand_of(command);
        buf_printf(out, "    ('%s'|'%s '*) options=(", command->name, command->name);
        for (size_t k = 0; k < option_row_count; k++) {
            char name[40];
            (void)snprintf(name, sizeof(name), "--%s", option_rows[k].name);
            if (command_takes(command, option_rows[k].letter))
                zsh_item(out, str_of(name), option_rows[k].help);
        }
        buf_printf(out, " )%s", operands[operand]);
        if (operand == OPERAND_WORDS) {
            buf_printf(out, "; list=(%s)", command->words);
        }
        buf_add(out, STR(" ;;\n"));
    }
}

static void zsh_firsts(struct buf *out)
{
    CLEANUP(buf_release) struct buf room;
    buf_init(&room, SUMMARY_BYTES);
    for (size_t i = 0; i < command_count; i++)
        if (is_first_of_group(i))
            zsh_item(out, first_word(&commands[i]), summary_of(i, &room));
    zsh_item(out, STR("help"), "Show options and examples of a command");
}

static void write_zsh(struct buf *out)
{
    buf_add(out, STR("#compdef omgw\n"
                     "# Completion of omgw for zsh: source <(omgw completion zsh)\n"
                     "_omgw() {\n"
                     "    local -a said config list options\n"
                     "    local operand='' i=2\n"
                     "    while (( i < CURRENT )); do\n"
                     "        case ${words[i]} in\n"
                     "        (--config) config=(--config \"${words[++i]}\") ;;\n"
                     "        ("));
    add_value_options(out, true);
    buf_add(out, STR(") (( i++ )) ;;\n"
                     "        (-*) ;;\n"
                     "        (*) said+=(\"${words[i]}\") ;;\n"
                     "        esac\n"
                     "        (( i++ ))\n"
                     "    done\n"
                     "    case \"${(j: :)said}\" in\n"
                     "    (''|help) list=("));
    zsh_firsts(out);
    buf_add(out, STR(" ) ;;\n"));
    zsh_groups(out);
    zsh_commands(out);
    buf_add(out, STR("    esac\n"
                     "    case ${words[CURRENT-1]} in\n"
                     "    (--config) operand=file; options=(); list=() ;;\n"
                     "    (--bridge) operand=bridge; options=(); list=() ;;\n"));
    add_option_words(out, true);
    buf_add(out, STR("    ("));
    add_value_options(out, false);
    buf_add(out, STR(") return 1 ;;\n"
                     "    esac\n"
                     "    if [[ ${words[CURRENT]} == -* ]]; then\n"
                     "        _describe -o option options\n"
                     "    elif [[ $operand == file ]]; then\n"
                     "        _files\n"
                     "    elif [[ $operand == bridge ]]; then\n"
                     "        compadd -- ${(f)\"$(${words[1]} bridges list $config "
                     "2>/dev/null | cut -f1)\"}\n"
                     "    else\n"
                     "        _describe command list\n"
                     "    fi\n"
                     "}\n"
                     "(( ! $+functions[compdef] )) || compdef _omgw omgw\n"));
}

/* --- fish --------------------------------------------------------------------------
 */

static void fish_line(struct buf *out, const char *said, struct str word,
                      const char *what)
{
    buf_printf(out, "complete -c omgw -f -n '__omgw_said \"%s\"' -a '%.*s' -d ", said,
               STR_ARG(word));
    add_quoted(out, what, '\\', true);
    buf_add_char(out, '\n');
}

static void fish_words(struct buf *out)
{
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];
        CLEANUP(buf_release) struct buf group;
        CLEANUP(buf_release) struct buf room;
        buf_init(&group, 64);
        buf_init(&room, SUMMARY_BYTES);
        buf_add(&group, first_word(command));
        if (is_first_of_group(i)) {
            fish_line(out, "", first_word(command), summary_of(i, &room));
            fish_line(out, "help", first_word(command), summary_of(i, &room));
        }
        if (second_word(command).len > 0)
            fish_line(out, buf_c_string(&group), second_word(command),
                      command->summary);
    }
    fish_line(out, "", STR("help"), "Show options and examples of a command");
}

static void fish_operands(struct buf *out)
{
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &commands[i];
        switch (operand_of(command)) {
        case OPERAND_NONE:
            break;
        case OPERAND_FILE:
            buf_printf(out, "complete -c omgw -n '__omgw_said \"%s\"' -F\n",
                       command->name);
            break;
        case OPERAND_BRIDGE:
            buf_printf(out,
                       "complete -c omgw -f -n '__omgw_said \"%s\"' -a "
                       "'(__omgw_bridges)'\n",
                       command->name);
            break;
        case OPERAND_WORDS:
            buf_printf(out, "complete -c omgw -f -n '__omgw_said \"%s\"' -a '%s'\n",
                       command->name, command->words);
            break;
        }
    }
}

/* One line an option, with the commands that take it. */
static void fish_options(struct buf *out)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        buf_printf(out, "complete -c omgw%s -n '__omgw_is",
                   row->letter == 'c' ? "" : " -f");
        for (size_t k = 0; k < command_count; k++)
            if (command_takes(&commands[k], row->letter))
                buf_printf(out, " \"%s\"", commands[k].name);
        buf_printf(out, "' -l %s", row->name);
        if (row->words != NULL)
            buf_printf(out, " -x -a '%s'", row->words);
        buf_printf(out, "%s -d ",
                   row->words != NULL   ? ""
                   : row->letter == 'c' ? " -r -F"
                   : row->letter == 'b' ? " -x -a \"(__omgw_bridges)\""
                   : row->value != NULL ? " -x"
                                        : "");
        add_quoted(out, row->help, '\\', true);
        buf_add_char(out, '\n');
    }
}

static void write_fish(struct buf *out)
{
    buf_add(out, STR("# Completion of omgw for fish: omgw completion fish | source\n"
                     "function __omgw_words\n"
                     "    set -l words (commandline -opc)\n"
                     "    set -l skip 1\n"
                     "    for word in $words\n"
                     "        if test $skip = 1\n"
                     "            set skip 0\n"
                     "            continue\n"
                     "        end\n"
                     "        switch $word\n"
                     "            case --config "));
    CLEANUP(buf_release) struct buf names;
    buf_init(&names, 1024);
    add_value_options(&names, true);
    for (size_t i = 0; i < names.len; i++)
        if (names.ptr[i] != '|')
            buf_add_char(out, names.ptr[i]);
    buf_add(out,
            STR("\n                set skip 1\n"
                "            case '-*'\n"
                "            case '*'\n"
                "                echo $word\n"
                "        end\n"
                "    end\n"
                "end\n"
                "function __omgw_said\n"
                "    test (string join ' ' (__omgw_words) | string collect "
                "--allow-empty) = \"$argv[1]\"\n"
                "end\n"
                "function __omgw_is\n"
                "    set -l line (string join ' ' (__omgw_words) | string collect "
                "--allow-empty)' '\n"
                "    for name in $argv\n"
                "        string match -q -- \"$name *\" $line; and return 0\n"
                "    end\n"
                "    return 1\n"
                "end\n"
                "function __omgw_bridges\n"
                "    set -l words (commandline -opc)\n"
                "    set -l at (contains -i -- --config $words)\n"
                "    set -l config\n"
                "    test -n \"$at\"; and set config --config $words[(math $at + "
                "1)]\n"
                "    $words[1] bridges list $config 2>/dev/null | string replace -r "
                "'\\t.*' ''\n"
                "end\n"
                "complete -c omgw -f\n"));
    fish_words(out);
    fish_operands(out);
    fish_options(out);
}

/* --- the command -------------------------------------------------------------------
 */

enum exit_code command_completion(const struct invocation *invocation)
{
    static const struct {
        const char *shell;
        void (*write)(struct buf *out);
    } shells[] = {
        {"bash", write_bash},
        {"zsh",  write_zsh },
        {"fish", write_fish},
    };
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, SCRIPT_BYTES);
    for (size_t i = 0; i < COUNT_OF(shells); i++) {
        if (strcmp(shells[i].shell, invocation->arguments[0]) != 0)
            continue;
        shells[i].write(&text);
        return print_text(buf_str(&text));
    }
    return say_usage(invocation, "bash, zsh or fish");
}
