/*
 * files: the bytes that messages point to: what the agent attaches, and what was
 * fetched of what customers attached.
 *
 * Memory only, and nothing is dropped to make room. Belongs to the front thread.
 */
#pragma once

#include "gateway/crypto.h"
#include "world.h"

/* Of each side. */
#define FILES_MAX 64

enum file_origin { FILE_OF_AGENT, FILE_OF_CUSTOMER };

struct kept_file {
    char id[UUID_BYTES];
    enum file_origin origin;
    char *name;     /* owned, as all here */
    char *type;     /* media type */
    int descriptor; /* of its bytes, in memory all the same */
    int64_t size;
    char sha256[2 * SHA256_BYTES + 1]; /* hex */
    int64_t at_ms;
    int64_t downloads; /* by what asked as a gateway does */
    struct lookup_entry by_id;
};

struct files {
    struct rows rows; /* struct kept_file, of both sides */
    size_t counts[2]; /* by origin */
    struct lookup by_id;
};

void files_init(struct files *files);
void files_clear(struct files *files);
/* Whether there is room for one more. */
bool files_have_room(const struct files *files, enum file_origin origin);

/* What is kept. All is borrowed, and copied by files_add. */
struct file_text {
    enum file_origin origin;
    struct str name;
    struct str type;
    struct str bytes;
};
/* NULL: no room, no memory or no descriptor. `world` gives the id and the time. */
struct kept_file *files_add(struct files *files, struct world *world,
                            const struct file_text *text);
/* For reading it from its beginning; -1: no descriptor. The caller closes. */
int file_open(const struct kept_file *file);
struct kept_file *files_find(const struct files *files, struct str id);

/* A name without a path, up to 255 bytes of UTF-8. */
bool file_name_is_valid(struct str name);
/* Image, Video, Audio or File. Source: schemas.json, ConversationContentAttachment. */
const char *attachment_kind(struct str type);

/* The path to a file: where a gateway gets it, and where the agent's page does. */
void print_download_path(struct buf *out, const struct kept_file *file);
void print_control_path(struct buf *out, const char *id, const char *name);
/* Attachment of a message of the agent, as Genesys describes it. `base` is the address
 * that links begin with. Source: open-messaging.md, section 4.4. */
void print_attachment(struct buf *out, const struct kept_file *file, const char *base);
