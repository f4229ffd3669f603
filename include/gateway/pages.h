/*
 * pages: pages whose files are compiled in (embed of CMakeLists.txt), and one look for
 * all of them.
 *
 * A page gets nothing from elsewhere and runs no inline code, so that what people write
 * to each other stays text. Part of the room server; the listener's thread.
 */
#pragma once

#include "gateway/server.h"

struct page_file {
    const char *name; /* last segment of its path; its end says the content type */
    const unsigned char *bytes;
    const size_t *size;
};

/* Declares what scripts/embed_files.cmake makes of a file: of demo.css, demo_css. */
#define PAGE_EMBEDDED(symbol)                                                          \
    extern const unsigned char embedded_##symbol[];                                    \
    extern const size_t embedded_##symbol##_size
#define PAGE_FILE(file_name, symbol)                                                   \
    {                                                                                  \
        .name = (file_name), .bytes = embedded_##symbol,                               \
        .size = &embedded_##symbol##_size                                              \
    }

struct page {
    const struct page_file *files; /* the first one is the page itself */
    size_t count;
    const char *framed_by; /* origins, with blanks between, or "'none'" */
    const char *frames;    /* the same: what it may show in a frame */
};

/* For the routes "/" and "/page/{file}": the page, its file of that name, or what all
 * pages share: their look ("look.css"), "icons.svg", and how elements are made
 * ("element.js"). Unknown: 404. */
enum handled page_respond(struct request *request, const struct page *page);
