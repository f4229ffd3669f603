#include "attachments.h"

#include "emulator.h"
#include "gateway/limits.h"
#include "gateway/memory.h"
#include "print_json.h"

#define PATH_BYTES_MAX ((size_t)4096)
#define TYPE_SHOWN_MAX 40

void fetched_free(void *row)
{
    struct fetched *fetched = row;
    mem_free(fetched->name);
    mem_free(fetched->mime);
    if (fetched->note != NULL)
        fetch_note_free(fetched->note);
    mem_free(fetched);
}

/* Its own name, else the last part of its URL's path. */
static struct str name_of(const struct json *attachment)
{
    struct str name = text_of(attachment, "filename");
    struct str rest = text_of(attachment, "url");
    if (file_name_is_valid(name))
        return name;
    struct str path = str_cut(&rest, '?');
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    name = str_sub(path, at, path.len);
    return file_name_is_valid(name) ? name : STR("file");
}

bool attachment_fetch(struct emulator *emulator, struct message *message,
                      const struct json *attachment)
{
    if (rows_are_full(&emulator->fetched) ||
        !fetcher_fetch(emulator->fetcher, emulator->run, str_of(message->id),
                       text_of(attachment, "url")))
        return false;
    struct fetched *fetched = mem_new(sizeof(*fetched));
    text_replace(&fetched->name, name_of(attachment));
    text_replace(&fetched->mime, text_of(attachment, "mime"));
    (void)rows_add(&emulator->fetched, fetched); /* there is room */
    message->fetched = fetched;
    return true;
}

static struct str type_of(const struct fetched *fetched)
{
    struct str type = str_of(fetched->note->type);
    if (type.len > 0)
        return type;
    type = str_of(fetched->mime);
    return media_type_is_valid(type) ? type : STR("application/octet-stream");
}

static void keep_bytes(struct emulator *emulator, struct fetched *fetched)
{
    struct fetch_note *note = fetched->note;
    const struct file_text text = {
        .origin = FILE_OF_CUSTOMER,
        .name = str_of(fetched->name),
        .type = type_of(fetched),
        .bytes = str_from(note->bytes, note->size),
    };
    const struct kept_file *file = NULL;
    if (note->bytes != NULL)
        file = files_add(&emulator->files, &emulator->world, &text);
    if (file != NULL)
        memcpy(fetched->file_id, file->id, sizeof(fetched->file_id));
    mem_free(TAKE(note->bytes));
}

/* Source: open-messaging.md, section 2.3: what the profile does not let in is dropped.
 */
static void judge_type(const struct emulator *emulator, struct fetched *fetched)
{
    struct fetch_note *note = fetched->note;
    struct str type = type_of(fetched);

    if (note->bytes == NULL ||
        media_types_allow(&emulator->media_types, "inbound", type))
        return;
    mem_free(TAKE(note->bytes));
    struct str rest = type;
    struct str essence = str_trim(str_cut(&rest, ';'));
    (void)snprintf(note->why, sizeof(note->why), "MediaTypeNotAllowed: %.*s",
                   STR_ARG(str_sub(essence, 0, TYPE_SHOWN_MAX)));
}

static void hear_one(struct emulator *emulator, struct fetch_note *note)
{
    const struct message *message = NULL;
    if (note->run == emulator->run)
        message = message_find(&emulator->world, str_of(note->message_id));
    if (message == NULL || message->fetched == NULL) {
        fetch_note_free(note);
        return;
    }
    message->fetched->note = note;
    judge_type(emulator, message->fetched);
    keep_bytes(emulator, message->fetched);
}

void attachments_hear(struct emulator *emulator)
{
    struct queue_node *node = fetcher_take(emulator->fetcher);
    while (node != NULL) {
        struct queue_node *next = node->next;
        hear_one(emulator, CONTAINER_OF(node, struct fetch_note, node));
        node = next;
    }
}

/* --- what is shown -------------------------------------------------------- */

static void print_kept(struct buf *out, const struct fetched *fetched)
{
    CLEANUP(buf_release) struct buf path;
    buf_init(&path, PATH_BYTES_MAX);
    print_control_path(&path, fetched->file_id, fetched->name);
    print_text(out, "file", fetched->file_id);
    print_str(out, "path", buf_str(&path));
}

static void print_fetched(struct buf *out, const struct fetched *fetched)
{
    const struct fetch_note *note = fetched->note;
    print_object(out, "fetched");
    print_i64(out, "status", note->status);
    print_i64(out, "redirects", note->redirects);
    print_i64(out, "tookMs", note->took_ms);
    if (note->type[0] != '\0')
        print_text(out, "type", note->type);
    if (note->why[0] != '\0') {
        print_text(out, "why", note->why);
    } else {
        print_i64(out, "bytes", (int64_t)note->size);
        print_text(out, "sha256", note->sha256);
    }
    if (fetched->file_id[0] != '\0')
        print_kept(out, fetched);
    print_end_object(out);
}

/* An object's members but one. */
static void print_members_but(struct buf *out, const struct json *object,
                              const char *name)
{
    for (const struct json *member = json_first(object); member != NULL;
         member = json_next(member)) {
        if (!str_is(json_name(member), name))
            print_member(out, member);
    }
}

static void print_content(struct buf *out, const struct json *content,
                          const struct fetched *fetched)
{
    print_array(out, "content");
    for (const struct json *item = json_first(content); item; item = json_next(item)) {
        print_object(out, NULL);
        print_members_but(out, item, "attachment");
        print_object(out, "attachment");
        print_members_but(out, json_get(item, "attachment"), "fetched");
        print_fetched(out, fetched);
        print_end_object(out);
        print_end_object(out);
    }
    print_end_array(out);
}

void print_body_open(struct buf *out, const char *name, const struct message *message)
{
    struct str json = str_from(message->json, message->json_len);
    if (message->fetched == NULL || message->fetched->note == NULL) {
        print_raw_open(out, name, json);
        return;
    }
    CLEANUP(json_freep) struct json *body = NULL;
    struct error err;
    if (json_parse(json, LIMIT_JSON_DEPTH, &body, &err) != STATUS_OK)
        out->overflowed = true; /* no memory: the answer is given up */
    print_object(out, name);
    print_members_but(out, body, "content");
    print_content(out, json_get(body, "content"), message->fetched);
}
