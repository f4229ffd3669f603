#include "gateway/unreadable.h"

#include "gateway/limits.h"

enum status event_unreadable(struct str raw, enum id_side side,
                             char name[UNREADABLE_NAME_BYTES], struct event *out,
                             struct error *err)
{
    uint8_t sum[SHA256_BYTES];

    enum status status = sha256(raw, sum, err);
    if (status != STATUS_OK)
        return status;
    hex_encode(sum, sizeof(sum), name);
    *out = (struct event){
        .kind = EVENT_UNREADABLE,
        .keys = {{.side = side, .kind = ID_KIND_WEBHOOK, .id = str_of(name)}},
        .key_count = 1,
        .raw = str_sub(raw, 0, LIMIT_UNREADABLE_BYTES),
    };
    return STATUS_OK;
}
