/* Files of "Key: number" lines: /proc/meminfo, /proc/vmstat.
 *
 * Which line holds which key is found once; a pass then looks only at those lines and checks that
 * the key still stands there. */
#pragma once

#include "node/collector.h"

struct keyed_field {
    const char *key; /* with what separates it from the number: "MemTotal:", "oom_kill " */
    double scale;    /* the number times this is the value */
    struct series_tmpl series;
};

enum { KEYED_LINES_MAX = 512, KEYED_FIELDS_MAX = SERIES_GROUP_MAX };

struct keyed {
    const struct keyed_field *fields;
    size_t n_fields;
    uint16_t n_lines;                  /* up to the last that is wanted; 0 = not known yet */
    uint8_t field_of[KEYED_LINES_MAX]; /* index + 1; 0 = not wanted */
    uint32_t first;
};

/* Adds the series of all fields under `labels`; those the file lacks stay NaN. */
void keyed_init(struct keyed *k, struct series *s, const struct keyed_field *fields, size_t n,
                const char *labels);

/* -EBADMSG when none of the keys is there. */
int keyed_read(struct keyed *k, struct series *s, struct scan text) MUST_CHECK;
