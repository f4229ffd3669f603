#include "call.h"

#include <stdarg.h>

#include "gateway/limits.h"

const struct json *call_body(struct call *call, const struct shape *shape)
{
    /* At the control door a bare `curl -d` will do. */
    struct str type = request_header(call->request, "Content-Type");
    struct str media_type = str_trim(str_cut(&type, ';'));
    if (call->operation->door == DOOR_API &&
        !str_equal_nocase(media_type, STR("application/json"))) {
        call_refuse(call, 415, "unsupported.media.type",
                    "The content type must be application/json");
        return NULL;
    }

    struct error err;
    if (call->body == NULL && json_parse(request_body(call->request), LIMIT_JSON_DEPTH,
                                         &call->body, &err) != STATUS_OK) {
        call_refuse(call, 400, "bad.request", "The request could not be understood: %s",
                    err.text);
        return NULL;
    }
    struct misfit misfit;
    if (!shape_fits(call->body, shape, &misfit)) {
        call_refuse_field(call, &misfit);
        return NULL;
    }
    return call->body;
}

struct integration *call_integration(struct call *call)
{
    struct str id = request_argument(call->request, "integrationId");
    struct integration *found = integration_find(call->world, id);
    if (found == NULL)
        call_refuse_missing(call, "integration", id);
    return found;
}

bool call_query_number(struct call *call, const char *name, int64_t min, int64_t max,
                       int64_t absent, int64_t *out_value)
{
    struct str text = request_query(call->request, name);
    int64_t value = absent;
    if (text.len > 0 && (!str_to_i64(text, &value) || value < min || value > max)) {
        call_refuse(call, 400, "invalid.value",
                    "Query parameter [%s] must be a number from %lld to %lld", name,
                    (long long)min, (long long)max);
        return false;
    }
    *out_value = value;
    return true;
}

bool call_query_bool(struct call *call, const char *name, bool *out_value)
{
    struct str text = request_query(call->request, name);
    if (text.len > 0 && !str_is(text, "true") && !str_is(text, "false")) {
        call_refuse(call, 400, "invalid.value",
                    "Query parameter [%s] must be true or false", name);
        return false;
    }
    *out_value = str_is(text, "true");
    return true;
}

void call_answer(struct call *call, int status)
{
    call->answer.status = status;
}

void call_answer_file(struct call *call, const struct kept_file *file)
{
    call->answer.status = 200;
    memcpy(call->answer.file_id, file->id, UUID_BYTES);
}

/* --- refusals ------------------------------------------------------------- */

struct refusal {
    int status;
    const char *code;
    const char *text;
    const char *field;  /* or NULL */
    const char *entity; /* or NULL */
    struct str entity_id;
};

static void print_details(struct buf *out, const struct refusal *refusal)
{
    print_array(out, "details");
    if (refusal->field != NULL) {
        print_object(out, NULL);
        print_text(out, "errorCode", refusal->code);
        print_text(out, "fieldName", refusal->field);
        print_end_object(out);
    }
    print_end_array(out);
}

static void refuse(struct call *call, const struct refusal *refusal)
{
    struct buf *out = call->out;
    buf_clear(out);
    print_object(out, NULL);
    print_text(out, "message", refusal->text);
    print_text(out, "code", refusal->code);
    print_i64(out, "status", refusal->status);
    if (refusal->entity != NULL) {
        print_text(out, "entityName", refusal->entity);
        print_str(out, "entityId", refusal->entity_id);
    }
    print_text(out, "messageWithParams", refusal->text);
    print_object(out, "messageParams");
    print_end_object(out);
    print_text(out, "contextId", call->answer.context_id);
    print_details(out, refusal);
    print_array(out, "errors");
    print_end_array(out);
    print_end_object(out);
    call->answer.status = refusal->status;
}

/* Source: open-messaging.md, section 1.2: login errors have their own shape. */
static void refuse_login(struct call *call, const struct refusal *refusal)
{
    struct buf *out = call->out;
    buf_clear(out);
    print_object(out, NULL);
    print_text(out, "error", refusal->code);
    print_text(out, "description", refusal->text);
    print_text(out, "error_description", refusal->text);
    print_end_object(out);
    call->answer.status = refusal->status;
}

void call_refuse(struct call *call, int status, const char *code, const char *format,
                 ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    struct refusal refusal = {.status = status, .code = code, .text = text};
    if (call->operation->door == DOOR_LOGIN)
        refuse_login(call, &refusal);
    else
        refuse(call, &refusal);
}

void call_refuse_field(struct call *call, const struct misfit *misfit)
{
    refuse(call, &(struct refusal){.status = 400,
                                   .code = misfit->code,
                                   .text = misfit->text,
                                   .field = misfit->field});
}

void call_refuse_missing(struct call *call, const char *what, struct str id)
{
    if (!utf8_is_valid(id)) /* a path can hold any bytes, an answer cannot */
        id = STR_NONE;
    char text[600];
    (void)snprintf(text, sizeof(text), "Unable to find %s with id [%.*s]", what,
                   STR_ARG(str_sub(id, 0, utf8_prefix(id, 100))));
    refuse(call, &(struct refusal){.status = 404,
                                   .code = "not.found",
                                   .text = text,
                                   .entity = what,
                                   .entity_id = id});
}

void call_refuse_full(struct call *call)
{
    call_refuse(
        call, 507, "emulator.full",
        "The emulator keeps no more rows of this kind: see --max-rows, or reset");
}

void call_refuse_status(struct call *call, int status)
{
    static const struct {
        int status;
        const char *code;
        const char *login_code;
    } usual[] = {
        {400, "bad.request",                   "invalid_request"        },
        {401, "bad.credentials",               "invalid_client"         },
        {403, "missing.permissions",           "unauthorized_client"    },
        {404, "not.found",                     "not_found"              },
        {408, "request.timeout",               "request_timeout"        },
        {409, "conflict",                      "conflict"               },
        {413, "request.entity.too.large",      "too_large"              },
        {415, "unsupported.media.type",        "unsupported"            },
        {429, "too.many.requests.retry.after", "too_many_requests"      },
        {500, "internal.server.error",         "server_error"           },
        {502, "bad.gateway",                   "bad_gateway"            },
        {503, "service.unavailable",           "temporarily_unavailable"},
        {504, "request.timeout",               "request_timeout"        },
    };
    const char *code = "emulator.fault";
    for (size_t i = 0; i < COUNT_OF(usual); i++) {
        if (usual[i].status == status)
            code = call->operation->door == DOOR_LOGIN ? usual[i].login_code
                                                       : usual[i].code;
    }
    call_refuse(call, status, code, "Ordered through /_emulator/faults");
}
