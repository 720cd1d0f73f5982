/* A search in the files of a journal, for entries that are wanted and nothing else of them.
 *
 * What the library reads entry by entry is left out here by the files' own indexes: whole files
 * that don't know the unit, entries of other units and priorities. Of the rest the message is
 * looked at where it lies. Entries come by time; files that overlap are merged. The files are those
 * that there are when it is opened, with the entries they have then. One thread. */
#pragma once

#include "node/logs.h"

struct log_filter;
struct journal_scan;

struct journal_want {
    const char *folder; /* NULL = the system's */
    const char *unit;   /* NULL = all */
    enum line_level
        level; /* LINE_NO_LEVEL = all. What was printed counts as wanted: its text tells */
    struct log_filter *filter; /* stays the caller's */
    bool newer;                /* direction */
    const char *cursor;        /* behind this, as the library prints it; NULL = none */
    int64_t edge_us;           /* else from this time on, inclusive; 0 = from the end */
};

/* -EOPNOTSUPP: there is something that only the library can read. */
int journal_scan_open(const struct journal_want *w, struct journal_scan **ret) MUST_CHECK;
void journal_scan_close(struct journal_scan *s);

/* 1 = at the next wanted entry, 0 = there are no more, -EAGAIN = looked at `most` entries and found
 * none yet. *ret_us: the time that was reached. */
int journal_scan_next(struct journal_scan *s, unsigned most, int64_t *ret_us) MUST_CHECK;

/* Of the entry it is at. A field's value stays until the next call; NULL = it has none. */
const char *journal_scan_field(struct journal_scan *s, const char *name, size_t *ret_len);
char *journal_scan_cursor(const struct journal_scan *s);
