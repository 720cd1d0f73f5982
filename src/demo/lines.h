/* What services write when nothing is stored: patterns of lines, and the lines that come of them.
 *
 * A file of patterns (tests/data/home-cluster/demo/logs/) is read line by line:
 *
 *   # a comment
 *   = docker/sonarr docker/radarr   of which services; with * and ?; "NODE/…" of one node alone
 *   ~ 20                            seconds between two lines, on average
 *   > text                          when it starts, in this order
 *   < text                          when it is stopped
 *   ! text                          when it fails
 *   12 text                         else, so often among the others
 *   | text                          follows the line above it at once
 *
 * A text may begin with "@3 " (its severity, as the journal has it) and holds {1..9} a number,
 * {1.5..9} one with a fraction, {a|b} one of them, {x8} hex digits, {%H:%M:%S} its time (UTC; %f is
 * milliseconds), {name} the service's name, and \e, which is escape. The same service writes the
 * same at the same time, whoever asks. Pure but for lines_load(); any thread. */
#pragma once

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "node/logs.h"

enum lines_when { LINES_START, LINES_STOP, LINES_FAIL, LINES_WHEN };

struct written {
    int64_t us;            /* wall */
    enum line_level level; /* LINE_NO_LEVEL: the text says */
    char *text;
    const char *service; /* its observed id; NULL = none */
};
struct writings {
    VEC(struct written) lines;
};
void writings_done(struct writings *w);

struct pattern;  /* a text with its weight */
struct patterns; /* one file */
struct lines;    /* all files of a folder */

int lines_load(const char *folder, struct err *e, struct lines **ret_l) MUST_CHECK;
void lines_free(struct lines *l);
DEFINE_FREEP(struct lines, lines_free)
/* -EINVAL with "NAME line N: …". */
int lines_parse(struct lines *l, const char *name, const char *text, struct err *e) MUST_CHECK;

struct lines *lines_new(void);
/* Those of a service; NULL when no file is about it. */
const struct patterns *lines_of(const struct lines *l, const char *node, const char *service);

/* Appends what `service` writes from `from_us` to before `to_us`. */
void lines_between(const struct patterns *p, const char *service, int64_t from_us, int64_t to_us,
                   struct writings *out);
/* Appends what it writes when it starts, stops, fails; returns when that is over. */
int64_t lines_say(const struct patterns *p, const char *service, enum lines_when when,
                  int64_t at_us, struct writings *out);
