/*
 * protocol_fixture: files of the fixtures folders as values: requests in, deliveries
 * in, events and exchanges out as JSON, so that a whole result is compared at once.
 */
#pragma once

#include <jansson.h>

#include "gateway/arena.h"
#include "gateway/delivery.h"
#include "gateway/exchange.h"
#include "gateway/http_message.h"

/* Calls `check` for every .json file of a folder, in the order of names.
 * At least one file must be there. */
typedef void fixture_check(const char *name, json_t *fixture);
void fixture_each(const char *folder, fixture_check *check);

/* The member as compact JSON text, or as it is when it is a string. */
struct str fixture_text(const json_t *object, const char *member, struct arena *arena);
/* A number member; `otherwise` when it is missing. */
int64_t fixture_i64(const json_t *object, const char *member, int64_t otherwise);
/* What a delivery or a unit holds, from an object with the members' names. */
void fixture_event(const json_t *object, struct arena *arena, struct event *out);
void fixture_delivery(const json_t *object, struct arena *arena, struct delivery *out);

/* All that is not empty. The caller owns the result. */
json_t *fixture_of_event(const struct event *event);
/* {"method", "url", "headers": {...}, "body"}: the body as JSON where it is JSON; with
 * a file in it also "file", its name, and "body_end". */
json_t *fixture_of_exchange(const struct exchange *exchange);

/* Fails the test and shows both when they differ. */
void expect_json_at(const char *name, const json_t *want, json_t *got, const char *file,
                    int line);
/* Takes `got`. */
#define expect_json(name, want, got) expect_json_at(name, want, got, __FILE__, __LINE__)

/* As in base_json.h, which cannot be included beside Jansson: both name their kinds
 * alike. */
void cjson_fail_from(unsigned nth);
bool cjson_fail_stop(void);
