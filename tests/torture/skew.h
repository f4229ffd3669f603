/* skew: every clock of the process runs ahead by so much. */
#pragma once

#include <stdint.h>

void skew_add_ms(int64_t ms);
