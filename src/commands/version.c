/*
 * version: what this program is and how it was built.
 */
#include "command.h"

#include "gateway/json.h"

#ifdef NDEBUG
#define BUILD_KIND "release"
#else
#define BUILD_KIND "debug"
#endif

enum exit_code command_version(const struct invocation *invocation)
{
    if (!invocation->as_json) {
        (void)printf("omgw %s (%s, %s)\n", OMGW_VERSION, BUILD_KIND, __VERSION__);
        return EXIT_OK;
    }
    CLEANUP(json_freep) struct json *json = json_new_object();
    json_add_str(json, "version", STR(OMGW_VERSION));
    json_add_str(json, "build", STR(BUILD_KIND));
    json_add_str(json, "compiler", STR(__VERSION__));
    return print_json(json);
}
