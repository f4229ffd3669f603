/*
 * folder: a temporary folder of a test, without folders in it.
 */
#pragma once

#define FOLDER_BYTES 64

/* Makes one and names it in `path`; fails the test when it cannot. */
void folder_make(char path[FOLDER_BYTES]);
/* The same in memory, where the machine has such a place: syncing takes no time. */
void folder_make_in_memory(char path[FOLDER_BYTES]);
/* With the files in it. */
void folder_remove(const char *path);
