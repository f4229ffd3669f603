/*
 * files: attachments of customers' messages, and the gateway's folder for them. Only
 * where the plan has some: other seeds have no folder.
 */
#pragma once

#include "peer.h"

#define FILES_HOST "http://files/"

void files_open(struct sim *sim);
void files_close(struct sim *sim);

/* NULL: none. Of one life of the gateway. */
struct media *files_open_media(const struct sim *sim);
/* The relay's, with a files thread behind it. */
struct recorder files_recorder(const struct sim *sim);
/* The files thread ends; what waits for it comes back. */
void files_stop(const struct sim *sim);

/* Now and then an attachment, as a member of the message behind a comma. */
struct str files_of_message(struct sim *sim, struct str mark);
void files_handle(struct sim *sim, const struct peer_request *request,
                  struct peer_answer *out);
