#include "gateway/exchange.h"

#include <assert.h>

void exchange_header(struct exchange *exchange, struct str name, struct str value)
{
    assert(exchange->header_count < EXCHANGE_HEADERS_MAX);
    exchange->headers[exchange->header_count++] = (struct http_header){name, value};
}
