-- The management controllers by which nodes are switched on and off.
CREATE TABLE bmcs (
    node TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    user_name TEXT NOT NULL,
    password TEXT NOT NULL,                    -- sealed with the key in the data folder
    via TEXT NOT NULL DEFAULT '',              -- the node that asks it; '' = the hub's own
    changed_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
