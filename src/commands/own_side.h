/*
 * own_side: what is wrong with a bridge on this machine: settings, its public address,
 * the running gateway, pauses.
 */
#pragma once

#include "gateway/config.h"
#include "gateway/setup.h"

/* False: without a public_url nothing else can be asked. */
MUST_CHECK bool own_side_settings(struct setup *setup, const struct config *config);
void own_side_gateway(struct setup *setup, const struct config *config);
