/* A way through a journal's file: along one list of entries, only where another one has the entry,
 * too. One thread. */
#pragma once

#include "node/journal-file.h"

struct journal_walk {
    const struct journal_list *list, *also; /* also: NULL = anywhere */
    bool newer;                             /* direction */
    uint64_t next, also_next;               /* older: how many are left; newer: the next one */
    uint64_t head; /* offset of the entry it stands at; 0 = it is through */
};

/* Of two entries' offsets: does `a` come first? */
static inline bool journal_is_sooner(bool newer, uint64_t a, uint64_t b)
{
    return newer ? a < b : a > b;
}

/* To the first entry at or behind the offset; older: before it. */
void journal_walk_begin(const struct journal_file *f, struct journal_walk *w, bool newer,
                        uint64_t offset);
void journal_walk_step(const struct journal_file *f, struct journal_walk *w);
