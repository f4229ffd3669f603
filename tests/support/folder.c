#include "support/folder.h"

#include "support/must.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

void folder_make(char path[FOLDER_BYTES])
{
    (void)snprintf(path, FOLDER_BYTES, "/tmp/omgw-test-XXXXXX");
    must(mkdtemp(path) != NULL, path);
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
