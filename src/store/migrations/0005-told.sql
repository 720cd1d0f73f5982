-- What a node last told: after a restart of hydrad one that is away is shown as it was.
CREATE TABLE node_told (
    node TEXT PRIMARY KEY REFERENCES nodes (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,                   -- of the form of `reports`; others are passed over
    seen_ms BIGINT NOT NULL,                   -- heard from last, as of the writing
    heard BIGINT NOT NULL,                     -- it was heard then, and so until Hydra ended
    away BIGINT NOT NULL,                      -- it was away, and that was told
    reports TEXT NOT NULL                      -- src/hub/told.h
);
