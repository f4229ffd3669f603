#include "gateway/user.h"

#include <pwd.h>

#define ENTRY_BYTES 4096

void user_describe(uint32_t uid, char out[USER_TEXT_BYTES])
{
    char room[ENTRY_BYTES];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(uid, &entry, room, sizeof(room), &found) == 0 && found != NULL)
        (void)snprintf(out, USER_TEXT_BYTES, "%.64s (%u)", entry.pw_name, uid);
    else
        (void)snprintf(out, USER_TEXT_BYTES, "%u", uid);
}
