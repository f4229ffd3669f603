#include "support/folder.h"

#include "support/must.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static void make_in(const char *place, char path[FOLDER_BYTES])
{
    (void)snprintf(path, FOLDER_BYTES, "%s/omgw-test-XXXXXX", place);
    must(mkdtemp(path) != NULL, path);
}

void folder_make(char path[FOLDER_BYTES])
{
    make_in("/tmp", path);
}

void folder_make_in_memory(char path[FOLDER_BYTES])
{
    make_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", path);
}

void folder_remove(const char *path)
{
    DIR *entries = opendir(path);
    must(entries != NULL, path);
    for (struct dirent *e = readdir(entries); e != NULL; e = readdir(entries)) {
        char file[512];
        (void)snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
        (void)unlink(file); /* "." and ".." refuse */
    }
    (void)closedir(entries);
    must(rmdir(path) == 0, path);
}
