-- The id index, written in the order in which keys come and not where they would be sorted:
-- see src/store/ids.h. A key is a keyed hash of 16 bytes; an entry is the key, the message
-- (8 bytes) and a tag (4 bytes), numbers little-endian.

-- What there was before: one table ids_<number> each. Emptied into the new ones, and dropped,
-- by the first start that finds them.
ALTER TABLE id_partitions RENAME TO id_tables;

-- The keys of each transaction, entry behind entry, until their partition is sealed.
CREATE TABLE id_batches (
    id INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    newest_ms INTEGER NOT NULL,
    entries BLOB NOT NULL
) STRICT;

-- The keys of sealed partitions: bucket b of partition p is row 2048 * p + b.
CREATE TABLE id_buckets (
    id INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;

-- Sealed partitions, with the filter that says which keys they do not hold.
CREATE TABLE id_partitions (
    number INTEGER PRIMARY KEY,
    key_count INTEGER NOT NULL,
    newest_ms INTEGER NOT NULL,
    filter BLOB NOT NULL
) STRICT;
