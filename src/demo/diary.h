/* The log of a service that is played: what its patterns say, but for when it did not run, and what
 * happened to it.
 *
 * Belongs to the loop; diary_open() and what comes of it run on the threads of readers, and end
 * before their diaries. */
#pragma once

#include "demo/lines.h"
#include "node/logs-private.h"

struct diary;

/* `patterns` may be NULL: it writes nothing by itself. `number`: another for each diary of a node,
 * below 1000; it tells apart what is written at the same time. */
struct diary *diary_new(const struct patterns *patterns, const char *service, unsigned number,
                        int64_t begun_us);
void diary_free(struct diary *d);

/* Writes a line, which may be one of the near future. */
void diary_note(struct diary *d, int64_t us, enum line_level level, const char *text);
/* What its patterns say of a moment; returns when that is over. */
int64_t diary_say(struct diary *d, enum lines_when when, int64_t at_us);
/* From then on it writes nothing by itself; and again. */
void diary_quiet(struct diary *d, int64_t from_us);
void diary_loud(struct diary *d, int64_t from_us);

/* Diaries that are read as one: of one service, or all of a machine's journal. */
struct shelf {
    VEC(struct diary *) diaries;
    bool is_journal; /* each line says whose it is */
};

/* For struct log_place: `arg` is a struct shelf. */
struct log_source *diary_open(const struct log_reading *r, const struct log_place *p,
                              const char *cursor, int64_t time_us);
