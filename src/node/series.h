/* The time series of a node: their numbers, and their values of this tick.
 *
 * A series gets its number when it is first added and keeps it for good: one that goes (a disk that
 * is unplugged) is NaN from then on, and one that comes back under the same name and labels has
 * its old number. Collectors write values straight into series->values. Not thread-safe. */
#pragma once

#include "base/str.h"
#include "node/report.h"

/* A reader may size by this; further series are refused (SERIES_NONE) until the table starts anew.
 */
enum { LIMIT_SERIES = 50000 };
#define SERIES_NONE UINT32_MAX

enum { SERIES_GROUP_MAX = 64 };

struct series {
    double *values; /* by number; NaN = not known now */
    uint32_t n, announced;
    struct series_tables *tables;
    uint8_t maker;                 /* mark of the series that are added next */
    double sink[SERIES_GROUP_MAX]; /* takes the values of groups that were refused */
};

/* One of a group of series that share their labels; `extra` is appended to them. */
struct series_tmpl {
    const char *name;
    enum series_kind kind;
    const char *help;
    const char *extra; /* `mode="user"`; NULL = none */
};

struct series *series_new(void);
void series_free(struct series *s);

/* Adds a group of at most SERIES_GROUP_MAX series, or finds it again: always the same templates for
 * the same labels. They have consecutive numbers, from the one that is returned.
 * `labels`: Prometheus text without braces, names sorted, "" = none; strings are copied except
 * help. SERIES_NONE at the limit. */
uint32_t series_add(struct series *s, const struct series_tmpl *t, size_t n, const char *labels);

/* The number of `name{labels}`; SERIES_NONE when there is none. */
uint32_t series_find(const struct series *s, const char *name_and_labels);

/* Series first … first + n - 1 have no value until somebody sets one. */
void series_lose(struct series *s, uint32_t first, size_t n);

/* Where the values of a group begin. Valid until the next series_add(). */
/* The same for all that were first added under this mark. */
void series_lose_made(struct series *s, uint8_t maker);

static inline double *series_at(struct series *s, uint32_t first)
{
    return first == SERIES_NONE ? s->sink : s->values + first;
}

/* What was added since the last call, ready to be reported; NULL when nothing was. */
struct series_defs *series_announce(struct series *s);

/* The values of now as a frame, ready to be reported. */
struct frame *series_frame(const struct series *s, int64_t wall_ms);

/* How many have a value, for deciding when to start anew. */
uint32_t series_live(const struct series *s);

/* Forgets all; numbers start at 0 again (announced as first = 0). Those who hold numbers must add
 * theirs anew. */
void series_reset(struct series *s);

/* Appends `name="value"` with a comma before it where one is due; the value escaped as Prometheus
 * wants it, control characters and bytes that are no UTF-8 replaced by "?". */
void label_add(struct str *labels, const char *name, const char *value);
