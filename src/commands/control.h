/*
 * control: where the running gateway's control socket is, and what commands ask there.
 */
#pragma once

#include "command.h"

#include "gateway/arena.h"

struct json;

#define CONTROL_PLACES_MAX 2

#define SQLITE_PREFIX "sqlite:"
/* Where the database of a URL is; a part of the URL. */
struct str database_path(const char *url);

/* "unix:/path", in the order in which the gateway tries them. */
struct control_places {
    const char *addresses[CONTROL_PLACES_MAX];
    size_t count;
};
void control_places(const struct config *config, struct arena *arena,
                    struct control_places *out);

/*
 * One POST with a JSON body, which is taken over. EXIT_OK: *out_answer is the caller's.
 * Else everything was said on stderr.
 */
MUST_CHECK enum exit_code control_ask(const struct config *config, const char *path,
                                      struct json *body, struct json **out_answer);
/* The same where no gateway needs to run: then EXIT_OK, and *out_answer stays NULL. */
MUST_CHECK enum exit_code control_ask_if_running(const struct config *config,
                                                 const char *path, struct json *body,
                                                 struct json **out_answer);
