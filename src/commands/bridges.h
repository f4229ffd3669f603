/*
 * bridges: what commands that speak of bridges share.
 */
#pragma once

#include "gateway/arena.h"
#include "gateway/store.h"

/* Whether a pause holds that bridge, which is of that organisation (NULL: of none). */
bool pause_concerns(const struct pause *pause, const char *bridge,
                    const char *organisation);
/* "scope since TIME by WHOM: why", for people. */
struct str pause_words(const struct pause *pause, struct arena *arena);
