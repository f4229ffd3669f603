#include "help.h"

#include <stdio.h>

/* "bridges show NAME", in the given width. */
static void print_entry(const struct command *command, const char *before, int width,
                        FILE *out)
{
    char name[64];
    (void)snprintf(name, sizeof(name), "%s%s%s", command->name,
                   command->operand == NULL ? "" : " ",
                   command->operand == NULL ? "" : command->operand);
    (void)fprintf(out, "  %s%-*s  %s\n", before, width, name, command->summary);
}

static int entry_width(const struct command *command)
{
    size_t operand = command->operand == NULL ? 0 : strlen(command->operand) + 1;
    return (int)(strlen(command->name) + operand);
}

static bool is_of_group(const struct command *command, const char *word)
{
    size_t len = strlen(word);
    return strncmp(command->name, word, len) == 0 && command->name[len] == ' ';
}

/* Of the widest entry of a group; NULL: of all. */
static int entries_width(const char *group)
{
    int widest = 0;
    for (size_t i = 0; i < command_count; i++) {
        int width = entry_width(&commands[i]);
        if ((group == NULL || is_of_group(&commands[i], group)) && width > widest)
            widest = width;
    }
    return widest;
}

void help_overview(FILE *out)
{
    int width = entries_width(NULL);
    (void)fputs("omgw, the open messaging gateway: messaging channels into Genesys "
                "Cloud.\n\nExamples:\n  omgw config init > omgw.yaml\n"
                "  omgw serve --config omgw.yaml\n  omgw trace ID\n\nCommands:\n",
                out);
    for (size_t i = 0; i < command_count; i++)
        print_entry(&commands[i], "", width, out);
    (void)fputs("\n`omgw help COMMAND` shows a command's options and examples.\n", out);
}

void help_command(const struct command *command, FILE *out)
{
    (void)fprintf(out,
                  "%s.\n\nExamples:\n%s\nUsage: omgw %s [options]%s%s\n\nOptions:\n",
                  command->summary, command->examples, command->name,
                  command->operand == NULL ? "" : " ",
                  command->operand == NULL ? "" : command->operand);
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (command_takes(command, row->letter))
            (void)fprintf(out, "  --%s %-*s %s\n", row->name,
                          (int)(12 - strlen(row->name)),
                          row->value == NULL ? "" : row->value, row->help);
    }
}

void help_group(const char *word, FILE *out)
{
    int width = entries_width(word);
    for (size_t i = 0; i < command_count; i++)
        if (is_of_group(&commands[i], word))
            print_entry(&commands[i], "omgw ", width, out);
}

bool help_has_group(const char *word)
{
    for (size_t i = 0; i < command_count; i++)
        if (is_of_group(&commands[i], word))
            return true;
    return false;
}
