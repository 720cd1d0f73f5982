-- Whose rights count when a job's turn comes: a user's, or those of one of the user's tokens.
ALTER TABLE jobs ADD COLUMN by_user TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN by_token TEXT NOT NULL DEFAULT '';  -- '' = in person
UPDATE jobs SET by_user = COALESCE((SELECT id FROM users WHERE name = jobs.actor), '')
WHERE state IN ('waiting', 'running');
