/*
 * Every outcome of a webhook, of a sender, of a start and of a reload. Commands are in
 * commands.c.
 */
#include "scenario.h"

#define P(status_, twist_, id_, body_)                                                 \
    {                                                                                  \
        .side = MAIL_PARTNER, .status = (status_), .twist = (twist_), .id = (id_),     \
        .body = (body_)                                                                \
    }
#define G(status_, twist_, body_)                                                      \
    {                                                                                  \
        .side = MAIL_GENESYS, .status = (status_), .twist = (twist_), .body = (body_)  \
    }
#define GF(status_, fixture_)                                                          \
    {                                                                                  \
        .side = MAIL_GENESYS, .status = (status_),                                     \
        .fixture = "genesys/webhook/" fixture_ ".json"                                 \
    }
#define PF(status_, id_, fixture_)                                                     \
    {                                                                                  \
        .side = MAIL_PARTNER, .status = (status_), .id = (id_),                        \
        .fixture = "partner/inbound/" fixture_ ".json"                                 \
    }
#define ADMIN(path_)                                                                   \
    {                                                                                  \
        .side = MAIL_ADMIN, .status = 200, .id = (path_)                               \
    }
#define SAYS(status_, headers_, body_)                                                 \
    {                                                                                  \
        .manner = PEER_ANSWERS, .status = (status_), .headers = (headers_),            \
        .body = (body_)                                                                \
    }
#define SAYS_ALWAYS(status_)                                                           \
    {                                                                                  \
        .manner = PEER_ANSWERS, .status = (status_), .body = "{}", .is_lasting = true  \
    }
#define RESETS                                                                         \
    {                                                                                  \
        .manner = PEER_RESETS                                                          \
    }
#define STOPS                                                                          \
    {                                                                                  \
        .manner = PEER_STOPS, .status = 200, .body = "{\"id\":\"half of\"}"            \
    }

#define ENVELOPE(type, data)                                                           \
    "{\"type\":\"" type "\",\"timestamp\":\"2026-02-03T09:15:40.250Z\",\"data\":" data \
    "}"
#define TEXT(id, from, text)                                                           \
    ENVELOPE("message.created", "{\"id\":\"" id "\",\"from\":{\"id\":\"" from          \
                                "\"},\"text\":\"" text "\"}")
#define AGENT_HEAD(id)                                                                 \
    "{\"id\":\"" id "\",\"channel\":{\"id\":\"" MAIL_INTEGRATION                       \
    "\",\"platform\":\"Open\",\"type\":\"Private\",\"messageId\":\"" id                \
    "\",\"to\":{\"id\":\"u-9\",\"idType\":\"Opaque\"},\"from\":{\"nickname\":"         \
    "\"Acme\",\"id\":\"" MAIL_INTEGRATION                                              \
    "\",\"idType\":\"Opaque\"},\"time\":\"2026-02-03T09:16:05.427Z\"}"
#define AGENT(id, text)                                                                \
    AGENT_HEAD(id)                                                                     \
    ",\"type\":\"Text\",\"text\":\"" text                                              \
    "\",\"originatingEntity\":\"Human\",\"direction\":\"Outbound\"}"
#define RECEIPT(id, of, status)                                                        \
    "{\"id\":\"" id "\",\"channel\":{\"id\":\"" MAIL_INTEGRATION                       \
    "\",\"platform\":\"Open\",\"type\":\"Private\",\"messageId\":\"" of                \
    "\",\"to\":{\"id\":\"u-9\",\"idType\":\"Opaque\"},\"from\":{\"nickname\":"         \
    "\"Acme\",\"id\":\"" MAIL_INTEGRATION                                              \
    "\",\"idType\":\"Opaque\"},\"time\":\"2026-02-03T09:16:05.427Z\"},\"type\":"       \
    "\"Receipt\",\"status\":\"" status "\",\"isFinalReceipt\":true,\"direction\":"     \
    "\"Inbound\"}"
#define X10(text) text text text text text text text text text text
#define LONG_TEXT X10(X10("forty characters and a blank, as a text. ") "\\n")

#define QUESTION                                                                       \
    AGENT_HEAD("q-1")                                                                  \
    ",\"type\":\"Structured\",\"text\":\"Sure?\",\"content\":[{\"contentType\":"       \
    "\"QuickReply\",\"quickReply\":{\"text\":\"Yes\",\"payload\":\"yes\"}}],"          \
    "\"originatingEntity\":\"Bot\",\"direction\":\"Outbound\"}"

static const char receipts_setting[] = "      receipts: true\n";
static const char only_failed[] = "      statuses: failed\n";

const struct scenario scenarios[] = {
#include "scenario_rows.inc"
};
const size_t scenario_count = sizeof(scenarios) / sizeof(scenarios[0]);
