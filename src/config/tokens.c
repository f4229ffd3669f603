#include "tokens.h"

#include "entries.h"
#include "gateway/memory.h"

#define SETTING_NAME "admin.tokens"
#define BLANKS " \t\r"

/* A line is never quoted: somebody may have put the token itself into it. */
static const char line_advice[] = "write NAME, viewer or operator, and the token's "
                                  "SHA-256 in hex, with blanks between";

static struct str cut_word(struct str *line)
{
    while (line->len > 0 && strchr(BLANKS, line->ptr[0]) != NULL)
        *line = str_sub(*line, 1, line->len);
    size_t len = 0;
    while (len < line->len && strchr(BLANKS, line->ptr[len]) == NULL)
        len++;
    struct str word = str_sub(*line, 0, len);
    *line = str_sub(*line, len, line->len);
    return word;
}

static bool read_role(struct str word, enum admin_role *out_role)
{
    *out_role = str_is(word, "operator") ? ADMIN_OPERATOR : ADMIN_VIEWER;
    return str_is(word, "operator") || str_is(word, "viewer");
}

/* NULL when the line is one token, else what is wrong with it. */
static const char *read_line(struct str name, struct str line, struct admin_token *out)
{
    struct str role = cut_word(&line);
    struct str hash = cut_word(&line);
    if (hash.len == 0)
        return "has fewer than three words";
    if (cut_word(&line).len > 0)
        return "has more than three words";
    if (!entry_name_is_valid(name))
        return "has a name that is not 1 to 63 of a-z, 0-9 and -";
    if (!read_role(role, &out->role))
        return "has a role that is neither viewer nor operator";
    if (!hex_decode(hash, out->sha256, sizeof(out->sha256)))
        return "does not end with a SHA-256 in 64 hex digits";
    (void)snprintf(out->name, sizeof(out->name), "%.*s", STR_ARG(name));
    return NULL;
}

static bool is_known(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->admin.token_count; i++) {
        if (strcmp(config->admin.tokens[i].name, name) == 0)
            return true;
    }
    return false;
}

static size_t count_lines(struct str text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    return count;
}

void tokens_read(struct reader *reader, const struct section *root)
{
    struct config *config = root->base;
    struct str text = str_of(config->admin.token_lines);
    if (text.len == 0)
        return;
    struct place place = section_place(root, SETTING_NAME);
    /* A variable is named by its place already. */
    const char *label = place.variable == NULL ? SETTING_NAME ": " : "";
    size_t reported = reader->problems.count;
    config->admin.tokens = mem_new_array(count_lines(text), sizeof(struct admin_token));
    for (size_t number = 1; text.len > 0; number++) {
        struct admin_token token = {0};
        struct str line = str_cut(&text, '\n');
        struct str name = cut_word(&line);
        if (name.len == 0 || name.ptr[0] == '#')
            continue;
        const char *fault = read_line(name, line, &token);
        if (fault == NULL && is_known(config, token.name))
            fault = "has the name of an earlier one";
        if (fault != NULL)
            problems_add(&reader->problems, place, "%sline %zu %s; %s", label, number,
                         fault, line_advice);
        else
            config->admin.tokens[config->admin.token_count++] = token;
    }
    if (config->admin.token_count == 0 && reader->problems.count == reported)
        problems_add(&reader->problems, place, "%shas no token; %s", label,
                     line_advice);
}
