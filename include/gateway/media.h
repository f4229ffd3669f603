/*
 * media: the folder with our own copies of attachments, and the links to them.
 *
 * A file comes in as a draft that has no name yet (engine thread), is judged, synced
 * and named by the files thread, and then belongs to a row of the database. Links are
 * signed and expire; whoever has one needs no database to be served. The folder belongs
 * to one process; nothing in it is ever written to again.
 */
#pragma once

#include "gateway/exchange.h"
#include "gateway/file.h"
#include "gateway/queue.h"
#include "gateway/settings.h"
#include "gateway/status.h"

struct arena;
struct media;

/* Copied by media_open. */
struct media_settings {
    const char *folder;
    int64_t file_max;  /* bytes of one file */
    int64_t total_max; /* of all of them */
    /* Keys of links: the first signs, each one is accepted. Empty: a key of the
     * folder's own, made with it. */
    const struct text_list *link_secrets;
};

/*
 * Makes the folder if it is not there (0700).
 * STATUS_INVALID  it cannot be made, written to, or its key read; err says what to do
 */
MUST_CHECK enum status media_open(const struct media_settings *settings,
                                  struct media **out_media, struct error *err);
void media_close(struct media *media); /* the files thread has ended */
/* Other ceilings and keys; the folder stays. Any thread. STATUS_RETRY: no memory. */
MUST_CHECK enum status media_adopt(struct media *media,
                                   const struct media_settings *settings,
                                   struct error *err);
/* Bytes of all files, drafts included. Any thread. */
int64_t media_bytes(const struct media *media);

/* --- drafts (engine thread)
 * ---------------------------------------------------------------------- */

struct draft;
/* STATUS_RETRY: no room in the folder, or no descriptor. */
MUST_CHECK enum status draft_new(struct media *media, struct draft **out_draft,
                                 struct error *err);
struct sink *draft_sink(struct draft *draft);
/* Why it took no more: for people; empty while it takes. */
struct str draft_trouble(const struct draft *draft, enum reason_code *out_code);
void draft_free(struct draft *draft);

/* --- filing
 * --------------------------------------------------------------------------------------
 */

#define MEDIA_FILE_BYTES 33   /* a random name: 32 hex digits */
#define MEDIA_SHA256_BYTES 65 /* hex */
#define MEDIA_NAME_BYTES 101  /* of a download; UTF-8, no path */
#define MEDIA_TYPE_BYTES 80

/* A file in the folder, as the database keeps it. */
struct media_file {
    char file[MEDIA_FILE_BYTES];
    char name[MEDIA_NAME_BYTES];
    char mime[MEDIA_TYPE_BYTES];
    char sha256[MEDIA_SHA256_BYTES];
    int64_t size;
};

/* A draft on its way to a row. Lent by the engine from recorder.file to
 * dispatcher.filed. */
struct filing {
    struct queue_node node; /* whoever has it */
    struct draft *draft;    /* media's from media_file_draft on */
    int64_t message;
    unsigned ordinal; /* of the attachment */
    struct str claimed_mime;
    struct str claimed_name;
    struct str claimed_sha256; /* counts where it is 64 digits of hex, either case */

    /* STATUS_UNSUPPORTED: not a type that goes on; INVALID: it is empty, or another
     * file than was announced; RETRY: a passing trouble of disk or database. */
    enum status status;
    struct error err;
    enum reason_code reason_code;
    struct media_file kept;

    /* Files thread: it is named and synced, or has failed. */
    void (*synced)(struct filing *filing, void *context);
    void *context;
};

/* Any thread; synced follows, also for what media_stop finds waiting. */
void media_file_draft(struct media *media, struct filing *filing);
/* The files thread: until media_stop, and nothing is left. */
void media_run(struct media *media);
/* One round of it, with what waits now; after media_stop that comes back undone. */
void media_step(struct media *media);
void media_stop(struct media *media);

/* Takes a file away that no row names. Any thread. */
void media_remove(struct media *media, const char *file);
/*
 * Calls `seen` for each file that was named more than `age_ms` ago; those that it says
 * are needed by nobody are removed. For what a crash left between file and row.
 */
typedef enum status media_seen(const char *file, bool *out_is_needed, void *context,
                               struct error *err);
MUST_CHECK enum status media_sweep(struct media *media, int64_t age_ms, int64_t now_ms,
                                   media_seen *seen, void *context, struct error *err);

/* --- what is served
 * ------------------------------------------------------------------------------ */

/* Opens a file for reading; -1: it is not there. Any thread; the caller closes. */
int media_descriptor(const struct media *media, const char *file, int64_t *out_size);

/* "<public_url>/media/<token>", good until `expires_ms` (wall). Engine thread. */
MUST_CHECK enum status media_link(struct media *media, const char *public_url,
                                  const struct media_file *file, int64_t expires_ms,
                                  struct arena *arena, struct str *out_link,
                                  struct error *err);

struct media_ticket {
    char file[MEDIA_FILE_BYTES];
    char name[MEDIA_NAME_BYTES];
    const char *mime;
    bool is_shown; /* a browser may show it; else it is only to be saved */
    int64_t expires_ms;
};
/*
 * Front thread. STATUS_NOT_FOUND: no token of ours (or its keys are gone), or too old;
 * which, nobody is told.
 */
MUST_CHECK enum status media_ticket_read(struct media *media, struct str token,
                                         int64_t now_ms, struct media_ticket *out,
                                         struct error *err);

/* --- types
 * ---------------------------------------------------------------------------------------
 */

/*
 * The type of a file that goes on: its first bytes decide, the claim only between types
 * that look alike. NULL: none that goes on. The index stands in links: append only.
 */
struct media_type {
    const char *mime;
    const char *ending; /* of a name, without the dot */
    bool is_shown;      /* nothing in it runs when a browser shows it */
};
#define MEDIA_HEAD_BYTES 4096
const struct media_type *media_type_of(struct str head, struct str claimed_mime,
                                       struct str claimed_name);
