#include "support/disk.h"
#include "support/expect.h"

#include "gateway/memory.h"

#define PAGE 4096

static unsigned make(struct disk *disk, const char *name)
{
    unsigned file = disk_next_file(disk);
    disk_change(disk, DISK_CREATE, file, 0, name, strlen(name) + 1);
    return file;
}

/* A page of one letter. */
static void write_page(struct disk *disk, unsigned file, size_t page, char letter)
{
    char bytes[PAGE];
    memset(bytes, letter, sizeof(bytes));
    disk_change(disk, DISK_WRITE, file, page * PAGE, bytes, sizeof(bytes));
}

static void sync_all(struct disk *disk, unsigned file)
{
    disk_change(disk, DISK_SYNC, file, 0, NULL, 0);
    disk_change(disk, DISK_SYNC_DIRECTORY, 0, 0, NULL, 0);
}

/* A file "f" with page 0 'a' synced, and then pages 0 and 1 'b' written. */
static struct disk *half_synced(void)
{
    struct disk *disk = disk_new();
    unsigned file = make(disk, "f");
    write_page(disk, file, 0, 'a');
    sync_all(disk, file);
    write_page(disk, file, 0, 'b');
    write_page(disk, file, 1, 'b');
    return disk;
}

static size_t letters_in(const struct disk *disk, size_t page, char letter)
{
    char bytes[PAGE];
    size_t count = 0;
    int file = disk_find(disk, "f");
    size_t got =
        file < 0 ? 0 : disk_read(disk, (unsigned)file, page * PAGE, bytes, PAGE);
    for (size_t i = 0; i < got; i++)
        count += bytes[i] == letter;
    return count;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct disk *disk = half_synced();
    expect_i64("overwritten", PAGE, letters_in(disk, 0, 'b'));
    expect_i64("appended", PAGE, letters_in(disk, 1, 'b'));
    expect_i64("size", 2 * PAGE, disk_size(disk, 0));
    expect_i64("used", 2 * PAGE, disk_used(disk));
    expect_true("unsynced", disk_has_unsynced(disk));
    sync_all(disk, 0);
    expect_false("synced", disk_has_unsynced(disk));
    disk_free(disk);
}

static void each_fate_leaves_what_it_says(void **state)
{
    static const struct {
        const char *name;
        enum disk_fate fate;
        bool may_keep_old; /* page 0 */
        bool may_keep_new;
        bool may_mix;
    } cases[] = {
        {"loses all",     DISK_LOSES_ALL,     true,  false, false},
        {"loses none",    DISK_LOSES_NONE,    false, true,  false},
        {"loses writes",  DISK_LOSES_WRITES,  true,  true,  false},
        {"loses sectors", DISK_LOSES_SECTORS, true,  true,  true },
        {"keeps newest",  DISK_KEEPS_NEWEST,  true,  true,  true },
        {"keeps oldest",  DISK_KEEPS_OLDEST,  true,  true,  true },
    };
    (void)state;
    struct random random;
    random_seed(&random, 7);
    struct disk *disk = half_synced();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t seen_old = 0;
        size_t seen_new = 0;
        size_t seen_mix = 0;
        for (int n = 0; n < 400; n++) {
            struct disk *found = disk_after_crash(disk, cases[i].fate, &random);
            size_t old = letters_in(found, 0, 'a');
            expect_i64("sectors are whole", 0, old % DISK_SECTOR_BYTES);
            expect_i64("nothing else", PAGE, old + letters_in(found, 0, 'b'));
            seen_old += old == PAGE;
            seen_new += old == 0;
            seen_mix += old != PAGE && old != 0;
            expect_false("all is synced", disk_has_unsynced(found));
            disk_free(found);
        }
        expect_true(cases[i].name, (seen_old > 0) == cases[i].may_keep_old);
        expect_true(cases[i].name, (seen_new > 0) == cases[i].may_keep_new);
        expect_true(cases[i].name, (seen_mix > 0) == cases[i].may_mix);
    }
    disk_free(disk);
}

/* Where the appended page was lost: nothing, zeros, or what lay there before. */
static void a_lost_end_is_short_zero_or_garbage(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 7);
    struct disk *disk = half_synced();
    size_t shorter = 0;
    size_t zero = 0;
    size_t garbage = 0;
    for (int n = 0; n < 400; n++) {
        struct disk *found = disk_after_crash(disk, DISK_LOSES_WRITES, &random);
        unsigned file = (unsigned)disk_find(found, "f");
        if (disk_size(found, file) == PAGE)
            shorter++;
        else if (letters_in(found, 1, '\0') == PAGE)
            zero++;
        else if (letters_in(found, 1, 'b') < PAGE)
            garbage++;
        disk_free(found);
    }
    expect_true("short", shorter > 0);
    expect_true("zero", zero > 0);
    expect_true("garbage", garbage > 0);
    disk_free(disk);
}

static void a_name_is_there_when_its_directory_was_synced(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 7);
    struct disk *disk = disk_new();
    unsigned file = make(disk, "f");
    write_page(disk, file, 0, 'a');
    disk_change(disk, DISK_SYNC, file, 0, NULL, 0);
    struct disk *found = disk_after_crash(disk, DISK_LOSES_ALL, &random);
    expect_i64("before", -1, disk_find(found, "f"));
    disk_free(found);
    disk_change(disk, DISK_SYNC_DIRECTORY, 0, 0, NULL, 0);
    found = disk_after_crash(disk, DISK_LOSES_ALL, &random);
    expect_i64("after", PAGE, letters_in(found, 0, 'a'));
    disk_free(found);

    /* Taken away and made again, without a sync: the old one may come back. */
    disk_change(disk, DISK_DELETE, file, 0, NULL, 0);
    (void)make(disk, "f");
    expect_i64("the new one", 0, disk_size(disk, (unsigned)disk_find(disk, "f")));
    found = disk_after_crash(disk, DISK_LOSES_ALL, &random);
    expect_i64("the old one", PAGE, letters_in(found, 0, 'a'));
    disk_free(found);
    found = disk_after_crash(disk, DISK_LOSES_NONE, &random);
    expect_i64("survived", 0, letters_in(found, 0, 'a'));
    disk_free(found);
    disk_free(disk);
}

static void a_shorter_file_may_come_back_long(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 7);
    struct disk *disk = half_synced();
    sync_all(disk, 0);
    disk_change(disk, DISK_TRUNCATE, 0, PAGE, NULL, 0);
    expect_i64("now", PAGE, disk_size(disk, 0));
    struct disk *found = disk_after_crash(disk, DISK_LOSES_ALL, &random);
    expect_i64("lost", 2 * PAGE, disk_size(found, 0));
    disk_free(found);
    found = disk_after_crash(disk, DISK_LOSES_NONE, &random);
    expect_i64("kept", PAGE, disk_size(found, 0));
    disk_free(found);
    disk_free(disk);
}

static void a_failed_sync_makes_nothing_safe_ever(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 7);
    struct disk *disk = half_synced();
    disk_change(disk, DISK_SYNC_FAILED, 0, 0, NULL, 0);
    expect_i64("read", PAGE, letters_in(disk, 0, 'b'));
    sync_all(disk, 0);
    struct disk *found = disk_after_crash(disk, DISK_LOSES_NONE, &random);
    expect_i64("gone", PAGE, letters_in(found, 0, 'a'));
    disk_free(found);
    disk_free(disk);
}

static void a_copy_goes_its_own_way(void **state)
{
    (void)state;
    struct random random;
    struct disk *disk = half_synced();
    struct disk *copy = disk_copy(disk);
    random_seed(&random, 7);
    sync_all(disk, 0);
    disk_free(disk);
    expect_i64("current", PAGE, letters_in(copy, 0, 'b'));
    struct disk *found = disk_after_crash(copy, DISK_LOSES_ALL, &random);
    expect_i64("synced", PAGE, letters_in(found, 0, 'a'));
    disk_free(found);
    disk_free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(each_fate_leaves_what_it_says),
        cmocka_unit_test(a_lost_end_is_short_zero_or_garbage),
        cmocka_unit_test(a_name_is_there_when_its_directory_was_synced),
        cmocka_unit_test(a_shorter_file_may_come_back_long),
        cmocka_unit_test(a_failed_sync_makes_nothing_safe_ever),
        cmocka_unit_test(a_copy_goes_its_own_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
