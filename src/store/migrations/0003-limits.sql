-- Where a user may act: src/access/user-limits.h. '' = everywhere.
ALTER TABLE users ADD COLUMN limits TEXT NOT NULL DEFAULT '';
