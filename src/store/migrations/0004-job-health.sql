-- What ran on a node before its system was switched: a switch is confirmed when that runs again.
ALTER TABLE jobs ADD COLUMN ran_before TEXT NOT NULL DEFAULT '';
