#include "files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gateway/form.h"
#include "gateway/memory.h"
#include "print_json.h"

#define NAME_BYTES_MAX 255
#define URL_BYTES_MAX ((size_t)4096)

static void file_free(void *row)
{
    struct kept_file *file = row;
    mem_free(file->name);
    mem_free(file->type);
    (void)close(file->descriptor);
    mem_free(file);
}

void files_init(struct files *files)
{
    *files = (struct files){0};
    rows_init(&files->rows, (size_t)2 * FILES_MAX, file_free);
}

void files_clear(struct files *files)
{
    lookup_clear(&files->by_id);
    rows_clear(&files->rows);
    memset(files->counts, 0, sizeof(files->counts));
}

bool files_have_room(const struct files *files, enum file_origin origin)
{
    return files->counts[origin] < FILES_MAX;
}

static bool write_all(int descriptor, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t len = write(descriptor, bytes.ptr, bytes.len);
        if (len <= 0)
            return false;
        bytes = str_sub(bytes, (size_t)len, bytes.len);
    }
    return true;
}

/* A descriptor, so that the listener can answer with ranges of it; -1: none. */
static int descriptor_of(struct str bytes)
{
    int descriptor = memfd_create("file", MFD_CLOEXEC);
    if (descriptor >= 0 && !write_all(descriptor, bytes)) {
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

int file_open(const struct kept_file *file)
{
    return fcntl(file->descriptor, F_DUPFD_CLOEXEC, 0);
}

struct kept_file *files_add(struct files *files, struct world *world,
                            const struct file_text *text)
{
    uint8_t sum[SHA256_BYTES];
    struct error err;
    if (!files_have_room(files, text->origin) ||
        sha256(text->bytes, sum, &err) != STATUS_OK)
        return NULL;
    int descriptor = descriptor_of(text->bytes);
    if (descriptor < 0)
        return NULL;

    struct kept_file *file = mem_new(sizeof(*file));
    make_uuid(&world->random, file->id);
    file->origin = text->origin;
    text_replace(&file->name, text->name);
    text_replace(&file->type, text->type);
    file->descriptor = descriptor;
    file->size = (int64_t)text->bytes.len; /* at most 25 MB */
    hex_encode(sum, sizeof(sum), file->sha256);
    file->at_ms = world_now_ms(world);
    lookup_add(&files->by_id, &file->by_id, str_of(file->id));
    files->counts[text->origin]++;
    (void)rows_add(&files->rows, file); /* its ceiling is that of both counts */
    return file;
}

struct kept_file *files_find(const struct files *files, struct str id)
{
    struct lookup_entry *found = lookup_find(&files->by_id, id);
    return found == NULL ? NULL : CONTAINER_OF(found, struct kept_file, by_id);
}

/* --- names and kinds ------------------------------------------------------ */

bool file_name_is_valid(struct str name)
{
    return name.len <= NAME_BYTES_MAX && id_is_valid(name) &&
           str_find_byte(name, '/') < 0 && str_find_byte(name, '\\') < 0 &&
           !str_is(name, ".") && !str_is(name, "..");
}

const char *attachment_kind(struct str type)
{
    static const char *const kinds[][2] = {
        {"image", "Image"},
        {"video", "Video"},
        {"audio", "Audio"},
    };
    struct str kind = str_cut(&type, '/');
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (str_equal_nocase(kind, str_of(kinds[i][0])))
            return kinds[i][1];
    }
    return "File";
}

/* --- where it is, and what it is ------------------------------------------ */

void print_download_path(struct buf *out, const struct kept_file *file)
{
    buf_printf(out, "/api/v2/downloads/%s/", file->id);
    percent_encode(out, str_of(file->name));
}

void print_control_path(struct buf *out, const char *id, const char *name)
{
    buf_printf(out, "/_emulator/files/%s/", id);
    percent_encode(out, str_of(name));
}

void print_attachment(struct buf *out, const struct kept_file *file, const char *base)
{
    CLEANUP(buf_release) struct buf url;
    buf_init(&url, URL_BYTES_MAX);
    buf_add(&url, str_of(base));
    print_download_path(&url, file);

    print_object(out, NULL);
    print_text(out, "id", file->id);
    print_text(out, "mediaType", attachment_kind(str_of(file->type)));
    print_text(out, "mime", file->type);
    print_text(out, "filename", file->name);
    print_i64(out, "contentSizeBytes", file->size);
    print_str(out, "url", buf_str(&url));
    print_end_object(out);
}
