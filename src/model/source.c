#include "gateway/source.h"

bool source_no_handshake(const struct bridge *bridge,
                         const struct http_message *message, struct arena *arena,
                         struct http_reply *reply)
{
    (void)bridge;
    (void)message;
    (void)arena;
    (void)reply;
    return false;
}

void source_ack_empty(const struct bridge *bridge, const struct unit *unit,
                      const struct acceptance *acceptance, struct arena *arena,
                      struct http_reply *reply)
{
    (void)bridge;
    (void)unit;
    (void)acceptance;
    (void)arena;
    *reply = (struct http_reply){
        .status = 200, .content_type = "application/json", .body = STR("{}")};
}
