/*
 * demo: everything on this machine, without configuration: a page with the customer's
 * phone, the way through the gateway, and the agent.
 */
#include "demo_check.h"

static const char play_on[] =
    "\nPlay on from another terminal:\n"
    "  curl http://%s/say -d '{\"text\":\"Another line of the customer\"}'\n"
    "  curl http://%s/_emulator/agent -d '{\"integrationId\":\"%s\","
    "\"to\":\"ana\",\"text\":\"Another line of the agent\"}'\n"
    "  curl http://%s/_emulator/messages\n"
    "  curl -s http://%s/metrics | grep omgw_\n"
    "  omgw messages list --config %s\n";

static void say_how_to_play(const struct demo_place *place)
{
    (void)printf(play_on, place->page_address, place->genesys_address,
                 place->integration, place->genesys_address, place->admin_address,
                 place->config_path);
}

static void say_where(const struct demo_place *place)
{
    (void)printf(
        "\n  omgw demo: open http://%s/\n\n"
        "  The customer's phone, the way of each message through omgw, and the\n"
        "  agent, on one page. The agent's page alone: http://%s/\n"
        "  Ctrl-C ends it and leaves nothing behind.\n",
        place->page_address, place->genesys_address);
    say_how_to_play(place);
    (void)fflush(stdout);
}

static enum exit_code run_check(struct demo_keeper *keeper,
                                const struct invocation *invocation)
{
    enum exit_code code = demo_check(keeper, invocation);
    if (code != EXIT_OK)
        return code;
    say_how_to_play(&keeper->place);
    (void)printf("\ndemo: all well\n");
    return EXIT_OK;
}

enum exit_code command_demo(const struct invocation *invocation)
{
    struct demo_keeper keeper;
    enum exit_code code = demo_keeper_start(&keeper, invocation);
    if (code == EXIT_OK && invocation->check) {
        code = run_check(&keeper, invocation);
    } else if (code == EXIT_OK) {
        say_where(&keeper.place);
        while (demo_keeper_round(&keeper, -1))
            continue;
    }
    bool is_told = keeper.is_told; /* to end: even while it starts that is no failure */
    enum exit_code end = demo_keeper_end(&keeper);
    return code == EXIT_OK || is_told ? end : code;
}
