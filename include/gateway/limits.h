/*
 * limits: every ceiling that is not a setting, with its reason.
 */
#pragma once

/* An id of a person, message or webhook. Source: design.md section 2. */
#define LIMIT_ID_BYTES 255
/* Events in one webhook request: bounds one savepoint. Source: design.md section 4. */
#define LIMIT_UNIT_EVENTS 2000
/* What is kept of an unreadable event. Source: design.md section 5. */
#define LIMIT_UNREADABLE_BYTES (64 * 1024)
/* Nesting of JSON from outside. Source: design.md section 5. */
#define LIMIT_JSON_DEPTH 32
/* Memory that decoding one request may take on top of its body: a 1 MiB body of tiny
 * members grows about tenfold as a tree, but arenas only hold what decode keeps. */
#define LIMIT_REQUEST_ARENA_BYTES (8u * 1024 * 1024)
/* Memory of one attempt: body, headers and the reply's ids. */
#define LIMIT_ATTEMPT_ARENA_BYTES (4u * 1024 * 1024)
/* Body of one request to a peer: as much as a webhook may bring by default. Genesys
 * takes half of it. Source: genesys/open-messaging.md section 6. */
#define LIMIT_EXCHANGE_BYTES (1024u * 1024)
/* What an exchange may take beside its body: URL, headers, signatures, reasons, ids. */
#define LIMIT_EXCHANGE_EXTRA_BYTES (64u * 1024)
/* Answer body of a peer that is kept; the rest is read and dropped. */
#define LIMIT_REPLY_BYTES (256u * 1024)
/* Reason text kept with a dead letter or an attempt. */
#define LIMIT_REASON_BYTES 512
/* Longest text a partner may send, code points. Source: partner-contract.md. */
#define LIMIT_PARTNER_TEXT 20000
/* Attachments of one message of a partner: each is a message of its own at Genesys. */
#define LIMIT_PARTNER_ATTACHMENTS 100
/* Longest text of one Genesys message, code points.
 * Source: genesys/open-messaging.md section 3.1. */
#define LIMIT_GENESYS_TEXT 4000
/* Serialised customAttributes, bytes. Source: genesys/open-messaging.md section 3.1. */
#define LIMIT_ATTRIBUTES_BYTES 1900
/* Of a fetch, until the connection stands: a SYN that is lost twice is still answered
 * (1 + 2 s), then name and TLS; less than a third of the 60 s that a message waits. */
#define LIMIT_FETCH_CONNECT_MS 10000
/* A fetch slower than that for so long has hung. At that pace not even a small picture
 * would come within the 60 s that a message waits; 15 s leave time for three tries. */
#define LIMIT_FETCH_BYTES_PER_S 1024
#define LIMIT_FETCH_SLOW_S 15
/* Write jobs of one transaction: more only adds latency (6 ms at 256).
 * Source: performance.md section 8, "Group commit". */
#define LIMIT_WRITER_BATCH 256
/* Attempts whose outcome waits for its commit: one batch that commits and one behind it
 * keep the writer busy. Each holds 6 KB; a fast peer would otherwise end thousands
 * within one slow transaction. */
#define LIMIT_UNCOMMITTED (2 * LIMIT_WRITER_BATCH)
