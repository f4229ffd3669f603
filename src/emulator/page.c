#include "page.h"

/* Made by scripts/embed_files.cmake from src/emulator/page. */
extern const unsigned char embedded_index_html[];
extern const size_t embedded_index_html_size;
extern const unsigned char embedded_agent_css[];
extern const size_t embedded_agent_css_size;
extern const unsigned char embedded_agent_js[];
extern const size_t embedded_agent_js_size;

/* Nothing from elsewhere, no inline code: what customers write stays text. */
static const struct http_header page_headers[] = {
    {STR("Content-Security-Policy"),
     STR("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
         "img-src 'self' data:; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'")                     },
    {STR("Referrer-Policy"),         STR("no-referrer")},
};

static enum handled serve(struct request *request, const char *content_type,
                          const unsigned char *bytes, size_t size)
{
    request_respond(request, 200, content_type, str_from(bytes, size), page_headers,
                    COUNT_OF(page_headers));
    return HANDLED_ANSWERED;
}

enum handled serve_page_html(struct request *request, void *context)
{
    (void)context;
    return serve(request, "text/html; charset=utf-8", embedded_index_html,
                 embedded_index_html_size);
}

enum handled serve_page_css(struct request *request, void *context)
{
    (void)context;
    return serve(request, "text/css; charset=utf-8", embedded_agent_css,
                 embedded_agent_css_size);
}

enum handled serve_page_script(struct request *request, void *context)
{
    (void)context;
    return serve(request, "text/javascript; charset=utf-8", embedded_agent_js,
                 embedded_agent_js_size);
}
