#include "support/folder.h"

#include "support/expect.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

void folder_make(char path[FOLDER_BYTES])
{
    (void)snprintf(path, FOLDER_BYTES, "/tmp/omgw-test-XXXXXX");
    assert_non_null(mkdtemp(path));
}

void folder_remove(const char *path)
{
    DIR *entries = opendir(path);
    assert_non_null(entries);
    for (struct dirent *e = readdir(entries); e != NULL; e = readdir(entries)) {
        char file[512];
        (void)snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
        (void)unlink(file); /* "." and ".." refuse */
    }
    (void)closedir(entries);
    assert_int_equal(0, rmdir(path));
}
