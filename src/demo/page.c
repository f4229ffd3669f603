#include "internal.h"

#include "gateway/pages.h"

PAGE_EMBEDDED(index_html);
PAGE_EMBEDDED(demo_css);
PAGE_EMBEDDED(phone_css);
PAGE_EMBEDDED(way_css);
PAGE_EMBEDDED(demo_js);
PAGE_EMBEDDED(phone_js);
PAGE_EMBEDDED(way_js);
PAGE_EMBEDDED(journey_js);
PAGE_EMBEDDED(parcel_svg);

static const struct page_file files[] = {
    PAGE_FILE("index.html", index_html), PAGE_FILE("demo.css", demo_css),
    PAGE_FILE("phone.css", phone_css),   PAGE_FILE("way.css", way_css),
    PAGE_FILE("demo.js", demo_js),       PAGE_FILE("phone.js", phone_js),
    PAGE_FILE("way.js", way_js),         PAGE_FILE("journey.js", journey_js),
    PAGE_FILE("parcel.svg", parcel_svg),
};

enum handled page_serve(struct request *request, void *context)
{
    const struct demo *demo = context;
    const struct page page = {
        .files = files,
        .count = COUNT_OF(files),
        .framed_by = "'none'",
        .frames = demo->settings.emulator_url,
    };
    return page_respond(request, &page);
}
