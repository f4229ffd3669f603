#include "support/expect.h"

#include "gateway/memory.h"
#include "gateway/random.h"

#include "store/memory_table.h"

/* --- keys ---------------------------------------------------------------- */

static void expect_first(const char *name, struct table *table,
                         const struct table_key *prefix, const char *want)
{
    const struct table_entry *entry = table_first(table, prefix);
    expect_str(name, want, str_of(entry == NULL ? "nothing" : entry_row(entry)));
}

static void keys_order_as_their_columns_do(void **state)
{
    (void)state;
    /* In order. */
    const struct table_key keys[] = {
        key_1(1, INT64_MIN),
        key_1(1, -1),
        key_1(1, 0),
        key_2(1, 0, -5),
        key_2(1, 0, 255),
        key_2(1, 0, 256),
        key_3(1, 0, 256, 1),
        key_1_text(1, 1, STR("")),
        key_1_text(1, 1, STR("a")),
        key_1_text(1, 1, STR("a\0b")),
        key_1_text(1, 1, STR("ab")),
        key_1_text(1, 1, STR("\xc3\xa9")),
        key_1(1, INT64_MAX),
        key_bytes(2, "\x00\xff", 2),
        key_bytes(2, "\x01", 1),
    };
    struct table *table = table_new();
    for (size_t i = COUNT_OF(keys); i-- > 0;) {
        int64_t *row = mem_new(sizeof(*row));
        *row = (int64_t)i;
        table_put(table, &keys[i], row);
    }
    int64_t want = 0;
    for (uint8_t number = 1; number <= 2; number++) {
        struct table_key all = key_table(number);
        for (const struct table_entry *entry = table_first(table, &all); entry != NULL;
             entry = table_after(entry, &all)) {
            const int64_t *row = entry_row(entry);
            expect_i64("place", want++, *row);
        }
    }
    expect_i64("all of them", COUNT_OF(keys), want);
    table_free(table);
}

static void a_prefix_ends_where_its_columns_change(void **state)
{
    (void)state;
    struct table *table = table_new();
    struct table_key key = key_2(1, 4, 9);
    table_put(table, &key, mem_copy_string("4-9"));
    key = key_2(1, 5, -1);
    table_put(table, &key, mem_copy_string("5--1"));
    key = key_2(2, 5, 3);
    table_put(table, &key, mem_copy_string("other table"));

    struct table_key prefix = key_1(1, 5);
    expect_first("of 5", table, &prefix, "5--1");
    const struct table_entry *entry = table_first(table, &prefix);
    expect_i64("last column", -1, entry_number(entry));
    struct table_key same = entry_key(entry);
    expect_true("its key finds it", table_find(table, &same) == entry);
    expect_true("nothing after it", table_after(entry, &prefix) == NULL);
    prefix = key_1(1, 6);
    expect_first("of 6", table, &prefix, "nothing");
    prefix = key_1(1, 4);
    key = key_2(1, 4, 10);
    expect_true("from behind the last", table_first_from(table, &key, &prefix) == NULL);
    table_free(table);
}

/* --- changes ------------------------------------------------------------- */

/* The same map, as simple as it gets: a number for each of a few keys, 0 for none. */
#define KEYS 64
struct model {
    int64_t rows[KEYS];
};

static void put_row(struct table *table, struct model *model, int64_t at, int64_t value)
{
    struct table_key key = key_1(1, at);
    int64_t *row = mem_new(sizeof(*row));
    *row = value;
    table_put(table, &key, row);
    model->rows[at] = value;
}

static void delete_row(struct table *table, struct model *model, int64_t at)
{
    struct table_key key = key_1(1, at);
    expect_true("there", table_find(table, &key) != NULL);
    table_delete(table, &key);
    model->rows[at] = 0;
}

static void expect_same(const struct table *table, const struct model *model)
{
    struct table_key all = key_table(1);
    const struct table_entry *entry = table_first(table, &all);
    for (int64_t at = 0; at < KEYS; at++) {
        struct table_key key = key_1(1, at);
        const int64_t *row = table_get(table, &key);
        expect_i64("row", model->rows[at], row == NULL ? 0 : *row);
        if (row == NULL)
            continue;
        expect_true("in order", entry != NULL && entry_number(entry) == at);
        entry = table_after(entry, &all);
    }
    expect_true("nothing else", entry == NULL);
}

static void change_some(struct table *table, struct model *model, struct random *random)
{
    for (uint64_t i = random_below(random, 30); i > 0; i--) {
        int64_t at = (int64_t)random_below(random, KEYS);
        if (model->rows[at] != 0 && random_below(random, 3) == 0)
            delete_row(table, model, at);
        else
            put_row(table, model, at, 1 + (int64_t)random_below(random, 1000));
    }
}

static void undo_returns_to_any_mark(void **state)
{
    (void)state;
    struct table *table = table_new();
    struct model model = {{0}};
    struct random random;
    random_seed(&random, 20261121);
    for (size_t round = 0; round < 400; round++) {
        struct model at_start = model;
        change_some(table, &model, &random);
        struct model at_mark = model;
        size_t mark = table_mark(table);
        change_some(table, &model, &random);
        expect_same(table, &model);
        if (random_below(&random, 2) == 0) {
            table_undo(table, mark);
            model = at_mark;
            expect_same(table, &model);
        }
        if (random_below(&random, 4) == 0) {
            table_undo(table, 0);
            model = at_start;
        } else {
            table_commit(table);
        }
        expect_same(table, &model);
        expect_i64("journal", 0, table_mark(table));
    }
    table_free(table);
}

static void a_row_stays_readable_until_the_transaction_ends(void **state)
{
    (void)state;
    struct table *table = table_new();
    struct table_key key = key_1(1, 1);
    table_put(table, &key, mem_copy_string("first"));
    const char *row = table_get(table, &key);
    table_put(table, &key, mem_copy_string("second"));
    table_delete(table, &key);
    expect_str("replaced and deleted", "first", str_of(row));
    table_undo(table, 1);
    expect_true("the same row is back", table_get(table, &key) == row);
    table_free(table);
}

static void a_table_is_freed_with_changes_that_are_not_final(void **state)
{
    (void)state;
    struct table *table = table_new();
    struct table_key key = key_1(1, 1);
    table_put(table, &key, mem_copy_string("first"));
    table_put(table, &key, mem_copy_string("second"));
    key = key_1(1, 2);
    table_put(table, &key, NULL);
    table_free(table);
    table_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_order_as_their_columns_do),
        cmocka_unit_test(a_prefix_ends_where_its_columns_change),
        cmocka_unit_test(undo_returns_to_any_mark),
        cmocka_unit_test(a_row_stays_readable_until_the_transaction_ends),
        cmocka_unit_test(a_table_is_freed_with_changes_that_are_not_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
