/*
 * health: liveness, readiness, metrics, the contract. Liveness asks nobody, so that a
 * slow database does not restart the process; readiness asks no peer, so that their
 * trouble is not ours. Both want no token: an orchestrator has none, and they tell
 * nothing.
 */
#include "gateway/api.h"
#include "gateway/metrics.h"

#include <stdatomic.h>

/* A page of metrics: some hundred series of a hundred bytes for each of many bridges.
 */
#define METRICS_PAGE_BYTES (8u * 1024 * 1024)

static const char text_plain[] = "text/plain; charset=utf-8";

static enum handled livez(struct request *request, void *context)
{
    (void)context;
    request_respond(request, 200, text_plain, STR("ok\n"), NULL, 0);
    return HANDLED_ANSWERED;
}

static enum handled readyz(struct request *request, void *context)
{
    const struct admin *admin = context;
    struct error err;

    if (atomic_load(&admin->is_draining)) {
        (void)fail(&err, STATUS_RETRY, "the gateway is stopping");
    } else if (!writer_is_healthy(admin->writer)) {
        (void)fail(&err, STATUS_RETRY, "the database does not take writes");
    } else {
        request_respond(request, 200, text_plain, STR("ok\n"), NULL, 0);
        return HANDLED_ANSWERED;
    }
    request_respond_problem(request, STATUS_RETRY, &err);
    return HANDLED_ANSWERED;
}

static enum handled metrics(struct request *request, void *context)
{
    const struct admin *admin = context;
    CLEANUP(buf_release) struct buf page;
    buf_init(&page, METRICS_PAGE_BYTES);
    if (!admin_auth_allows(admin->auth, request, ADMIN_VIEWER))
        return HANDLED_ANSWERED;
    gauges_refresh(admin->gauges, clock_now());
    metrics_print(&page);
    if (!buf_ok(&page)) {
        struct error err;
        enum status status = fail(&err, STATUS_FAILED, "the page has no room");
        request_respond_problem(request, status, &err);
        return HANDLED_ANSWERED;
    }
    request_respond(request, 200, "text/plain; version=0.0.4; charset=utf-8",
                    buf_str(&page), NULL, 0);
    return HANDLED_ANSWERED;
}

/* docs/openapi.json, by CMake. */
extern const unsigned char embedded_openapi_json[];
extern const size_t embedded_openapi_json_size;

static enum handled openapi(struct request *request, void *context)
{
    const struct admin *admin = context;
    if (!admin_auth_allows(admin->auth, request, ADMIN_VIEWER))
        return HANDLED_ANSWERED;
    request_respond(request, 200, "application/json",
                    str_from(embedded_openapi_json, embedded_openapi_json_size), NULL,
                    0);
    return HANDLED_ANSWERED;
}

static const struct route routes[] = {
    {"GET", "/livez",        NULL, livez,   NULL},
    {"GET", "/readyz",       NULL, readyz,  NULL},
    {"GET", "/metrics",      NULL, metrics, NULL},
    {"GET", "/openapi.json", NULL, openapi, NULL},
};

const struct route *admin_routes(size_t *out_count)
{
    *out_count = COUNT_OF(routes);
    return routes;
}
