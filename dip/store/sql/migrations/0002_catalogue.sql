-- What was changed of the catalogue while it served, laid over its files (5.3). Without text: removed.
CREATE TABLE catalogue_version (
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    at INTEGER NOT NULL,
    author TEXT NOT NULL,
    text TEXT,
    base INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;

-- A channel's maintenance, under way or announced (5.13.5). Without an end: until somebody ends it.
CREATE TABLE channel_pause (
    channel TEXT PRIMARY KEY,
    starts INTEGER NOT NULL,
    ends INTEGER CHECK (ends > starts),
    author TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
