#include "page.h"

#include "emulator.h"
#include "gateway/pages.h"

PAGE_EMBEDDED(index_html);
PAGE_EMBEDDED(agent_css);
PAGE_EMBEDDED(agent_js);
PAGE_EMBEDDED(composer_js);
PAGE_EMBEDDED(parts_js);
PAGE_EMBEDDED(talk_js);

static const struct page_file files[] = {
    PAGE_FILE("index.html", index_html), PAGE_FILE("agent.css", agent_css),
    PAGE_FILE("agent.js", agent_js),     PAGE_FILE("composer.js", composer_js),
    PAGE_FILE("parts.js", parts_js),     PAGE_FILE("talk.js", talk_js),
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
