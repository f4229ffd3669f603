-- Copies of attachments: found by their bytes, so that the same file is kept once, and by
-- name, so that a file nobody needs can go.
CREATE INDEX media_sha256 ON media (sha256);
CREATE INDEX media_file ON media (file);
