/*
 * page: the page on which you are the agent; plain files, compiled in.
 */
#pragma once

#include "gateway/server.h"

/* Handlers of routes. */
enum handled serve_page_html(struct request *request, void *context);
enum handled serve_page_css(struct request *request, void *context);
enum handled serve_page_script(struct request *request, void *context);
