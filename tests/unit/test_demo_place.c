#include "support/expect.h"

#include "commands/demo_place.h"
#include "gateway/channels.h"
#include "gateway/config.h"

#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a demo needs and nobody has configured. */

static void make(struct demo_place *place, const char *port, bool are_free)
{
    struct error err = {0};
    enum status status = demo_place_make(place, port, are_free, &err);
    if (status != STATUS_OK)
        print_error("%s\n", err.text);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(demo_place_configure(place, &err), STATUS_OK);
}

static void the_configuration_is_one_that_loads(void **state)
{
    (void)state;
    struct demo_place place;
    CLEANUP(config_dropp) struct config *config = NULL;
    CLEANUP(buf_release) struct buf problems;
    buf_init(&problems, 65536);
    make(&place, NULL, true);
    enum status status =
        config_load(place.config_path, NULL, channels, &config, &problems);
    expect_str("problems", "", buf_str(&problems));
    assert_int_equal(status, STATUS_OK);
    expect_str("warnings", "", config_warnings(config));
    assert_string_equal(config->listen.public_address, place.public_address);
    assert_string_equal(config->listen.admin_address, place.admin_address);
    assert_int_equal(config->bridge_count, 1);
    demo_place_clear(&place);
}

static void only_the_owner_may_look_and_nothing_is_left(void **state)
{
    (void)state;
    struct demo_place place;
    struct stat status;
    char folder[64];
    char inner[128];
    make(&place, NULL, true);
    assert_int_equal(stat(place.config_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(place.folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    (void)snprintf(folder, sizeof(folder), "%s", place.folder);
    (void)snprintf(inner, sizeof(inner), "%s/inner", place.folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    demo_place_clear(&place);
    assert_int_equal(stat(folder, &status), -1);
}

static void two_demos_share_no_secret_and_no_port(void **state)
{
    (void)state;
    struct demo_place places[2];
    make(&places[0], NULL, true);
    make(&places[1], NULL, true);
    assert_string_not_equal(places[0].bridge_secret, places[1].bridge_secret);
    assert_string_not_equal(places[0].genesys_secret, places[1].genesys_secret);
    assert_string_not_equal(places[0].client_secret, places[0].genesys_secret);
    assert_string_not_equal(places[0].folder, places[1].folder);
    const char *const addresses[] = {
        places[0].page_address,
        places[0].public_address,
        places[0].admin_address,
        places[0].genesys_address,
    };
    for (size_t i = 0; i < COUNT_OF(addresses); i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(addresses[i], addresses[j]);
    demo_place_clear(&places[0]);
    demo_place_clear(&places[1]);
}

/* A listener on a free port, whose number is *out_port. */
static int take_port(char out_port[8])
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(out_port, 8, "%u", ntohs(address.sin_port));
    return fd;
}

static void a_port_that_was_named_must_be_free(void **state)
{
    (void)state;
    struct demo_place place;
    struct error err;
    char port[8];
    char address[32];
    static const char *const wrong[] = {"0", "65536", "-1", "x", ""};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        expect_status(wrong[i], STATUS_INVALID,
                      demo_place_make(&place, wrong[i], true, &err));
        demo_place_clear(&place);
    }
    int fd = take_port(port);
    assert_int_equal(demo_place_make(&place, port, true, &err), STATUS_INVALID);
    assert_non_null(strstr(err.text, "is taken"));
    demo_place_clear(&place);
    (void)close(fd);
    make(&place, port, true);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%s", port);
    assert_string_equal(place.page_address, address);
    demo_place_clear(&place);
}

static void a_strange_folder_for_temporary_files_is_not_used(void **state)
{
    (void)state;
    static const char *const strange[] = {"/tmp/a b", "/tmp/\"", "relative", ""};
    const char *before = getenv("TMPDIR");
    for (size_t i = 0; i < COUNT_OF(strange); i++) {
        struct demo_place place;
        (void)setenv("TMPDIR", strange[i], 1);
        make(&place, NULL, true);
        assert_true(str_starts(str_of(place.folder), STR("/tmp/omgw-demo-")));
        demo_place_clear(&place);
    }
    if (before != NULL)
        (void)setenv("TMPDIR", before, 1);
    else
        (void)unsetenv("TMPDIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_is_one_that_loads),
        cmocka_unit_test(only_the_owner_may_look_and_nothing_is_left),
        cmocka_unit_test(two_demos_share_no_secret_and_no_port),
        cmocka_unit_test(a_port_that_was_named_must_be_free),
        cmocka_unit_test(a_strange_folder_for_temporary_files_is_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
