-- Nodes whose agents report over the network. The one that hydrad itself watches has no row.
CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    hostname TEXT NOT NULL DEFAULT '',
    machine_id TEXT NOT NULL DEFAULT '',
    agent_version TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',          -- the last it came from, without port
    public_key TEXT NOT NULL,                  -- hex, Ed25519
    serial TEXT NOT NULL,                      -- of the certificate that counts
    next_serial TEXT NOT NULL DEFAULT '',      -- issued, not yet shown; '' = none
    until_ms BIGINT NOT NULL,                  -- of the newest certificate
    enrolled_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL DEFAULT 0          -- 0 = never linked
);

-- One-time tokens that let a machine become a node.
CREATE TABLE enrolments (
    id TEXT PRIMARY KEY,
    node TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    replaces BIGINT NOT NULL DEFAULT 0,        -- may take the place of a node of this name
    created_by TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms BIGINT NOT NULL DEFAULT 0,         -- 0 = not yet
    trouble TEXT NOT NULL DEFAULT '',          -- why a machine was refused with it last
    trouble_ms BIGINT NOT NULL DEFAULT 0
);

-- Work that takes longer than a click.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,                        -- the verb: "unit.restart"
    node TEXT NOT NULL,
    target TEXT NOT NULL DEFAULT '',           -- as the node calls it
    service TEXT NOT NULL DEFAULT '',          -- the cluster's id; '' = the node itself
    argument TEXT NOT NULL DEFAULT '',
    parent TEXT NOT NULL DEFAULT '',           -- the job it is a part of
    state TEXT NOT NULL,                       -- waiting running done failed refused cancelled lost
    step TEXT NOT NULL DEFAULT '',             -- what it does now
    text TEXT NOT NULL DEFAULT '',             -- how it ended, in words
    output TEXT NOT NULL DEFAULT '',
    actor TEXT NOT NULL,
    via TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    started_ms BIGINT NOT NULL DEFAULT 0,
    ended_ms BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX jobs_created ON jobs (created_ms);
CREATE INDEX jobs_service ON jobs (service, created_ms);
CREATE INDEX jobs_state ON jobs (state);
