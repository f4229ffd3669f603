/*
 * user: who a person of this machine is, in words for other persons.
 */
#pragma once

#include "gateway/base.h"

#define USER_TEXT_BYTES 96
/* "alice (1000)", or "1000" where the machine does not know the name. Any thread. */
void user_describe(uint32_t uid, char out[USER_TEXT_BYTES]);
