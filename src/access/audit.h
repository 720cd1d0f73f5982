/* The audit log: every change and every refused one, hash-chained.
 *
 * Each row's hash covers the row before it: SHA-256(previous hash, sequence, time, every field with
 * its length). Rows are never changed or removed by Hydra. Blocking: worker threads. */
#pragma once

#include "access/policy.h"
#include "store/store.h"

struct audit_entry {
    int64_t sequence; /* set by audit_append() */
    int64_t time_ms;
    const char *actor; /* user name, or "local" */
    const char *via;   /* "web", "cli", "api", "local" */
    const char *address;
    const char *action;  /* "service.add", "user.change", "login" … */
    const char *target;  /* what it was done to: an id; may be "" */
    const char *outcome; /* "done", "refused", "failed" */
    const char *detail;  /* JSON object with what changed, no secrets; may be "" */
};

/* Inside the caller's transaction, so that change and record are one. Takes the chain's lock. */
int audit_append(struct db *db, const struct audit_entry *entry, struct err *e) MUST_CHECK;
/* In a transaction of its own: for refusals. At most LIMIT_AUDIT_REFUSALS a minute from one
 * address; then one row says how many were left out. */
int audit_refused(struct db *db, const struct audit_entry *entry, struct err *e) MUST_CHECK;

struct audit_filter {
    const char *actor, *action, *target, *outcome,
        *text;                  /* NULL = any; action takes a prefix ending in '.' */
    int64_t since_ms, until_ms; /* 0 = open */
    int64_t before;             /* cursor: sequences below this; 0 = newest */
    unsigned limit;
};
/* Newest first, calls `each` per entry until it returns false. Returns how many. */
int audit_read(struct db *db, const struct audit_filter *f,
               bool (*each)(void *arg, const struct audit_entry *entry), void *arg,
               struct err *e) MUST_CHECK;

/* Walks the whole chain. 0 and the number of entries, or -EBADMSG and the first sequence that does
 * not fit. */
int audit_verify(struct db *db, int64_t *ret_entries, int64_t *ret_bad, struct err *e) MUST_CHECK;
