#include "gateway/pages.h"

#define POLICY_BYTES_MAX 4096

PAGE_EMBEDDED(look_css);
PAGE_EMBEDDED(element_js);
PAGE_EMBEDDED(icons_svg);

static const struct page_file shared[] = {
    PAGE_FILE("look.css", look_css),
    PAGE_FILE("element.js", element_js),
    PAGE_FILE("icons.svg", icons_svg),
};

/* By the end of the name. */
static const char *content_type_of(struct str name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"      },
        {".css",  "text/css; charset=utf-8"       },
        {".js",   "text/javascript; charset=utf-8"},
        {".svg",  "image/svg+xml"                 },
    };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        size_t len = strlen(types[i][0]);
        if (name.len > len && str_is(str_sub(name, name.len - len, len), types[i][0]))
            return types[i][1];
    }
    return "application/octet-stream";
}

static const struct page_file *find_among(const struct page_file *files, size_t count,
                                          struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(name, files[i].name))
            return &files[i];
    return NULL;
}

static const struct page_file *find(const struct page *page, struct str name)
{
    if (name.len == 0)
        return &page->files[0];
    const struct page_file *file = find_among(page->files, page->count, name);
    return file != NULL ? file : find_among(shared, COUNT_OF(shared), name);
}

enum handled page_respond(struct request *request, const struct page *page)
{
    struct error err;
    const struct page_file *file = find(page, request_argument(request, "file"));
    if (file == NULL) {
        request_respond_problem(request, fail(&err, STATUS_NOT_FOUND, "no such file"),
                                &err);
        return HANDLED_ANSWERED;
    }
    CLEANUP(buf_release) struct buf policy;
    buf_init(&policy, POLICY_BYTES_MAX);
    buf_printf(&policy,
               "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
               "'self'; img-src 'self' data:; media-src 'self'; base-uri 'none'; "
               "form-action 'none'; frame-src %s; frame-ancestors %s",
               page->frames, page->framed_by);
    const struct http_header headers[] = {
        {STR("Content-Security-Policy"), buf_str(&policy)  },
        {STR("Referrer-Policy"),         STR("no-referrer")},
    };
    request_respond(request, 200, content_type_of(str_of(file->name)),
                    str_from(file->bytes, *file->size), headers, COUNT_OF(headers));
    return HANDLED_ANSWERED;
}
