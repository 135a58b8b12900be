-- Pages with their conditions that users keep under a name (FS-54). sealed: name and address, for either may tell an MPAN.
CREATE TABLE saved_view (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user TEXT NOT NULL REFERENCES user (name) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    shared INTEGER NOT NULL CHECK (shared IN (0, 1)),
    made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX saved_view_by_user ON saved_view (user);
