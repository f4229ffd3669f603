#include "gateway/http_message.h"

bool http_header_find(const struct http_message *message, const char *name,
                      struct str *out_value)
{
    const struct http_header *found = NULL;
    struct str wanted = str_of(name);

    for (size_t i = 0; i < message->header_count; i++) {
        if (!str_equal_nocase(message->headers[i].name, wanted))
            continue;
        if (found != NULL)
            return false;
        found = &message->headers[i];
    }
    if (found == NULL)
        return false;
    *out_value = found->value;
    return true;
}

bool http_headers_hold(const struct http_header *headers, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_nocase(headers[i].name, name))
            return true;
    return false;
}
