/*
 * table: every command, one entry each, in the order of the overview.
 */
#include "command.h"

#include "gateway/relay.h"
#include "gateway/setup.h"
#include "gateway/store.h"

/* clang-format would fold the entries together. */
/* clang-format off */
const struct command commands[] = {
    {
        .name = "serve",
        .summary = "Run the gateway until SIGTERM",
        .examples = "  omgw serve --config /etc/omgw/omgw.yaml\n",
        .options = "cCo",
        .run = command_serve,
        .needs_secrets = true,
    },
    {
        .name = "demo",
        .summary = "Show it working: a page with a customer, the gateway and an agent",
        .examples = "  omgw demo\n"
                    "  omgw demo --check      # one message each way, then end\n",
        .options = "pFuK",
        .run = command_demo,
    },
    {
        .name = "config check",
        .summary = "Check the configuration and say all that is wrong with it",
        .examples = "  omgw config check --config omgw.yaml\n",
        .options = "cj",
        .run = command_config_check,
    },
    {
        .name = "config show",
        .summary = "Show the effective configuration and where each value is from",
        .examples = "  omgw config show --config omgw.yaml\n"
                    "  OMGW_LOG__LEVEL=debug omgw config show --json\n",
        .options = "cj",
        .run = command_config_show,
        .needs_secrets = true,
    },
    {
        .name = "config init",
        .summary = "Print a commented example configuration",
        .examples = "  omgw config init > omgw.yaml\n",
        .options = "",
        .run = command_config_init,
    },
    {
        .name = "db migrate",
        .summary = "Bring the database to this version's schema, while not serving",
        .examples = "  omgw db migrate --config omgw.yaml\n",
        .options = "cj",
        .run = command_db_migrate,
    },
    {
        .name = "db status",
        .summary = "Show the database's schema version and what it holds",
        .examples = "  omgw db status --config omgw.yaml\n",
        .options = "cj",
        .run = command_db_status,
    },
    {
        .name = "db backup",
        .operand = "FILE",
        .summary = "Write a consistent copy of the database, also of a running gateway",
        .examples = "  omgw db backup /var/backups/omgw.db\n"
                    "  omgw db backup /var/backups/        # named by the time\n",
        .options = "cfj",
        .run = command_db_backup,
    },
    {
        .name = "db verify",
        .operand = "[FILE]",
        .summary = "Check the database, or a backup, and say all that is wrong with it",
        .examples = "  omgw db verify                      # a running gateway's too\n"
                    "  omgw db verify /var/backups/omgw.db\n",
        .options = "cjo",
        .run = command_db_verify,
    },
    {
        .name = "db restore",
        .operand = "FILE",
        .summary = "Put a backup into the place of the database, while not serving",
        .examples = "  omgw db restore /var/backups/omgw.db --hold\n"
                    "  omgw bridges resume acme            # when you have looked\n",
        .options = "cHjo",
        .run = command_db_restore,
    },
    {
        .name = "bridges list",
        .summary = "List bridges: what waits, what died, what is paused",
        .examples = "  omgw bridges list\n"
                    "  omgw bridges list --json\n",
        .options = "cjwo",
        .run = command_bridges_list,
    },
    {
        .name = "bridges show",
        .operand = "NAME",
        .summary = "Show a bridge and why it is paused, if it is",
        .examples = "  omgw bridges show acme\n",
        .options = "cj",
        .run = command_bridges_show,
    },
    {
        .name = "bridges pause",
        .operand = "NAME",
        .summary = "Hold a bridge's deliveries until they are resumed",
        .examples = "  omgw bridges pause acme --reason 'number moves on Friday'\n",
        .options = "crj",
        .run = command_bridges_order,
        .subject = ORDER_PAUSE,
    },
    {
        .name = "bridges resume",
        .operand = "NAME",
        .summary = "Deliver again, also what the gateway paused by itself",
        .examples = "  omgw bridges resume acme\n",
        .options = "cj",
        .run = command_bridges_order,
        .subject = ORDER_RESUME,
    },
    {
        .name = "bridges connect",
        .operand = "NAME",
        .summary = "Register the webhook with the service, or say what to enter there",
        .examples = "  omgw bridges connect shop\n"
                    "  omgw bridges connect shop --json\n",
        .options = "coj",
        .run = command_bridges_setup,
        .needs_secrets = true,
        .subject = SETUP_CONNECT,
    },
    {
        .name = "bridges check",
        .operand = "NAME",
        .summary = "Say what is wrong with a bridge: here, at Genesys, at the service",
        .examples = "  omgw bridges check shop\n"
                    "  omgw bridges check shop --json | jq .findings\n",
        .options = "coj",
        .run = command_bridges_setup,
        .needs_secrets = true,
        .subject = SETUP_CHECK,
    },
    {
        .name = "bridges test",
        .operand = "NAME",
        .summary = "Send the channel a signed ping and say what came back",
        .examples = "  omgw bridges test acme\n",
        .options = "cj",
        .run = command_bridges_test,
        .needs_secrets = true,
    },
    {
        .name = "bridges forget",
        .operand = "NAME",
        .summary = "Make dead letters of what waits on a bridge no longer configured",
        .examples = "  omgw bridges forget acme\n"
                    "  omgw bridges forget acme --yes\n",
        .options = "cyj",
        .run = command_bridges_forget,
    },
    {
        .name = "contacts list",
        .summary = "List contacts, newest first",
        .examples = "  omgw contacts list --bridge acme\n",
        .options = "cbkSlajwo",
        .run = command_list,
        .subject = LIST_CONTACTS,
    },
    {
        .name = "contacts show",
        .operand = "ID",
        .summary = "Show the contacts with this external id",
        .examples = "  omgw contacts show 447700900123\n",
        .options = "cbj",
        .run = command_show,
        .subject = LIST_CONTACTS,
    },
    {
        .name = "conversations list",
        .summary = "List conversations, newest first",
        .examples = "  omgw conversations list --state open --since 1h\n",
        .options = "cbksSlajwo",
        .run = command_list,
        .subject = LIST_CONVERSATIONS,
    },
    {
        .name = "conversations show",
        .operand = "NUMBER",
        .summary = "Show a conversation; trace shows what was said in it",
        .examples = "  omgw conversations show 4711\n",
        .options = "cbj",
        .run = command_show,
        .subject = LIST_CONVERSATIONS,
    },
    {
        .name = "messages list",
        .summary = "List messages, newest first",
        .examples = "  omgw messages list --contact 447700900123 --since 1d\n"
                    "  omgw messages list --state failed --json\n",
        .options = "cbksSlajwo",
        .run = command_list,
        .subject = LIST_MESSAGES,
    },
    {
        .name = "messages show",
        .operand = "ID",
        .summary = "Show a message with its text",
        .examples = "  omgw messages show 0192f3a4b5c67d8e9fa0b1c2d3e4f506\n",
        .options = "cbj",
        .run = command_show,
        .subject = LIST_MESSAGES,
    },
    {
        .name = "deliveries list",
        .summary = "List deliveries, newest first",
        .examples = "  omgw deliveries list --state pending --bridge acme\n"
                    "  omgw deliveries list --after 4711      # the next page\n",
        .options = "cbksSlajwo",
        .run = command_list,
        .subject = LIST_DELIVERIES,
    },
    {
        .name = "deliveries show",
        .operand = "NUMBER",
        .summary = "Show a delivery; trace shows its attempts",
        .examples = "  omgw deliveries show 4711\n",
        .options = "cbj",
        .run = command_show,
        .subject = LIST_DELIVERIES,
    },
    {
        .name = "dead list",
        .summary = "List dead letters: deliveries given up, with the reason",
        .examples = "  omgw dead list --bridge acme --since 1d\n",
        .options = "cbkSlajwo",
        .run = command_list,
        .subject = LIST_DEAD,
    },
    {
        .name = "dead show",
        .operand = "NUMBER",
        .summary = "Show a dead letter with its text",
        .examples = "  omgw dead show 4711\n",
        .options = "cj",
        .run = command_show,
        .subject = LIST_DEAD,
    },
    {
        .name = "dead replay",
        .operand = "[NUMBER]",
        .summary = "Deliver dead letters again, in their original order",
        .examples = "  omgw dead replay 4711\n"
                    "  omgw dead replay --bridge acme --since 2h --dry-run\n"
                    "  omgw dead replay --bridge acme --since 2h\n",
        .options = "cbkSdyjo",
        .run = command_dead_change,
        .subject = ORDER_REPLAY,
    },
    {
        .name = "dead drop",
        .operand = "[NUMBER]",
        .summary = "Give dead letters up for good",
        .examples = "  omgw dead drop 4711\n"
                    "  omgw dead drop --bridge acme --contact 447700900123 --yes\n",
        .options = "cbkSdyjo",
        .run = command_dead_change,
        .subject = ORDER_DROP,
    },
    {
        .name = "audit list",
        .summary = "List what operators changed, newest first",
        .examples = "  omgw audit list --since 1d\n",
        .options = "cSlajwo",
        .run = command_list,
        .subject = LIST_AUDIT,
    },
    {
        .name = "trace",
        .operand = "ID",
        .summary = "Show the whole life of a message, by any id of either side",
        .examples = "  omgw trace 0192f3a4b5c67d8e9fa0b1c2d3e4f506\n"
                    "  omgw trace --json msg_2b7c        # a partner's webhook-id\n",
        .options = "cj",
        .run = command_trace,
    },
    {
        .name = "health",
        .summary = "Ask the running gateway whether it is ready (for HEALTHCHECK)",
        .examples = "  omgw health --config omgw.yaml\n",
        .options = "cj",
        .run = command_health,
    },
    {
        .name = "completion",
        .operand = "SHELL",
        .words = "bash zsh fish",
        .summary = "Print what that shell needs to complete commands with TAB",
        .examples = "  source <(omgw completion bash)\n"
                    "  omgw completion fish | source\n",
        .options = "",
        .run = command_completion,
    },
    {
        .name = "man",
        .operand = "SECTION",
        .words = "1 5 7",
        .summary = "Print a manual page: commands, settings, views of the database",
        .examples = "  omgw man 5 | man -l -\n",
        .options = "",
        .run = command_man,
    },
    {
        .name = "version",
        .summary = "Show the version and how it was built",
        .examples = "  omgw version --json\n",
        .options = "j",
        .run = command_version,
    },
};
/* clang-format on */
const size_t command_count = COUNT_OF(commands);
