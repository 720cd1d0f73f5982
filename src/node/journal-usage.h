/* How much of the disk this machine's journal takes. Blocks for a moment; any thread. */
#pragma once

#include "base/json.h"

struct journal_usage {
    uint64_t bytes, archived_bytes; /* on the disk; archived: what a vacuum may remove */
    unsigned files;
    int64_t since_ms; /* wall: the first entry of the oldest archived file; 0 = there is none */
};
/* -ENOENT: it keeps none. -EACCES: not for this user. With a sentence. */
int journal_usage_read(const char *root, struct err *e, struct journal_usage *ret_u) MUST_CHECK;
/* Adds one file by its name, "system@…-….journal": false when it is none of a journal. Pure. */
bool journal_usage_add(struct journal_usage *u, const char *name, uint64_t bytes);
void journal_usage_print(const struct journal_usage *u, struct jw *w);
