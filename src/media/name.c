/*
 * name: what a file is called where it is saved: no path, nothing that a shell or a
 * header would read otherwise, and the ending of its type.
 */
#include "internal.h"

/* Not in names on one system or another, or quoted in headers. */
#define UNWANTED "\"\\/:*?<>|;%"

static struct str last_segment(struct str path)
{
    for (size_t i = path.len; i > 0; i--)
        if (path.ptr[i - 1] == '/' || path.ptr[i - 1] == '\\')
            return str_sub(path, i, path.len);
    return path;
}

static bool is_unwanted(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte < 0x20 || byte == 0x7F || strchr(UNWANTED, c) != NULL;
}

static bool ends_so(struct str name, const char *ending)
{
    size_t len = strlen(ending);
    return name.len > len + 1 && name.ptr[name.len - len - 1] == '.' &&
           str_equal_nocase(str_sub(name, name.len - len, len), str_of(ending));
}

/* As much as fits, between two characters. */
static size_t cut(struct str name, size_t room)
{
    size_t len = 0;
    for (size_t step = 1; step > 0 && len < name.len;) {
        step = grapheme_first(str_sub(name, len, name.len));
        if (step == 0 || len + step > room)
            break;
        len += step;
    }
    return len;
}

void media_name_write(struct str claimed, const struct media_type *type,
                      char out_name[MEDIA_NAME_BYTES])
{
    struct str name = utf8_is_valid(claimed) ? last_segment(claimed) : STR_NONE;
    while (name.len > 0 && (name.ptr[0] == '.' || name.ptr[0] == ' '))
        name = str_sub(name, 1, name.len);
    bool has_ending = ends_so(name, type->ending);
    if (has_ending)
        name.len -= strlen(type->ending) + 1;
    if (name.len == 0)
        name = STR("file");
    size_t len = cut(name, MEDIA_NAME_BYTES - strlen(type->ending) - 2);
    memcpy(out_name, name.ptr, len);
    for (size_t i = 0; i < len; i++)
        if (is_unwanted(out_name[i]))
            out_name[i] = '_';
    (void)snprintf(out_name + len, MEDIA_NAME_BYTES - len, ".%s", type->ending);
}
