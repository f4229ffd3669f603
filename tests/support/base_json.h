/*
 * base_json: what the tests of the JSON door share: exact-size parsing and allocations
 * of cJSON that fail on demand.
 */
#pragma once

#include "gateway/json.h"

/* As json_parse, from memory that ends where the bytes end, so that the sanitizer sees
 * a read behind them. */
enum status parse_exactly(struct str bytes, unsigned max_depth, struct json **out_json,
                          struct error *err);

/* Valid text, or the test fails; json_free it. */
struct json *parsed(const char *text);

/* From now on the allocation number `nth` (from 0) of cJSON fails, and all behind it.
 */
void cjson_fail_from(unsigned nth);
/* Back to malloc. True when an allocation was refused since cjson_fail_from. */
bool cjson_fail_stop(void);
