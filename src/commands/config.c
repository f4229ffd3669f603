/*
 * config: check, show, init.
 */
#include "command.h"

#include "gateway/channels.h"
#include "gateway/json.h"
#include "gateway/text.h"

#define DOCUMENT_BYTES (16u * 1024 * 1024)

/* One text a line. */
static void add_lines(struct json *object, const char *name, struct str lines)
{
    struct json *list = json_add_array(object, name);
    while (lines.len > 0)
        json_append(list, json_new_str(str_cut(&lines, '\n')));
}

static enum exit_code print_check(bool is_fine, struct str problems,
                                  struct str warnings)
{
    CLEANUP(json_freep) struct json *whole = json_new_object();
    json_add_bool(whole, "ok", is_fine);
    add_lines(whole, "problems", problems);
    add_lines(whole, "warnings", warnings);
    enum exit_code code = print_json(whole);
    return code == EXIT_OK && !is_fine ? EXIT_CONFIG : code;
}

enum exit_code command_config_check(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, DOCUMENT_BYTES);
    bool is_fine = config_load(invocation->config_path, invocation->environment,
                               channels, &config, &problems) == STATUS_OK;
    struct str warnings = is_fine ? config_warnings(config) : STR_NONE;
    if (invocation->as_json)
        return print_check(is_fine, buf_str(&problems), warnings);
    say(buf_str(&problems));
    say(warnings);
    if (!is_fine)
        return EXIT_CONFIG;
    (void)printf("%s is fine: %zu bridge%s\n", invocation->config_path,
                 config->bridge_count, config->bridge_count == 1 ? "" : "s");
    return EXIT_OK;
}

enum exit_code command_config_show(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(buf_release) struct buf text;
    buf_init(&text, DOCUMENT_BYTES);
    enum exit_code code = load_config(invocation, &config);
    if (code != EXIT_OK)
        return code;
    config_print(config, invocation->as_json, &text);
    return print_text(buf_str(&text));
}

enum exit_code command_config_init(const struct invocation *invocation)
{
    CLEANUP(buf_release) struct buf text;
    (void)invocation;
    buf_init(&text, DOCUMENT_BYTES);
    config_example(channels, &text);
    return print_text(buf_str(&text));
}
