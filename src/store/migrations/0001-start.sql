-- The common subset of SQLite and PostgreSQL: TEXT, BIGINT, DOUBLE PRECISION, no blobs. Times are
-- milliseconds since 1970, truth values 0 or 1. {{identity}} is a BIGINT key that counts by itself.

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    changed_ms BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    disabled BIGINT NOT NULL DEFAULT 0,
    created_ms BIGINT NOT NULL,
    last_login_ms BIGINT NOT NULL DEFAULT 0, -- 0 = never
    preferences TEXT NOT NULL DEFAULT '{}'   -- JSON
);
CREATE UNIQUE INDEX users_name ON users (lower(name));

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_hash TEXT NOT NULL UNIQUE,
    address TEXT NOT NULL DEFAULT '',
    agent TEXT NOT NULL DEFAULT '',
    created_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_ms);

CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    used_ms BIGINT NOT NULL DEFAULT 0,   -- 0 = never
    expires_ms BIGINT NOT NULL DEFAULT 0 -- 0 = never
);
CREATE INDEX api_tokens_user ON api_tokens (user_id);

-- Rows are only ever added; each hash covers the row before it, so the writer numbers them.
CREATE TABLE audit_log (
    sequence BIGINT PRIMARY KEY,
    time_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    via TEXT NOT NULL,
    address TEXT NOT NULL DEFAULT '',
    action TEXT NOT NULL,
    target TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '', -- JSON or empty
    previous_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_log_time ON audit_log (time_ms);
CREATE INDEX audit_log_actor ON audit_log (actor, sequence);

-- Manual services, and what people changed about discovered ones (NULL = as discovered).
CREATE TABLE services (
    id TEXT PRIMARY KEY,
    manual BIGINT NOT NULL DEFAULT 0,
    hidden BIGINT NOT NULL DEFAULT 0,
    name TEXT,
    url TEXT,
    icon TEXT,
    group_name TEXT,
    description TEXT,
    check_kind TEXT,
    check_target TEXT,
    expect_status TEXT,
    expect_body TEXT,
    interval_ms BIGINT NOT NULL DEFAULT 0, -- 0 = the usual
    timeout_ms BIGINT NOT NULL DEFAULT 0,
    retries BIGINT NOT NULL DEFAULT 0,
    depends_on TEXT NOT NULL DEFAULT '[]', -- JSON array of service ids
    created_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL
);

-- The last state of each service, so that "down since" outlives a restart.
CREATE TABLE service_states (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL
);

CREATE TABLE service_history (
    service TEXT NOT NULL,
    from_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT
);
CREATE INDEX service_history_service ON service_history (service, from_ms);
CREATE INDEX service_history_from ON service_history (from_ms);

CREATE TABLE events (
    sequence {{identity}},
    id TEXT NOT NULL,
    time_ms BIGINT NOT NULL,
    severity TEXT NOT NULL,
    kind TEXT NOT NULL,
    node TEXT,
    service TEXT,
    text TEXT NOT NULL
);
CREATE INDEX events_time ON events (time_ms);
CREATE INDEX events_service ON events (service, sequence);
CREATE INDEX events_node ON events (node, sequence);

CREATE TABLE idempotency_keys (
    key TEXT NOT NULL,
    actor TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status BIGINT NOT NULL DEFAULT 0, -- 0 = still being worked on
    response TEXT NOT NULL DEFAULT '',
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_ms);
