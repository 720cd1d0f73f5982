/* Reading a mapped file that others may cut short, or whose disk fails: what is not there any more
 * is zeros, and known to be missing, instead of the end of the program. A SIGBUS of another sort
 * goes the way it went before. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct map_guard {
    const char *from;
    size_t n;
    struct map_guard *outer;
    volatile sig_atomic_t is_torn;
};

/* This thread reads n bytes of a mapping of a file, read-only, until it leaves. Guards may nest:
 * each tells what was missing of its own bytes. */
void map_guard_enter(struct map_guard *g, const void *from, size_t n);
/* The same for whatever a library maps that this thread is in. */
void map_guard_enter_all(struct map_guard *g);
/* True when something was missing. */
bool map_guard_leave(struct map_guard *g);
