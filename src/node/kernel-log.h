/* What the kernel complained of since it was started: repeats are one entry. Pure. */
#pragma once

#include "base/json.h"
#include "base/vec.h"

enum { LIMIT_KERNEL_ENTRIES = 200, LIMIT_KERNEL_TEXT = 1024 };

struct kernel_entry {
    int64_t time_ms, first_ms; /* wall: the last and the first time */
    unsigned level;            /* of syslog: 0 … 3 */
    unsigned count;
    char *text, *shape; /* the last text; and without its numbers */
};

struct kernel_log {
    VEC(struct kernel_entry) v;
    bool cut; /* there was more than fits */
};

/* A line, newest first: adds to the entry that differs in numbers alone, or a new one. */
void kernel_log_add(struct kernel_log *l, int64_t time_ms, unsigned level, const char *text,
                    size_t len);
/* The array. */
void kernel_log_print(const struct kernel_log *l, struct jw *w);
void kernel_log_done(struct kernel_log *l);

/* A record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): "6,339,5140900,-;TEXT\n KEY=…".
 * -EBADMSG. */
struct kmsg {
    unsigned level, facility; /* facility 0 = the kernel itself */
    int64_t us;               /* since boot */
    const char *text;
    size_t len;
};
int kmsg_parse(const char *record, size_t len, struct kmsg *ret_m) MUST_CHECK;
