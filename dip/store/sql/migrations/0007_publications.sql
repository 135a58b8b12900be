-- Pattern B: payloads, the messages that announced them, what each said of its payloads.
CREATE TABLE payload (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    upload TEXT NOT NULL UNIQUE,
    channel TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    sender TEXT NOT NULL,
    media_type TEXT NOT NULL,
    compression TEXT CHECK (compression IN ('gzip', 'zip')),
    size INTEGER NOT NULL,
    unpacked_size INTEGER,
    sha256 BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('receiving', 'whole', 'published', 'removed')),
    received INTEGER NOT NULL DEFAULT 0,
    begun_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    publication INTEGER,
    published_at INTEGER,
    removed_at INTEGER,
    removed_why TEXT,
    UNIQUE (channel, name, version)
) STRICT;
CREATE INDEX payload_unpublished ON payload (changed_at) WHERE state IN ('receiving', 'whole');
CREATE INDEX payload_published ON payload (channel, name, publication, id) WHERE state = 'published';
CREATE INDEX payload_removed ON payload (removed_at) WHERE state = 'removed';

CREATE TABLE publication (
    id INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    event TEXT NOT NULL,
    sender TEXT NOT NULL,
    description TEXT,
    version TEXT,
    issued TEXT,
    announced_at INTEGER NOT NULL,
    content_digest BLOB NOT NULL,
    content_held INTEGER NOT NULL DEFAULT 1 CHECK (content_held IN (0, 1))
) STRICT;
CREATE INDEX publication_by_channel ON publication (channel, id);
CREATE INDEX publication_by_time ON publication (announced_at);
CREATE INDEX publication_with_content ON publication (id) WHERE content_held = 1;

CREATE TABLE distribution_variant (
    publication INTEGER NOT NULL REFERENCES publication (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    payload INTEGER REFERENCES payload (id),
    uri TEXT NOT NULL,
    variant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    version TEXT NOT NULL,
    issued TEXT NOT NULL,
    format TEXT,
    delivery_format TEXT,
    information TEXT,
    PRIMARY KEY (publication, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX distribution_variant_by_payload ON distribution_variant (payload) WHERE payload IS NOT NULL;
