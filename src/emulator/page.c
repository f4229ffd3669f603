#include "page.h"

#include "emulator.h"
#include "gateway/pages.h"

/* Made by scripts/embed_files.cmake from src/emulator/page. */
extern const unsigned char embedded_index_html[];
extern const size_t embedded_index_html_size;
extern const unsigned char embedded_agent_css[];
extern const size_t embedded_agent_css_size;
extern const unsigned char embedded_agent_js[];
extern const size_t embedded_agent_js_size;
extern const unsigned char embedded_talk_js[];
extern const size_t embedded_talk_js_size;

static const struct page_file files[] = {
    PAGE_FILE("index.html", index_html),
    PAGE_FILE("agent.css", agent_css),
    PAGE_FILE("agent.js", agent_js),
    PAGE_FILE("talk.js", talk_js),
};

enum handled serve_page(struct request *request, void *context)
{
    const struct emulator *emulator = context;
    const struct page page = {
        .files = files,
        .count = COUNT_OF(files),
        .framed_by = emulator->settings.framed_by,
        .frames = "'none'",
    };
    return page_respond(request, &page);
}
