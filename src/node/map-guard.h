/* Reading a mapped file that others may cut short, or whose disk fails: what is not there any more
 * is zeros, and known to be missing, instead of the end of the program. */
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

/* This thread reads n bytes of a mapping of a file, read-only, until it leaves. Guards may nest. */
void map_guard_enter(struct map_guard *g, const void *from, size_t n);
/* True when something was missing. */
bool map_guard_leave(struct map_guard *g);
