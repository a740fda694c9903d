"""The store's versions: what each release added, as SQL, oldest first."""

MIGRATIONS = (
    """
    CREATE TABLE clock (tick INTEGER NOT NULL);
    INSERT INTO clock VALUES (0);

    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created REAL NOT NULL
    );

    CREATE TABLE comparisons (
        id INTEGER PRIMARY KEY,
        session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        asked TEXT NOT NULL,
        created REAL NOT NULL,
        cancelled REAL,
        changed INTEGER NOT NULL
    );
    CREATE INDEX comparisons_by_session ON comparisons (session);

    CREATE TABLE trials (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        asked TEXT NOT NULL,
        device TEXT NOT NULL,
        program TEXT NOT NULL,
        epochs_asked INTEGER NOT NULL,
        status TEXT NOT NULL,
        queued INTEGER NOT NULL,
        cancel INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        epochs INTEGER NOT NULL DEFAULT 0,
        seconds REAL,
        scores TEXT,
        environment TEXT,
        error TEXT,
        finished REAL,
        changed INTEGER NOT NULL
    );
    CREATE INDEX trials_by_status ON trials (status, device, program, epochs_asked);
    CREATE INDEX trials_by_change ON trials (changed);

    CREATE TABLE comparison_trials (
        comparison INTEGER NOT NULL REFERENCES comparisons (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        trial INTEGER NOT NULL REFERENCES trials (id),
        PRIMARY KEY (comparison, position)
    ) WITHOUT ROWID;
    CREATE INDEX comparisons_of_trial ON comparison_trials (trial);

    CREATE TABLE curves (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        trial INTEGER NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
        start INTEGER NOT NULL,
        epochs INTEGER NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX curves_of_trial ON curves (trial);

    CREATE TABLE workers (
        device TEXT PRIMARY KEY,
        pid INTEGER NOT NULL,
        state TEXT NOT NULL,
        message TEXT NOT NULL,
        environment TEXT,
        changed INTEGER NOT NULL
    );
    """,
    """
    ALTER TABLE trials ADD COLUMN note TEXT;
    ALTER TABLE trials ADD COLUMN anatomy TEXT
    """,
    """
    ALTER TABLE clock ADD COLUMN given INTEGER NOT NULL DEFAULT 0;

    CREATE TABLE models (
        trial INTEGER PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
        about TEXT NOT NULL,
        data BLOB NOT NULL
    );

    CREATE TABLE samples (
        key TEXT PRIMARY KEY,
        about TEXT NOT NULL,
        features BLOB NOT NULL,
        target BLOB NOT NULL
    );

    CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);

    CREATE INDEX trials_by_number ON trials (id, status)
    """,
    """
    CREATE TABLE checkpoints (
        trial INTEGER PRIMARY KEY REFERENCES trials (id) ON DELETE CASCADE,
        epochs INTEGER NOT NULL,
        seconds REAL NOT NULL,
        state BLOB NOT NULL
    )
    """,
    """
    ALTER TABLE comparisons ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE comparisons SET checksum = checksum(asked);
    ALTER TABLE trials ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE trials SET checksum = checksum(asked, scores, note, anatomy);
    ALTER TABLE curves ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE curves SET checksum = checksum(trial, start, epochs, data);
    ALTER TABLE models ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE models SET checksum = checksum(trial, about, data);
    ALTER TABLE samples ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE samples SET checksum = checksum(key, about, features, target);
    ALTER TABLE checkpoints ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE checkpoints SET checksum = checksum(trial, epochs, state)
    """,
    """
    ALTER TABLE clock ADD COLUMN store TEXT NOT NULL DEFAULT '';
    UPDATE clock SET store = lower(hex(randomblob(16)));
    ALTER TABLE trials ADD COLUMN alone INTEGER NOT NULL DEFAULT 0
    """,
    """
    DROP INDEX comparisons_of_trial;
    CREATE INDEX comparisons_of_trial ON comparison_trials (trial, comparison)
    """,
)
"""Script n takes a store from version n to n + 1. A script that was released is never edited.

`curves.data` holds float32, little-endian, (epochs, columns): for each split of the protocol in order its loss, then
its metric. A chunk replaces what was there from its `start` on. `trials.queued` is the tick at which a trial was last
queued: a comparison asked for before that has seen it end, and no longer waits for it. `clock.given` is the largest
number of any comparison or trial that was deleted: none is given twice, since viewers know rows by their numbers.
`clock.store` is the store's id, which lies in the same row so that each transaction in SQLite's log bears it: see
`foreign_log`. `trials.alone` says that a trial was beside others when a worker died, and is trained by itself next.
`models.about` and `samples.about` are `Model` or `KeptOutputs`, and `Sample`, in JSON, but for the numbers, which lie
beside them.
From version 7 on a trial may be on stressed data (`severity` in `asked`), which an older lossterm would take for plain
ones; its index names the comparisons of a trial, of which a sweep's plain trials have several.
`checkpoints` hold long trainings that have not ended well: where another worker goes on. `checksum` is that of the
columns in `checksum.COVERED`, as the function of the same name gives it, which every connection knows.
"""

VERSION = len(MIGRATIONS)
