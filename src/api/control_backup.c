/*
 * control: a backup asked for, looked after and cancelled. None of it waits: the asker
 * comes again to look.
 */
#include "control.h"

#include "gateway/relay.h"

struct asked {
    struct str database;
    struct str file;
    bool may_replace;
};

static enum status read_asked(struct request *request, struct json **out_body,
                              struct asked *out, struct error *err)
{
    static const struct json_field fields[] = {
        {"database", JSON_STRING, JSON_OPTIONAL, JSON_ANY,
         offsetof(struct asked,                                                   database)   },
        {"file",     JSON_STRING, JSON_OPTIONAL, JSON_ANY, offsetof(struct asked, file)       },
        {"replace",  JSON_BOOL,   JSON_OPTIONAL, JSON_ANY,
         offsetof(struct asked,                                                   may_replace)},
    };
    enum status status =
        json_parse(request_body(request), JSON_DEPTH_DEFAULT, out_body, err);
    if (status == STATUS_OK)
        status = json_read(*out_body, fields, COUNT_OF(fields), "", out, err);
    return status;
}

/* From another working directory a name would mean another place. */
static enum status check_file(struct str file, struct error *err)
{
    if (!str_starts(file, STR("/")))
        return fail_at(err, STATUS_INVALID, "/file", "must be a path from the root on");
    if (str_find_byte(file, '\0') >= 0)
        return fail_at(err, STATUS_INVALID, "/file", "must not hold a NUL");
    return STATUS_OK;
}

static void respond(struct request *request, const struct backup_view *view)
{
    CLEANUP(json_freep) struct json *answer = json_new_object();
    json_add_str(answer, "state", str_of(backup_state_name(view->state)));
    json_add_str(answer, "file", view->file);
    json_add_i64(answer, "done_bytes", view->figures.done_bytes);
    json_add_i64(answer, "all_bytes", view->figures.all_bytes);
    json_add_i64(answer, "took_ms", view->took_ms);
    control_respond(request, answer);
}

static void respond_latest(struct request *request, const struct control *control)
{
    struct backup_view view;
    backup_look(control->backup, request_arena(request), &view);
    if (view.state == BACKUP_FAILED)
        request_respond_problem(request, view.status, &view.err);
    else
        respond(request, &view);
}

static enum status start(struct control *control, struct request *request,
                         struct str *out_file, struct error *err)
{
    CLEANUP(json_freep) struct json *body = NULL;
    const struct config *config = control_config(control);
    struct asked asked = {.may_replace = false};
    enum status status = read_asked(request, &body, &asked, err);
    if (status == STATUS_OK)
        status = control_check_database(config, asked.database, err);
    if (status == STATUS_OK)
        status = check_file(asked.file, err);
    if (status != STATUS_OK)
        return status;
    const struct backup_options options = {
        .file = arena_c_string(request_arena(request), asked.file),
        .may_replace = asked.may_replace,
        .reserve_bytes = relay_disk_reserve(config),
    };
    *out_file = str_of(options.file);
    return backup_start(control->backup, &options, control_actor(request), err);
}

enum handled control_backup(struct request *request, void *context)
{
    /* Whatever has become of it meanwhile: it was begun. */
    struct backup_view begun = {.state = BACKUP_COPYING};
    struct error err;
    enum status status = start(context, request, &begun.file, &err);
    if (status == STATUS_OK)
        respond(request, &begun);
    else
        request_respond_problem(request, status, &err);
    return HANDLED_ANSWERED;
}

enum handled control_backup_look(struct request *request, void *context)
{
    respond_latest(request, context);
    return HANDLED_ANSWERED;
}

enum handled control_backup_cancel(struct request *request, void *context)
{
    const struct control *control = context;
    backup_cancel(control->backup);
    respond_latest(request, context);
    return HANDLED_ANSWERED;
}
