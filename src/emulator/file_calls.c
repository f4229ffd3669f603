/* Files: what the agent will attach comes in, and what a message points to goes out. */
#include "files.h"
#include "operations.h"

#define URL_BYTES_MAX ((size_t)4096)

static void print_file(struct call *call, const struct kept_file *file)
{
    static const char *const origins[] = {"agent", "customer"};
    CLEANUP(buf_release) struct buf url;
    buf_init(&url, URL_BYTES_MAX);
    buf_add(&url, str_of(emulator_public_url(call->emulator)));
    print_download_path(&url, file);

    print_object(call->out, NULL);
    print_text(call->out, "id", file->id);
    print_text(call->out, "from", origins[file->origin]);
    print_text(call->out, "name", file->name);
    print_text(call->out, "type", file->type);
    print_i64(call->out, "bytes", file->size);
    print_text(call->out, "sha256", file->sha256);
    print_str(call->out, "url", buf_str(&url));
    print_time(call->out, "at", file->at_ms);
    print_i64(call->out, "downloads", file->downloads);
    print_end_object(call->out);
}

static bool file_fits(struct call *call, const struct file_text *text)
{
    const char *wrong = NULL;
    if (!file_name_is_valid(text->name))
        wrong = "name must be a file's name of up to 255 bytes, without a path";
    else if (!media_type_is_valid(text->type))
        wrong = "type must be a media type such as image/png";
    else if (text->bytes.len == 0)
        wrong = "the body must be the file's bytes: there are none";
    if (wrong != NULL)
        call_refuse(call, 400, "bad.request", "%s", wrong);
    return wrong == NULL;
}

void control_add_file(struct call *call)
{
    struct str type = request_query(call->request, "type");
    struct file_text text = {
        .origin = FILE_OF_AGENT,
        .name = request_query(call->request, "name"),
        .type = type.len > 0 ? type : STR("application/octet-stream"),
        .bytes = request_body(call->request),
    };
    if (!file_fits(call, &text))
        return;
    const struct kept_file *file = NULL;
    file = files_add(&call->emulator->files, call->world, &text);
    if (file == NULL) {
        call_refuse(call, 507, "emulator.full",
                    "The emulator keeps no more than %d files: reset", FILES_MAX);
        return;
    }
    print_file(call, file);
    call_answer(call, 200);
}

void list_files(struct call *call)
{
    const struct rows *rows = &call->emulator->files.rows;
    print_array(call->out, NULL);
    for (size_t i = 0; i < rows->count; i++)
        print_file(call, rows->items[i]);
    print_end_array(call->out);
    call_answer(call, 200);
}

/* The file that the path names whole; NULL after a refusal. */
static struct kept_file *named_file(struct call *call)
{
    struct str id = request_argument(call->request, "fileId");
    struct kept_file *file = files_find(&call->emulator->files, id);
    if (file != NULL && str_is(request_argument(call->request, "name"), file->name))
        return file;
    call_refuse_missing(call, "file", id);
    return NULL;
}

void get_file(struct call *call)
{
    const struct kept_file *file = named_file(call);
    if (file != NULL)
        call_answer_file(call, file);
}

/* Source: open-messaging.md, section 4.4: the URL asks for no token. */
void get_download(struct call *call)
{
    struct kept_file *file = named_file(call);
    if (file == NULL)
        return;
    if (str_is(request_method(call->request), "GET"))
        file->downloads++;
    call_answer_file(call, file);
}
