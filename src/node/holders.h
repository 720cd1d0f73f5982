/* Which process holds a socket: found by walking /proc/PID/fd, newest process first.
 *
 * The walk reads every open file of every process, so it runs on a thread of libuv's pool and only
 * for sockets that are new. Who opens one is nearly always a process that is young itself or one
 * that has such sockets already, so those are looked into first. */
#pragma once

#include "base/vec.h"
#include "io/loop.h"

struct holder {
    uint64_t inode;
    int pid; /* 0 = not found: the kernel's own, or another user's and we may not look */
};

struct holders_search;

typedef VEC(int) pid_list;

/* A process that a walk has met. */
struct holders_seen {
    int pid;
    int64_t since_ms; /* mono: first */
};
typedef VEC(struct holders_seen) holders_seen_list;
enum { HOLDERS_YOUNG_MS = 60 * 1000 };

/* Where to look. Zero and `everywhere` for a first time. */
struct holders_scope {
    bool everywhere;        /* else only where it is likely: */
    holders_seen_list seen; /* not into those that were met a while ago, newest first, … */
    pid_list holders;       /* … but into these */
    int64_t now_ms;
};
void holders_scope_done(struct holders_scope *s);

/* `scope->seen` is what the next one begins with: take it. `denied`: some processes could not be
 * looked into. */
typedef void holders_fn(void *arg, const struct holder *found, size_t n,
                        struct holders_scope *scope, bool denied);

/* Looks for the holders of `inodes` (copied); takes what is in `scope`. `on_done` runs on the loop.
 * Of several that share a socket (a master and its workers) the eldest ancestor is told, but never
 * pid 1 while somebody else holds it. */
struct holders_search *holders_find(struct loop *loop, const char *root, const uint64_t *inodes,
                                    size_t n, struct holders_scope *scope, holders_fn *on_done,
                                    void *arg);
/* on_done will not run. */
void holders_cancel(struct holders_search *s);
/* The search itself; for tests and for the thread. Fills `h` (inodes given, sorted ascending).
 * Returns true when some processes could not be looked into. */
bool holders_walk(const char *root, struct holders_scope *scope, struct holder *h, size_t n);
