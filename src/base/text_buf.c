#include "gateway/text.h"

#include <stdarg.h>

#include "gateway/memory.h"

#define BUF_FIRST_BYTES 256

void buf_init(struct buf *buf, size_t ceiling)
{
    *buf = (struct buf){.ceiling = ceiling};
}

void buf_release(struct buf *buf)
{
    mem_free(buf->ptr);
    buf_init(buf, buf->ceiling);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflowed = false;
    if (buf->ptr != NULL)
        buf->ptr[0] = '\0';
}

/* `wanted` bytes of content and their NUL; doubles, so that adding is cheap on average.
 */
static void grow(struct buf *buf, size_t wanted)
{
    size_t capacity = buf->capacity == 0 ? BUF_FIRST_BYTES : buf->capacity;
    while (capacity <= wanted)
        capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
    if (capacity > buf->ceiling && buf->ceiling < SIZE_MAX)
        capacity = buf->ceiling + 1;
    buf->ptr = mem_resize(buf->ptr, capacity);
    buf->capacity = capacity;
}

char *buf_room(struct buf *buf, size_t len)
{
    if (buf->overflowed || len > buf->ceiling - buf->len) {
        buf->overflowed = true;
        return NULL;
    }
    if (buf->len + len >= buf->capacity)
        grow(buf, buf->len + len);
    char *room = buf->ptr + buf->len;
    room[len] = '\0';
    return room;
}

void buf_add_bytes(struct buf *buf, const void *bytes, size_t len)
{
    char *room = buf_room(buf, len);
    if (room == NULL || len == 0)
        return;
    memcpy(room, bytes, len);
    buf->len += len;
}

void buf_add(struct buf *buf, struct str s)
{
    buf_add_bytes(buf, s.ptr, s.len);
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add_bytes(buf, &c, 1);
}

void buf_add_i64(struct buf *buf, int64_t value)
{
    buf_printf(buf, "%lld", (long long)value);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);

    char *room = len < 0 ? NULL : buf_room(buf, (size_t)len);
    if (room == NULL) {
        buf->overflowed = true;
        return;
    }
    va_start(args, format);
    (void)vsnprintf(room, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}

bool buf_ok(const struct buf *buf)
{
    return !buf->overflowed;
}

struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr, buf->len};
}

const char *buf_c_string(struct buf *buf)
{
    if (buf->ptr == NULL)
        return "";
    buf->ptr[buf->len] = '\0'; /* the caller of buf_room may have used less of it */
    return buf->ptr;
}

char *buf_take(struct buf *buf)
{
    if (buf->ptr == NULL)
        return mem_copy_string("");
    (void)buf_c_string(buf);
    char *taken = TAKE(buf->ptr);
    buf_init(buf, buf->ceiling);
    return taken;
}
