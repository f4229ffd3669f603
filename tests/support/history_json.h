/*
 * history_json: a history as lines of JSON, one event each, for whoever gathers it in
 * another language, or wants to read it:
 *
 *   {"do":"sent","lane":"ana>inbound","seq":0}
 *   {"do":"accepted","lane":"ana>inbound","seq":0}
 *   {"do":"arrived","lane":"ana>inbound","seq":0,"key":"k0","contact":"ana"}
 *   {"do":"died"}
 *
 * Members are those of struct history_event, by name; what is left out is not known.
 */
#pragma once

#include "support/history.h"

#include "gateway/status.h"

/* One line, without its end. STATUS_INVALID: err says what is wrong with it. */
MUST_CHECK enum status history_read_line(struct history *history, struct str line,
                                         struct error *err);
void history_write_event(const struct history_event *event, struct buf *out);
