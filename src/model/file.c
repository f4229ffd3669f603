#include "gateway/file.h"

enum media_kind media_kind_of(struct str mime)
{
    if (str_starts(mime, STR("image/")))
        return MEDIA_IMAGE;
    if (str_starts(mime, STR("video/")))
        return MEDIA_VIDEO;
    if (str_starts(mime, STR("audio/")))
        return MEDIA_AUDIO;
    return MEDIA_OTHER;
}
