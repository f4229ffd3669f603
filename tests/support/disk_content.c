#include "support/disk_content.h"

#include <string.h>

#include "gateway/memory.h"

#define PAGE_BYTES 4096

struct disk_page {
    unsigned holders;
    bool has_sum;
    uint64_t sum;
    uint8_t bytes[PAGE_BYTES];
};

static void page_drop(struct disk_page *page)
{
    if (page != NULL && --page->holders == 0)
        mem_free(page);
}

/* The page, for this content alone, about to change. */
static struct disk_page *page_of_ones_own(struct disk_content *content, size_t index)
{
    struct disk_page *page = content->pages[index];
    if (page == NULL || page->holders > 1) {
        struct disk_page *own = mem_new(sizeof(*own));
        if (page != NULL)
            memcpy(own->bytes, page->bytes, PAGE_BYTES);
        page_drop(page);
        own->holders = 1;
        content->pages[index] = own;
        page = own;
    }
    page->has_sum = false;
    return page;
}

static void set_page_count(struct disk_content *content, size_t count)
{
    while (content->page_count > count)
        page_drop(content->pages[--content->page_count]);
    if (count > content->page_capacity) {
        content->page_capacity = count + count / 2 + 8;
        content->pages =
            mem_resize(content->pages, content->page_capacity * sizeof(void *));
    }
    while (content->page_count < count)
        content->pages[content->page_count++] = NULL;
}

void content_release(struct disk_content *content)
{
    set_page_count(content, 0);
    mem_free(TAKE(content->pages));
    content->page_capacity = 0;
    content->len = 0;
}

void content_copy(struct disk_content *to, const struct disk_content *from)
{
    set_page_count(to, 0);
    set_page_count(to, from->page_count);
    for (size_t i = 0; i < from->page_count; i++) {
        to->pages[i] = from->pages[i];
        if (to->pages[i] != NULL)
            to->pages[i]->holders++;
    }
    to->len = from->len;
}

/* What is behind the end is zero, so that a longer file needs no look at it. */
void content_resize(struct disk_content *content, size_t len)
{
    size_t used = len % PAGE_BYTES;
    set_page_count(content, (len + PAGE_BYTES - 1) / PAGE_BYTES);
    if (len < content->len && used > 0 && content->pages[len / PAGE_BYTES] != NULL)
        memset(page_of_ones_own(content, len / PAGE_BYTES)->bytes + used, 0,
               PAGE_BYTES - used);
    content->len = len;
}

void content_write(struct disk_content *content, size_t offset, const void *bytes,
                   size_t len)
{
    const uint8_t *from = bytes;
    if (offset + len > content->len)
        content_resize(content, offset + len);
    while (len > 0) {
        size_t begin = offset % PAGE_BYTES;
        size_t part = PAGE_BYTES - begin < len ? PAGE_BYTES - begin : len;
        memcpy(page_of_ones_own(content, offset / PAGE_BYTES)->bytes + begin, from,
               part);
        from += part;
        offset += part;
        len -= part;
    }
}

size_t content_read(const struct disk_content *content, size_t offset, void *out,
                    size_t len)
{
    uint8_t *to = out;
    size_t there = offset < content->len ? content->len - offset : 0;
    if (there < len)
        len = there;
    for (size_t left = len; left > 0;) {
        const struct disk_page *page = content->pages[offset / PAGE_BYTES];
        size_t begin = offset % PAGE_BYTES;
        size_t part = PAGE_BYTES - begin < left ? PAGE_BYTES - begin : left;
        if (page == NULL)
            memset(to, 0, part);
        else
            memcpy(to, page->bytes + begin, part);
        to += part;
        offset += part;
        left -= part;
    }
    return len;
}

/* --- sums ------------------------------------------------------------------ */

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return sum ^ sum >> 29;
}

static uint64_t sum_bytes(const uint8_t bytes[PAGE_BYTES])
{
    uint64_t sum = 1;
    for (size_t i = 0; i < PAGE_BYTES; i += sizeof(sum)) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof(word));
        sum = mix(sum, word);
    }
    return sum;
}

static uint64_t page_sum(struct disk_page *page)
{
    static const uint8_t zeros[PAGE_BYTES];
    if (page == NULL)
        return sum_bytes(zeros);
    if (!page->has_sum)
        page->sum = sum_bytes(page->bytes);
    page->has_sum = true;
    return page->sum;
}

uint64_t content_sum(const struct disk_content *content)
{
    uint64_t sum = mix(1, content->len);
    for (size_t i = 0; i < content->page_count; i++)
        sum = mix(sum, page_sum(content->pages[i]));
    return sum;
}
