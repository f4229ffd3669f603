/*
 * config: check, show, init.
 */
#include "command.h"

#include "gateway/channels.h"
#include "gateway/text.h"

#define DOCUMENT_BYTES (16u * 1024 * 1024)

enum exit_code command_config_check(const struct invocation *invocation)
{
    CLEANUP(config_dropp) struct config *config = NULL;
    enum exit_code code = load_config(invocation, &config);
    if (code != EXIT_OK)
        return code;
    say(config_warnings(config));
    if (invocation->as_json)
        return print_text(STR("{\"ok\":true}\n"));
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
