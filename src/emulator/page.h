/*
 * page: the page on which you are the agent; plain files, compiled in.
 */
#pragma once

#include "gateway/server.h"

/* Handler of the routes of the page and its files; `context` is the emulator. */
enum handled serve_page(struct request *request, void *context);
