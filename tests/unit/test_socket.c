#include "support/expect.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/socket.h"
#include "support/server_client.h"

/* A directory of the test's own, with one path in it. */
struct place {
    char directory[64];
    char path[96];
    char address[112]; /* "unix:" and the path */
};

static int make_place(void **state)
{
    static struct place place;
    (void)snprintf(place.directory, sizeof(place.directory), "/tmp/omgw-socket-XXXXXX");
    assert_non_null(mkdtemp(place.directory));
    (void)snprintf(place.path, sizeof(place.path), "%s/s", place.directory);
    (void)snprintf(place.address, sizeof(place.address), "unix:%s", place.path);
    *state = &place;
    return 0;
}

static int remove_place(void **state)
{
    const struct place *place = *state;
    (void)unlink(place->path);
    return rmdir(place->directory);
}

static bool exists(const struct place *place)
{
    return access(place->path, F_OK) == 0;
}

static void listening_names_the_port_it_got(void **state)
{
    (void)state;
    struct listening listening;
    struct error err = {0};
    assert_int_equal(listening_open("127.0.0.1:0", 0, &listening, &err), STATUS_OK);
    assert_true(str_starts(str_of(listening.address), STR("127.0.0.1:")));
    assert_string_not_equal(listening.address, "127.0.0.1:0");

    struct server_client *client = client_open(listening.address);
    client_close(client);
    char address[LISTEN_ADDRESS_BYTES];
    (void)snprintf(address, sizeof(address), "%s", listening.address);
    listening_close(&listening);
    assert_null(client_try_open(address));

    /* At once again, although the old connection lingers. */
    assert_int_equal(listening_open(address, 0, &listening, &err), STATUS_OK);
    assert_string_equal(listening.address, address);
    listening_close(&listening);
    listening_close(&listening); /* twice does no harm */
}

static void listening_takes_ipv6_in_brackets(void **state)
{
    (void)state;
    struct listening listening;
    struct error err = {0};
    assert_int_equal(listening_open("[::1]:0", 0, &listening, &err), STATUS_OK);
    assert_true(str_starts(str_of(listening.address), STR("[::1]:")));
    client_close(client_open(listening.address));
    listening_close(&listening);
}

static void listening_refuses_a_busy_port(void **state)
{
    (void)state;
    struct listening first;
    struct listening second;
    struct error err = {0};
    assert_int_equal(listening_open("127.0.0.1:0", 0, &first, &err), STATUS_OK);
    assert_int_equal(listening_open(first.address, 0, &second, &err), STATUS_INVALID);
    assert_non_null(strstr(err.text, first.address));
    assert_non_null(strstr(err.text, "bind"));
    listening_close(&first);
}

static void listening_says_what_is_wrong_with_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *address;
    } cases[] = {
        {"nothing",                   ""                                 },
        {"no port",                   "127.0.0.1"                        },
        {"an empty port",             "127.0.0.1:"                       },
        {"a port that is a name",     "127.0.0.1:http"                   },
        {"a port too large",          "127.0.0.1:65536"                  },
        {"a negative port",           "127.0.0.1:-1"                     },
        {"no host",                   ":8080"                            },
        {"IPv6 without brackets",     "::1:8080"                         },
        {"an empty host in brackets", "[]:8080"                          },
        {"an address of nobody",      "192.0.2.1:0"                      },
        {"a name of nobody",          "no-such-host.invalid:0"           },
        {"an empty path",             "unix:"                            },
        {"a path without directory",  "unix:/no/such/directory/omgw.sock"},
        {"a path too long",
         "unix:/tmp/0123456789012345678901234567890123456789012345678901234567890123"
         "4567890123456789012345678901234567890123456789"                },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct listening listening;
        struct error err = {0};
        expect_status(cases[i].name, STATUS_INVALID,
                      listening_open(cases[i].address, 0600, &listening, &err));
        expect_i64(cases[i].name, -1, listening.fd);
        assert_non_null(strstr(err.text, cases[i].address));
    }
}

static void unix_socket_has_exactly_its_mode(void **state)
{
    const struct place *place = *state;
    static const unsigned modes[] = {0600, 0660, 0666};
    mode_t before = umask(027); /* bind applies it; the mode shall stand nevertheless */
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        struct listening listening;
        struct error err = {0};
        struct stat info;
        assert_int_equal(listening_open(place->address, modes[i], &listening, &err),
                         STATUS_OK);
        assert_int_equal(stat(place->path, &info), 0);
        assert_int_equal(info.st_mode & 0777, modes[i]);
        listening_close(&listening);
    }
    (void)umask(before);
}

static void unix_socket_is_removed_when_closed(void **state)
{
    const struct place *place = *state;
    struct listening listening;
    struct error err = {0};
    assert_int_equal(listening_open(place->address, 0600, &listening, &err), STATUS_OK);
    assert_string_equal(listening.address, place->address);
    client_close(client_open(place->address));
    listening_close(&listening);
    assert_false(exists(place));
}

static void unix_socket_of_a_dead_process_is_replaced(void **state)
{
    const struct place *place = *state;
    struct listening dead;
    struct error err = {0};
    assert_int_equal(listening_open(place->address, 0600, &dead, &err), STATUS_OK);
    (void)close(dead.fd); /* as a kill would */
    assert_true(exists(place));

    struct listening listening;
    assert_int_equal(listening_open(place->address, 0600, &listening, &err), STATUS_OK);
    client_close(client_open(place->address));
    listening_close(&listening);
}

static void unix_socket_somebody_listens_on_is_left_alone(void **state)
{
    const struct place *place = *state;
    struct listening first;
    struct listening second;
    struct error err = {0};
    assert_int_equal(listening_open(place->address, 0600, &first, &err), STATUS_OK);
    assert_int_equal(listening_open(place->address, 0600, &second, &err),
                     STATUS_INVALID);
    assert_non_null(strstr(err.text, "another process"));
    client_close(client_open(place->address));
    listening_close(&first);
}

static void unix_socket_never_replaces_another_file(void **state)
{
    const struct place *place = *state;
    int fd = open(place->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    struct listening listening;
    struct error err = {0};
    assert_int_equal(listening_open(place->address, 0600, &listening, &err),
                     STATUS_INVALID);
    assert_non_null(strstr(err.text, "another kind"));
    assert_true(exists(place));
}

static void unix_socket_that_took_our_place_is_not_removed(void **state)
{
    const struct place *place = *state;
    struct listening first;
    struct listening second;
    struct error err = {0};
    assert_int_equal(listening_open(place->address, 0600, &first, &err), STATUS_OK);
    assert_int_equal(unlink(place->path), 0);
    assert_int_equal(listening_open(place->address, 0600, &second, &err), STATUS_OK);
    listening_close(&first);
    assert_true(exists(place));
    listening_close(&second);
    assert_false(exists(place));
}

int main(void)
{
#define PLACED(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listening_names_the_port_it_got),
        cmocka_unit_test(listening_takes_ipv6_in_brackets),
        cmocka_unit_test(listening_refuses_a_busy_port),
        cmocka_unit_test(listening_says_what_is_wrong_with_an_address),
        PLACED(unix_socket_has_exactly_its_mode),
        PLACED(unix_socket_is_removed_when_closed),
        PLACED(unix_socket_of_a_dead_process_is_replaced),
        PLACED(unix_socket_somebody_listens_on_is_left_alone),
        PLACED(unix_socket_never_replaces_another_file),
        PLACED(unix_socket_that_took_our_place_is_not_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
