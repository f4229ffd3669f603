/*
 * channel: everything one kind of messaging service brings. One static const record per
 * channel, listed in channels/channels.c; every member is required.
 */
#pragma once

#include "gateway/sender.h"
#include "gateway/settings.h"
#include "gateway/setup.h"
#include "gateway/source.h"

/* How often a service may be asked: one request each `interval_us`, of which `burst`
 * may come at once. An interval of 0: no limit. */
struct pace {
    int64_t interval_us;
    int64_t burst; /* at least 1 where there is an interval */
};

/* What a card may hold; 0: anything. A message whose cards do not all fit shows none as
 * such. Texts are counted in code points. */
struct card_limits {
    size_t cards;   /* of one message */
    size_t choices; /* of one card, links included */
    size_t title;
    size_t description;
    size_t label; /* of a choice */
};

/* One form in which the service takes files; the first that fits a file is its form. */
struct file_form {
    const char *mime;   /* "image/jpeg", "image/" for all that begin so, "" for any */
    int64_t max_bytes;  /* 0: any size */
    int form;           /* the channel's own word for it */
    size_t caption_max; /* of a text that goes with it, in UTF-16 units; 0: none does */
};
#define KIBIBYTES(count) ((int64_t)(count) << 10)
#define MEBIBYTES(count) ((int64_t)(count) << 20)

/* What the service can show, and how fast; drives degradation and pacing. */
struct capabilities {
    int64_t text_max; /* code points in one message */
    unsigned quick_replies_max;
    size_t
        label_max; /* code points of a quick reply; longer ones go as numbers; 0: any */
    bool cards;
    struct card_limits card_limits;
    const struct file_form *file_forms; /* other files go as links in the text */
    size_t file_form_count;
    bool files_with_text;       /* a message holds text and any files, as links */
    bool receipts;              /* it reports delivered or failed by itself */
    bool typing;                /* agent typing can be shown */
    bool typing_names_message;  /* it is shown under a message of the contact */
    int64_t typing_every_ms;    /* it stays shown so long; 0: say it each time */
    bool has_idempotency_key;   /* a repeat is recognised by the peer */
    bool wants_status_accepted; /* message.status accepted is sent */
    bool wants_status_failed;
    /* Messages are taken only so long after the contact wrote; 0: always. */
    int64_t session_ms;
    struct pace account_pace; /* of all that a bridge sends */
    struct pace contact_pace; /* of what it sends to one contact */
};

struct channel {
    const char *name; /* in the configuration; also the name of its settings section */
    const struct setting_row *settings_rows;
    size_t settings_row_count;
    size_t settings_size;
    /* After all rows are filled: derives keys, checks what rows cannot say. */
    enum status (*settings_ready)(void *settings, struct error *err);
    /* Frees what settings_ready made; the rows' own values are config's. */
    void (*settings_release)(void *settings);
    void (*capabilities)(const struct bridge *bridge, struct capabilities *out);
    const struct source *source;
    const struct sender *sender;
    const struct setup_plan *setup; /* setup_none: there is no way to */
};
