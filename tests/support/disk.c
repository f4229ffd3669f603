#include "support/disk.h"

#include <assert.h>
#include <string.h>

#include "support/disk_content.h"

#include "gateway/memory.h"

struct file {
    char *name;
    bool is_named;        /* in the directory as it is read */
    bool is_named_synced; /* as the platter has it */
    struct disk_content current;
    struct disk_content synced;
    struct disk_event **pending; /* what a crash may undo, oldest first */
    size_t pending_count;
    size_t pending_capacity;
};

struct disk {
    struct file **files; /* by number */
    size_t file_count;
    size_t file_capacity;
    struct disk_event **names; /* pending CREATE and DELETE, oldest first */
    size_t name_count;
    size_t name_capacity;
};

/* --- events ---------------------------------------------------------------- */

struct disk_event *disk_event_new(enum disk_op op, unsigned file, size_t offset,
                                  const void *bytes, size_t len)
{
    struct disk_event *event = mem_new(sizeof(*event) + len);
    event->holders = 1;
    event->op = op;
    event->file = file;
    event->offset = offset;
    event->len = len;
    if (len > 0)
        memcpy(event->bytes, bytes, len);
    return event;
}

/* For one more holder. */
static struct disk_event *hold(struct disk_event *event)
{
    event->holders++;
    return event;
}

void disk_event_drop(struct disk_event *event)
{
    if (event != NULL && --event->holders == 0)
        mem_free(event);
}

static void list_add(struct disk_event ***list, size_t *count, size_t *capacity,
                     struct disk_event *event)
{
    if (*count == *capacity) {
        *capacity = *capacity == 0 ? 16 : 2 * *capacity;
        *list = mem_resize(*list, *capacity * sizeof(void *));
    }
    (*list)[(*count)++] = hold(event);
}

static void list_clear(struct disk_event **list, size_t *count)
{
    while (*count > 0)
        disk_event_drop(list[--*count]);
}

static void content_apply(struct disk_content *content, const struct disk_event *event)
{
    if (event->op == DISK_WRITE)
        content_write(content, event->offset, event->bytes, event->len);
    else
        content_resize(content, event->offset);
}

/* --- the disk -------------------------------------------------------------- */

struct disk *disk_new(void)
{
    return mem_new(sizeof(struct disk));
}

static void file_free(struct file *file)
{
    list_clear(file->pending, &file->pending_count);
    mem_free(file->pending);
    content_release(&file->current);
    content_release(&file->synced);
    mem_free(file->name);
    mem_free(file);
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    for (size_t i = 0; i < disk->file_count; i++)
        file_free(disk->files[i]);
    list_clear(disk->names, &disk->name_count);
    mem_free(disk->names);
    mem_free(disk->files);
    mem_free(disk);
}

static struct file *add_file(struct disk *disk, const char *name)
{
    if (disk->file_count == disk->file_capacity) {
        disk->file_capacity = disk->file_capacity == 0 ? 8 : 2 * disk->file_capacity;
        disk->files = mem_resize(disk->files, disk->file_capacity * sizeof(void *));
    }
    struct file *file = mem_new(sizeof(*file));
    file->name = mem_copy_string(name);
    disk->files[disk->file_count++] = file;
    return file;
}

struct disk *disk_copy(const struct disk *disk)
{
    struct disk *copy = disk_new();
    for (size_t i = 0; i < disk->file_count; i++) {
        const struct file *from = disk->files[i];
        struct file *to = add_file(copy, from->name);
        to->is_named = from->is_named;
        to->is_named_synced = from->is_named_synced;
        content_copy(&to->current, &from->current);
        content_copy(&to->synced, &from->synced);
        for (size_t n = 0; n < from->pending_count; n++)
            list_add(&to->pending, &to->pending_count, &to->pending_capacity,
                     from->pending[n]);
    }
    for (size_t n = 0; n < disk->name_count; n++)
        list_add(&copy->names, &copy->name_count, &copy->name_capacity, disk->names[n]);
    return copy;
}

/* A file without a name anywhere is open at most, and never seen after a crash. */
static void drop_content(struct file *file)
{
    if (file->is_named || file->is_named_synced)
        return;
    list_clear(file->pending, &file->pending_count);
    content_resize(&file->synced, 0);
}

static void sync_directory(struct disk *disk)
{
    list_clear(disk->names, &disk->name_count);
    for (size_t i = 0; i < disk->file_count; i++) {
        struct file *file = disk->files[i];
        file->is_named_synced = file->is_named;
        drop_content(file);
    }
}

static void apply_name(struct disk *disk, struct disk_event *event)
{
    if (event->op == DISK_CREATE) {
        assert(event->file == disk->file_count);
        add_file(disk, (const char *)event->bytes)->is_named = true;
    } else {
        disk->files[event->file]->is_named = false;
    }
    list_add(&disk->names, &disk->name_count, &disk->name_capacity, event);
}

static void sync_file(struct file *file)
{
    for (size_t n = 0; n < file->pending_count; n++)
        content_apply(&file->synced, file->pending[n]);
    list_clear(file->pending, &file->pending_count);
}

void disk_apply(struct disk *disk, struct disk_event *event)
{
    struct file *file =
        event->file < disk->file_count ? disk->files[event->file] : NULL;
    switch (event->op) {
    case DISK_CREATE:
    case DISK_DELETE:
        apply_name(disk, event);
        return;
    case DISK_WRITE:
    case DISK_TRUNCATE:
        assert(file != NULL);
        content_apply(&file->current, event);
        list_add(&file->pending, &file->pending_count, &file->pending_capacity, event);
        return;
    case DISK_SYNC:
        assert(file != NULL);
        sync_file(file);
        return;
    case DISK_SYNC_FAILED:
        assert(file != NULL);
        list_clear(file->pending, &file->pending_count);
        return;
    case DISK_SYNC_DIRECTORY:
        sync_directory(disk);
        return;
    }
}

void disk_change(struct disk *disk, enum disk_op op, unsigned file, size_t offset,
                 const void *bytes, size_t len)
{
    struct disk_event *event = disk_event_new(op, file, offset, bytes, len);
    disk_apply(disk, event);
    disk_event_drop(event);
}

const char *disk_name(const struct disk *disk, unsigned file)
{
    return disk->files[file]->is_named ? disk->files[file]->name : NULL;
}

unsigned disk_next_file(const struct disk *disk)
{
    return (unsigned)disk->file_count;
}

/* A name that was made again is the later file's. */
static int find(const struct disk *disk, const char *name, bool is_synced)
{
    for (size_t i = disk->file_count; i-- > 0;) {
        const struct file *file = disk->files[i];
        bool is_named = is_synced ? file->is_named_synced : file->is_named;
        if (is_named && strcmp(file->name, name) == 0)
            return (int)i;
    }
    return -1;
}

int disk_find(const struct disk *disk, const char *name)
{
    return find(disk, name, false);
}

size_t disk_size(const struct disk *disk, unsigned file)
{
    return disk->files[file]->current.len;
}

size_t disk_used(const struct disk *disk)
{
    size_t bytes = 0;
    for (size_t i = 0; i < disk->file_count; i++)
        if (disk->files[i]->is_named)
            bytes += disk->files[i]->current.len;
    return bytes;
}

size_t disk_read(const struct disk *disk, unsigned file, size_t offset, void *out,
                 size_t len)
{
    return content_read(&disk->files[file]->current, offset, out, len);
}

uint64_t disk_sum(const struct disk *disk, unsigned file)
{
    return content_sum(&disk->files[file]->current);
}

uint64_t disk_sum_all(const struct disk *disk)
{
    uint64_t sum = 1;
    for (size_t i = 0; i < disk->file_count; i++) {
        const struct file *file = disk->files[i];
        if (!file->is_named)
            continue;
        for (const char *at = file->name; *at != '\0'; at++)
            sum = (sum ^ (uint64_t)*at) * UINT64_C(0x100000001B3);
        sum = (sum ^ content_sum(&file->current)) * UINT64_C(0x9E3779B97F4A7C15);
    }
    return sum;
}

void disk_forget(struct disk *disk)
{
    for (size_t i = 0; i < disk->file_count; i++)
        list_clear(disk->files[i]->pending, &disk->files[i]->pending_count);
    list_clear(disk->names, &disk->name_count);
}

bool disk_has_unsynced(const struct disk *disk)
{
    for (size_t i = 0; i < disk->file_count; i++)
        if (disk->files[i]->pending_count > 0)
            return true;
    return disk->name_count > 0;
}

/* --- the crash ------------------------------------------------------------- */

/* Decides the fate of one pending event after the other. */
struct judge {
    enum disk_fate fate;
    struct random *random;
    unsigned keep_of_16; /* how many of 16 survive, where chance decides */
    size_t turn;         /* where OLDEST and NEWEST change their mind; it is torn */
};

static bool by_chance(struct judge *judge)
{
    return random_below(judge->random, 16) < judge->keep_of_16;
}

enum survival { SURVIVES, IS_LOST, IS_TORN };

static enum survival survival_of(struct judge *judge, size_t index)
{
    switch (judge->fate) {
    case DISK_LOSES_NONE:
        return SURVIVES;
    case DISK_LOSES_WRITES:
        return by_chance(judge) ? SURVIVES : IS_LOST;
    case DISK_LOSES_SECTORS:
        return IS_TORN;
    case DISK_KEEPS_NEWEST:
        if (index == judge->turn)
            return IS_TORN;
        return index > judge->turn ? SURVIVES : IS_LOST;
    case DISK_KEEPS_OLDEST:
        if (index == judge->turn)
            return IS_TORN;
        return index < judge->turn ? SURVIVES : IS_LOST;
    case DISK_LOSES_ALL:
    case DISK_FATES:
        break;
    }
    return IS_LOST;
}

static void leave_garbage(struct judge *judge, struct disk_content *content,
                          size_t begin, size_t end)
{
    while (begin < end) {
        uint64_t bytes = random_u64(judge->random);
        size_t len = end - begin < sizeof(bytes) ? end - begin : sizeof(bytes);
        content_write(content, begin, &bytes, len);
        begin += len;
    }
}

/* The length of a file may arrive where its bytes did not. */
static void leave_hole(struct judge *judge, struct disk_content *content, size_t end)
{
    size_t begin = content->len;
    if (end <= begin)
        return;
    switch (random_below(judge->random, 3)) {
    case 0:
        return;
    case 1:
        content_resize(content, end);
        return;
    default:
        leave_garbage(judge, content, begin, end);
    }
}

static void tear(struct judge *judge, struct disk_content *content,
                 const struct disk_event *event)
{
    size_t begin = event->offset;
    size_t end = event->offset + event->len;
    while (begin < end) {
        size_t next = (begin / DISK_SECTOR_BYTES + 1) * DISK_SECTOR_BYTES;
        if (next > end)
            next = end;
        if (by_chance(judge))
            content_write(content, begin, event->bytes + (begin - event->offset),
                          next - begin);
        begin = next;
    }
}

static void suffer(struct judge *judge, const struct file *file,
                   struct disk_content *out)
{
    content_copy(out, &file->synced);
    judge->turn = (size_t)random_below(judge->random, file->pending_count + 1);
    for (size_t n = 0; n < file->pending_count; n++) {
        const struct disk_event *event = file->pending[n];
        enum survival survival = survival_of(judge, n);
        if (survival == IS_TORN && event->op == DISK_TRUNCATE)
            survival = by_chance(judge) ? SURVIVES : IS_LOST;
        if (survival == SURVIVES)
            content_apply(out, event);
        else if (survival == IS_TORN)
            tear(judge, out, event);
        if (survival != SURVIVES && event->op == DISK_WRITE &&
            judge->fate != DISK_LOSES_ALL)
            leave_hole(judge, out, event->offset + event->len);
    }
}

/* Which file has each name: those of the platter, changed by what survives. */
static void suffer_names(struct judge *judge, const struct disk *disk, bool *is_named)
{
    for (size_t i = 0; i < disk->file_count; i++)
        is_named[i] = disk->files[i]->is_named_synced;
    judge->turn = (size_t)random_below(judge->random, disk->name_count + 1);
    for (size_t n = 0; n < disk->name_count; n++) {
        const struct disk_event *event = disk->names[n];
        enum survival survival = survival_of(judge, n);
        if (survival == IS_TORN)
            survival = by_chance(judge) ? SURVIVES : IS_LOST;
        if (survival == IS_LOST)
            continue;
        for (size_t i = 0; i < disk->file_count; i++)
            if (strcmp(disk->files[i]->name, disk->files[event->file]->name) == 0)
                is_named[i] = false;
        is_named[event->file] = event->op == DISK_CREATE;
    }
}

struct disk *disk_after_crash(const struct disk *disk, enum disk_fate fate,
                              struct random *random)
{
    struct disk *found = disk_new();
    struct judge judge = {
        .fate = fate,
        .random = random,
        .keep_of_16 = 1 + (unsigned)random_below(random, 15),
    };
    CLEANUP(mem_freep) bool *is_named = mem_new_array(disk->file_count, sizeof(bool));
    suffer_names(&judge, disk, is_named);
    for (size_t i = 0; i < disk->file_count; i++) {
        if (!is_named[i])
            continue;
        struct file *file = add_file(found, disk->files[i]->name);
        file->is_named = true;
        file->is_named_synced = true;
        suffer(&judge, disk->files[i], &file->current);
        content_copy(&file->synced, &file->current);
    }
    return found;
}
