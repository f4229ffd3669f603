/*
 * disk_content: the bytes of one file of a disk. Copies share their pages until one of
 * them writes: after a crash most of a database is as it was.
 */
#pragma once

#include "gateway/base.h"

struct disk_page;

/* Empty when zeroed. */
struct disk_content {
    struct disk_page **pages; /* NULL: zeros */
    size_t page_count;
    size_t page_capacity;
    size_t len;
};

void content_release(struct disk_content *content);
/* Makes *to what *from is. */
void content_copy(struct disk_content *to, const struct disk_content *from);
/* Longer: with zeros. */
void content_resize(struct disk_content *content, size_t len);
void content_write(struct disk_content *content, size_t offset, const void *bytes,
                   size_t len);
/* Returns how many bytes there were. */
size_t content_read(const struct disk_content *content, size_t offset, void *out,
                    size_t len);
/* See disk_sum. */
uint64_t content_sum(const struct disk_content *content);
