#include "support/expect.h"

#include "gateway/arena.h"
#include "gateway/bridge.h"

static void webhook_url_is_below_the_public_one(void **state)
{
    (void)state;
    CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
    char name[] = "acme";
    const struct bridge bridge = {.name = name,
                                  .public_url = "https://hooks.example.com/omgw"};
    expect_str("the bridge", "https://hooks.example.com/omgw/webhooks/channels/acme",
               bridge_webhook_url(&bridge, STR_NONE, arena));
    expect_str("a part of it",
               "https://hooks.example.com/omgw/webhooks/channels/acme/status",
               bridge_webhook_url(&bridge, STR("status"), arena));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(webhook_url_is_below_the_public_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
