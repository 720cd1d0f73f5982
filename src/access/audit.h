/* The audit log: every change and every refused one, hash-chained.
 *
 * Rows are never changed or removed by Hydra. Each row's hash is the SHA-256 of the hash before it
 * (64 hex digits; zeros before the first), sequence, time and every text field in the order of
 * struct audit_entry, each as "<length>:<bytes>\n" (numbers in decimal). The newest sequence and
 * hash also stand in `settings` (`audit_head`), so that rows missing at the end are noticed.
 * Blocking: worker threads. */
#pragma once

#include "access/policy.h"
#include "store/store.h"

enum {
    LIMIT_AUDIT_REFUSALS = 30,  /* rows a minute from one network (IPv4 /32, IPv6 /64) */
    LIMIT_AUDIT_NETWORKS = 256, /* remembered at once */
    LIMIT_AUDIT_FIELD = 1024,   /* bytes of a text field; longer ones are cut */
    LIMIT_AUDIT_DETAIL = 16384, /* bytes of detail; a longer one is left out */
    LIMIT_AUDIT_PAGE = 1000,    /* rows of one audit_read() page, when a limit is given */
};

struct audit_entry {
    int64_t sequence; /* set by audit_append() */
    int64_t time_ms;
    const char *actor; /* user name, or "local"; "" = nobody who is signed in */
    const char *via;   /* "web", "cli", "api", "local" */
    const char *address;
    const char *action;  /* "service.add", "user.change", "login" … */
    const char *target;  /* what it was done to: an id; may be "" */
    const char *outcome; /* "done", "refused", "failed" */
    const char *detail;  /* JSON object with what changed, no secrets; may be "" */
    const char *hash;    /* set by audit_read() */
};

/* Inside the caller's transaction, so that change and record are one. Takes the chain's lock until
 * the transaction ends: call it last. NULL fields are "". */
int audit_append(struct db *db, const struct audit_entry *entry, struct err *e) MUST_CHECK;
/* In a transaction of its own: for refusals. At most LIMIT_AUDIT_REFUSALS a minute from one
 * network; then one row ("audit.left-out") says how many were left out. */
int audit_refused(struct db *db, const struct audit_entry *entry, struct err *e) MUST_CHECK;
/* Writes the rows about what was left out in minutes that are over. access_refresh() calls it. */
int audit_flush(struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;

struct audit_filter {
    const char *actor, *action, *target, *outcome,
        *text;                  /* NULL = any; action takes a prefix ending in '.' */
    int64_t since_ms, until_ms; /* 0 = open; since <= time < until */
    int64_t before;             /* cursor: sequences below this; 0 = newest */
    unsigned limit;             /* 0 = no limit (a download) */
};
/* Newest first, calls `each` per entry until it returns false. Returns how many. `text` is looked
 * for in actor, action, target, address and detail, any case. */
int audit_read(struct db *db, const struct audit_filter *f,
               bool (*each)(void *arg, const struct audit_entry *entry), void *arg,
               struct err *e) MUST_CHECK;

/* Walks the whole chain. 0 and the number of entries, or -EBADMSG and the first sequence that does
 * not fit (with a sentence that says why). */
int audit_verify(struct db *db, int64_t *ret_entries, int64_t *ret_bad, struct err *e) MUST_CHECK;
