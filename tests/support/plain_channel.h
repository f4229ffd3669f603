/*
 * plain_channel: what channels of tests share: settings without rows, and
 * configurations from a text.
 */
#pragma once

#include "gateway/channel.h"
#include "gateway/config.h"

enum status plain_settings_ready(void *settings, struct error *err);
void plain_settings_release(void *settings);

/* Of a text that must load and names no files; config_drop it. */
struct config *plain_config(const char *text, const struct channel *const *channels);
