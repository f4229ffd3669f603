#include "support/expect.h"

#include "gateway/fault.h"

#ifdef OMGW_FAULTS

struct seen {
    const char *last;
    unsigned count;
    bool fails;
};

static bool see(const struct fault_site *site, void *context)
{
    struct seen *seen = context;
    seen->last = site->name;
    seen->count++;
    return seen->fails && site->can_fail;
}

static void pass(void)
{
    FAULT_POINT("test_fault.passed");
}

static bool try(void)
{
    return FAULT_FAILS("test_fault.tried");
}

static void fault_tells_the_hook_and_fails_on_its_word(void **state)
{
    struct seen seen = {0};
    (void)state;
    pass();
    expect_false("without a hook", try());
    fault_set_hook(see, &seen);
    pass();
    assert_string_equal("test_fault.passed", seen.last);
    expect_false("the hook says no", try());
    assert_string_equal("test_fault.tried", seen.last);
    seen.fails = true;
    expect_true("the hook says yes", try());
    assert_int_equal(3, seen.count);
    fault_set_hook(NULL, NULL);
    pass();
    assert_int_equal(3, seen.count);
}

/* Also those that were never reached. */
static void fault_lists_every_point_of_the_program(void **state)
{
    size_t count = 0;
    const struct fault_site *const *sites = fault_sites(&count);
    bool has_passed = false;
    bool has_tried = false;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        has_passed |= strcmp(sites[i]->name, "test_fault.passed") == 0;
        has_tried |= strcmp(sites[i]->name, "test_fault.tried") == 0;
    }
    expect_true("the one that only passes", has_passed);
    expect_true("the one that can fail", has_tried);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault_tells_the_hook_and_fails_on_its_word),
        cmocka_unit_test(fault_lists_every_point_of_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    print_message("built without OMGW_FAULTS: there are no points\n");
    return 0;
}

#endif
