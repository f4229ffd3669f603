/*
 * models: the shapes of the API's requests, and of the emulator's own orders.
 */
#pragma once

#include "shape.h"
#include "world.h"

/* What the gateway reports. */
extern const struct shape model_message;
extern const struct shape model_receipt;
extern const struct shape model_event;
extern const struct shape model_structured;
extern const char *const receipt_statuses[]; /* these end with NULL */
extern const char *const media_types[];

/* Administration. */
extern const struct shape model_integration_request;
extern const struct shape model_integration_update;
extern const struct shape model_recipient;
extern const struct shape model_threading;
extern const struct shape model_conversation;
extern const struct shape model_agentless;

/* What an agent or a bot shows: an object with its `content`. */
extern const struct shape model_content;

/* /_emulator */
extern const struct shape model_agent;
extern const struct shape model_message_id;
extern const struct shape model_outcome;
extern const struct shape model_conversation_id;
extern const struct shape model_clock;
extern const struct shape model_media_types;
