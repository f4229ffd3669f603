/*
 * sqlite_file: the files around a database, by the system's calls: what went wrong with
 * them, whose they are, and names that are given without overwriting.
 */
#pragma once

#include "gateway/status.h"

/* Fills *err from errno: what was tried, with which file, why not, and what to do. */
enum status fail_file(struct error *err, const char *what, const char *path);

/* "<path><suffix>"; the caller frees. */
char *file_name_with(const char *path, const char *suffix);
/* The folder of a file: "." where the path has none; the caller frees. */
char *file_folder(const char *path);
bool file_is_there(const char *path, const char *suffix);
/* A database and what SQLite keeps beside it, as far as they are there. */
void file_remove_database(const char *path);
/* Whether both names lead to one file, which is there. */
bool file_is_same(const char *a, const char *b);
/* Whether the file and the folder of the other are on one file system. */
bool file_shares_volume(const char *path, const char *other);
/* Bytes free to this user where the file is or will be; -1: not known. */
int64_t file_room(const char *path);

/* Whether it begins as a database of ours. It is opened and closed: never one that a
 * handle of this process has open, which would lose its locks. */
bool file_is_database(const char *path);

/* What root makes belongs to the folder's owner, who works with it later. */
void file_give_to_owner(int fd, const char *path);
/* Owner and mode as those of another file, as far as this user may. */
void file_make_like(int fd, const char *model);
/* Makes names that were given or taken in the file's folder last. */
MUST_CHECK enum status file_sync_folder(const char *path, struct error *err);
/* STATUS_CONFLICT  `to` is there, and is not to be replaced */
MUST_CHECK enum status file_rename(const char *from, const char *to, bool may_replace,
                                   struct error *err);
