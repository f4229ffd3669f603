/*
 * choice: the token of a button, for channels whose buttons hold less than a payload
 * (Telegram: 64 bytes). Made and read here alone: "<message number>-<ordinal>", both in
 * base 36. Source: design.md section 6, "Rich content". Pure; any thread.
 */
#pragma once

#include "gateway/text.h"

/* Two numbers of at most 13 digits, a dash, a terminator. */
#define CHOICE_TOKEN_BYTES 28

void choice_token(int64_t message, unsigned ordinal, char out_text[CHOICE_TOKEN_BYTES]);
/* The token as a member of a JSON object. */
struct json;
void choice_add(struct json *object, const char *name, int64_t message,
                unsigned ordinal);
/* False when the text is no such token. */
MUST_CHECK bool choice_token_read(struct str text, int64_t *out_message,
                                  unsigned *out_ordinal);
