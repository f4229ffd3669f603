#include "beside.h"

struct str path_beside(const char *file, struct str path, struct buf *room)
{
    const struct str scheme = STR("sqlite:");
    struct str folder = str_of(file);
    bool has_scheme = str_starts(path, scheme);
    struct str rest = has_scheme ? str_sub(path, scheme.len, path.len) : path;
    while (folder.len > 0 && folder.ptr[folder.len - 1] != '/')
        folder.len--;
    if (rest.len == 0 || rest.ptr[0] == '/' || folder.len == 0 ||
        (!has_scheme && str_find_byte(rest, ':') >= 0)) /* what is no path is refused */
        return path;
    buf_add(room, has_scheme ? scheme : STR_NONE);
    buf_add(room, folder);
    buf_add(room, rest);
    return buf_str(room);
}
