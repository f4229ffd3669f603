-- The core schema. Times are milliseconds since the Unix epoch, UTC; empty texts are NULL;
-- numbers of enums are those of include/gateway/{event,delivery,sender}.h.
-- Operators read the views at the end: their names and columns are stable, tables are not.

-- "omgw": lets file(1) and this program recognise the file.
PRAGMA application_id = 0x6f6d6777;

CREATE TABLE schema_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied_ms INTEGER NOT NULL
) STRICT;

-- 'id_key': the key of the id index, made with the database.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Who may deliver which lanes. SQLite has one owner for all.
CREATE TABLE lane_groups (
    lane_group INTEGER PRIMARY KEY,
    owner TEXT,
    epoch INTEGER NOT NULL
) STRICT;
INSERT INTO lane_groups (lane_group, owner, epoch)
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 255)
    SELECT i, NULL, 1 FROM n;

CREATE TABLE bridges (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    integration_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE contacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bridge_row INTEGER NOT NULL REFERENCES bridges (id),
    external_id TEXT NOT NULL,
    address TEXT, -- the latest alias: outbound messages go there
    conversation INTEGER, -- the latest
    profile_tag INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    name TEXT,
    first_name TEXT,
    last_name TEXT,
    attributes TEXT -- JSON
) STRICT;
CREATE UNIQUE INDEX contacts_external_id ON contacts (bridge_row, external_id);

CREATE TABLE contact_aliases (
    bridge_row INTEGER NOT NULL REFERENCES bridges (id),
    alias TEXT NOT NULL,
    contact_row INTEGER NOT NULL REFERENCES contacts (id),
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (bridge_row, alias)
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact_row INTEGER NOT NULL REFERENCES contacts (id),
    opened_ms INTEGER NOT NULL,
    last_activity_ms INTEGER NOT NULL,
    closed_ms INTEGER,
    last_message INTEGER, -- where the chain of messages.previous begins
    message_count INTEGER NOT NULL DEFAULT 0,
    genesys_id TEXT -- the latest of conversation_links
) STRICT;
CREATE INDEX conversations_contact ON conversations (contact_row);

CREATE TABLE conversation_links (
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    genesys_id TEXT NOT NULL,
    linked_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, genesys_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_links_genesys ON conversation_links (genesys_id);

CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    public_id TEXT NOT NULL,
    bridge_row INTEGER NOT NULL REFERENCES bridges (id),
    contact_row INTEGER NOT NULL REFERENCES contacts (id),
    conversation INTEGER NOT NULL,
    direction INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    status INTEGER NOT NULL,
    status_ms INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    target INTEGER, -- the message it is about
    previous INTEGER, -- the one before it in its conversation: see below
    source_id TEXT, -- its id at the side that sent it
    trace TEXT -- W3C traceparent
) STRICT;
-- Numbers must not come twice, also when old rows are deleted: other tables and the id index
-- hold them. AUTOINCREMENT would promise that at a price for each row; the newest number is
-- the one of the newest row as long as that row stays.
CREATE TRIGGER messages_keep_newest BEFORE DELETE ON messages
WHEN old.id = (SELECT max(id) FROM messages)
BEGIN
    SELECT RAISE(ABORT, 'the newest message keeps its number');
END;

-- No index by conversation: each message would write a page of its own of it, and ever more
-- slowly. The messages of a conversation are a chain, latest first.

-- What a message says, apart from the message: it is kept shorter, and a change of status
-- shall not write it again.
CREATE TABLE message_bodies (
    message INTEGER PRIMARY KEY REFERENCES messages (id),
    text TEXT,
    extra TEXT -- JSON
) STRICT;

CREATE TABLE choices (
    message INTEGER NOT NULL REFERENCES messages (id),
    ordinal INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    label TEXT,
    payload TEXT,
    PRIMARY KEY (message, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE media (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL REFERENCES messages (id),
    ordinal INTEGER NOT NULL,
    state INTEGER NOT NULL,
    file TEXT, -- random name in media_dir
    mime TEXT,
    name TEXT,
    sha256 TEXT,
    size INTEGER,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX media_message ON media (message);

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES messages (id),
    bridge_row INTEGER NOT NULL REFERENCES bridges (id),
    contact_row INTEGER NOT NULL REFERENCES contacts (id),
    direction INTEGER NOT NULL,
    state INTEGER NOT NULL,
    flags INTEGER NOT NULL, -- see sqlite_deliveries.c
    created_ms INTEGER NOT NULL,
    previous_conversation INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    parts_done INTEGER NOT NULL DEFAULT 0,
    possible_duplicates INTEGER NOT NULL DEFAULT 0,
    age_ms INTEGER NOT NULL DEFAULT 0,
    http_status INTEGER,
    reason_code INTEGER,
    started_ms INTEGER,
    ended_ms INTEGER,
    provider_id TEXT, -- of part 0
    reason TEXT
) STRICT;
CREATE TRIGGER deliveries_keep_newest BEFORE DELETE ON deliveries
WHEN old.id = (SELECT max(id) FROM deliveries)
BEGIN
    SELECT RAISE(ABORT, 'the newest delivery keeps its number');
END;
CREATE INDEX deliveries_message ON deliveries (message);
-- Only what waits is in it, so it stays small; a lane is one run of it, in order.
CREATE INDEX deliveries_pending ON deliveries (bridge_row, contact_row, direction)
    WHERE state < 2;
CREATE INDEX deliveries_dead ON deliveries (bridge_row) WHERE state = 3;

-- Parts after the first of a message that went in several.
CREATE TABLE message_parts (
    delivery INTEGER NOT NULL REFERENCES deliveries (id),
    part INTEGER NOT NULL,
    provider_id TEXT,
    PRIMARY KEY (delivery, part)
) STRICT, WITHOUT ROWID;

-- Failed and repeated ones; a success at once is columns of the delivery.
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    class INTEGER NOT NULL, -- 0 of a delivery, 1 of the receipt of a message
    subject INTEGER NOT NULL, -- id of the one or the other
    number INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    http_status INTEGER,
    reason_code INTEGER,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL,
    reason TEXT
) STRICT;
CREATE INDEX attempts_subject ON attempts (subject, class);

CREATE TABLE receipts (
    message INTEGER PRIMARY KEY REFERENCES messages (id),
    direction INTEGER NOT NULL,
    status INTEGER NOT NULL,
    state INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    age_ms INTEGER NOT NULL DEFAULT 0,
    http_status INTEGER,
    ended_ms INTEGER,
    reason_code INTEGER NOT NULL,
    reason TEXT,
    failure TEXT -- why the last attempt to tell it failed
) STRICT;
CREATE INDEX receipts_unsent ON receipts (message) WHERE state < 2;

-- Receipts that came before their message, under the key of the id they name.
CREATE TABLE pending_receipts (
    key BLOB PRIMARY KEY,
    direction INTEGER NOT NULL,
    status INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    reason_code INTEGER NOT NULL,
    reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_receipts_created ON pending_receipts (created_ms);

CREATE TABLE pauses (
    scope INTEGER NOT NULL,
    name TEXT NOT NULL,
    reason TEXT,
    set_by TEXT,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE consents (
    contact_row INTEGER NOT NULL REFERENCES contacts (id),
    topic TEXT NOT NULL,
    is_given INTEGER NOT NULL,
    source TEXT,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (contact_row, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    details TEXT -- JSON
) STRICT;
CREATE INDEX audit_at ON audit (at_ms);

-- One table ids_<number> each; all but the newest are sealed and have a filter.
CREATE TABLE id_partitions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key_count INTEGER, -- NULL: the newest
    newest_ms INTEGER,
    filter BLOB
) STRICT;

-- Views -------------------------------------------------------------------------------

CREATE VIEW v_bridges AS
SELECT
    b.name AS bridge,
    b.channel,
    b.integration_id,
    (SELECT count(*) FROM deliveries AS d
      WHERE d.bridge_row = b.id AND d.state < 2) AS pending,
    (SELECT count(*) FROM deliveries AS d
      WHERE d.bridge_row = b.id AND d.state = 3) AS dead_letters,
    strftime('%Y-%m-%dT%H:%M:%fZ', b.created_ms / 1000.0, 'unixepoch') AS created
FROM bridges AS b;

CREATE VIEW v_conversations AS
SELECT
    v.id AS conversation,
    b.name AS bridge,
    c.external_id AS contact,
    c.name AS contact_name,
    (SELECT group_concat(l.genesys_id, ' ') FROM conversation_links AS l
      WHERE l.conversation = v.id) AS genesys_conversations,
    v.message_count AS messages,
    strftime('%Y-%m-%dT%H:%M:%fZ', v.opened_ms / 1000.0, 'unixepoch') AS opened,
    strftime('%Y-%m-%dT%H:%M:%fZ', v.last_activity_ms / 1000.0, 'unixepoch')
        AS last_activity,
    strftime('%Y-%m-%dT%H:%M:%fZ', v.closed_ms / 1000.0, 'unixepoch') AS closed
FROM conversations AS v
JOIN contacts AS c ON c.id = v.contact_row
JOIN bridges AS b ON b.id = c.bridge_row;

CREATE VIEW v_messages AS
SELECT
    m.public_id AS message,
    m.id AS number,
    b.name AS bridge,
    c.external_id AS contact,
    m.conversation,
    CASE m.direction WHEN 0 THEN 'inbound' ELSE 'outbound' END AS direction,
    CASE m.kind WHEN 0 THEN 'message' WHEN 1 THEN 'edit' WHEN 2 THEN 'deletion'
        WHEN 3 THEN 'reaction' WHEN 4 THEN 'answer' WHEN 5 THEN 'receipt'
        WHEN 6 THEN 'typing' WHEN 7 THEN 'left' WHEN 8 THEN 'identity'
        WHEN 9 THEN 'unreadable' END AS kind,
    CASE m.status WHEN 0 THEN 'accepted' WHEN 1 THEN 'sent' WHEN 2 THEN 'delivered'
        WHEN 3 THEN 'read' WHEN 4 THEN 'failed' END AS status,
    m.source_id AS sender_id,
    t.public_id AS about,
    p.text,
    p.extra,
    strftime('%Y-%m-%dT%H:%M:%fZ', m.time_ms / 1000.0, 'unixepoch') AS time,
    strftime('%Y-%m-%dT%H:%M:%fZ', m.accepted_ms / 1000.0, 'unixepoch') AS accepted,
    strftime('%Y-%m-%dT%H:%M:%fZ', m.status_ms / 1000.0, 'unixepoch') AS status_since,
    m.trace
FROM messages AS m
JOIN contacts AS c ON c.id = m.contact_row
JOIN bridges AS b ON b.id = m.bridge_row
LEFT JOIN messages AS t ON t.id = m.target
LEFT JOIN message_bodies AS p ON p.message = m.id;

CREATE VIEW v_deliveries AS
SELECT
    d.id AS delivery,
    m.public_id AS message,
    b.name AS bridge,
    c.external_id AS contact,
    m.conversation,
    CASE d.direction WHEN 0 THEN 'inbound' ELSE 'outbound' END AS direction,
    CASE d.state WHEN 0 THEN 'ready' WHEN 1 THEN 'waiting' WHEN 2 THEN 'done'
        WHEN 3 THEN 'dead' WHEN 4 THEN 'dropped' END AS state,
    d.flags & 4 = 4 AS replay,
    d.attempts,
    d.parts_done,
    d.possible_duplicates,
    d.age_ms,
    d.http_status,
    (SELECT group_concat(provider_id, ' ') FROM (
        SELECT d.provider_id AS provider_id
        UNION ALL
        SELECT q.provider_id FROM message_parts AS q WHERE q.delivery = d.id))
        AS receiver_ids,
    d.reason,
    strftime('%Y-%m-%dT%H:%M:%fZ', d.created_ms / 1000.0, 'unixepoch') AS created,
    strftime('%Y-%m-%dT%H:%M:%fZ', d.started_ms / 1000.0, 'unixepoch') AS started,
    strftime('%Y-%m-%dT%H:%M:%fZ', d.ended_ms / 1000.0, 'unixepoch') AS ended
FROM deliveries AS d
JOIN messages AS m ON m.id = d.message
JOIN contacts AS c ON c.id = d.contact_row
JOIN bridges AS b ON b.id = d.bridge_row;

CREATE VIEW v_dead_letters AS
SELECT
    d.id AS delivery,
    m.public_id AS message,
    b.name AS bridge,
    c.external_id AS contact,
    CASE d.direction WHEN 0 THEN 'inbound' ELSE 'outbound' END AS direction,
    d.reason,
    d.http_status,
    d.attempts,
    p.text,
    strftime('%Y-%m-%dT%H:%M:%fZ', m.accepted_ms / 1000.0, 'unixepoch') AS accepted,
    strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(d.ended_ms, d.created_ms) / 1000.0,
        'unixepoch') AS died
FROM deliveries AS d
JOIN messages AS m ON m.id = d.message
JOIN contacts AS c ON c.id = d.contact_row
JOIN bridges AS b ON b.id = d.bridge_row
LEFT JOIN message_bodies AS p ON p.message = m.id
WHERE d.state = 3;

-- Which id of one side is which id of the other.
CREATE VIEW v_mappings AS
SELECT
    b.name AS bridge,
    c.external_id AS contact,
    m.conversation,
    m.public_id AS message,
    m.source_id AS sender_id,
    (SELECT group_concat(provider_id, ' ') FROM (
        SELECT d.provider_id AS provider_id FROM deliveries AS d WHERE d.message = m.id
        UNION ALL
        SELECT q.provider_id FROM deliveries AS d
        JOIN message_parts AS q ON q.delivery = d.id WHERE d.message = m.id))
        AS receiver_ids,
    (SELECT group_concat(l.genesys_id, ' ') FROM conversation_links AS l
      WHERE l.conversation = m.conversation) AS genesys_conversations,
    CASE m.direction WHEN 0 THEN 'inbound' ELSE 'outbound' END AS direction,
    CASE m.status WHEN 0 THEN 'accepted' WHEN 1 THEN 'sent' WHEN 2 THEN 'delivered'
        WHEN 3 THEN 'read' WHEN 4 THEN 'failed' END AS status,
    strftime('%Y-%m-%dT%H:%M:%fZ', m.accepted_ms / 1000.0, 'unixepoch') AS accepted,
    strftime('%Y-%m-%dT%H:%M:%fZ', m.status_ms / 1000.0, 'unixepoch') AS status_since
FROM messages AS m
JOIN contacts AS c ON c.id = m.contact_row
JOIN bridges AS b ON b.id = m.bridge_row;
