/* The human side of an error: a sentence that says what happened and what to do.
 *
 * Functions return negative errno; a caller that can use the sentence passes a `struct err *`, one
 * that can't passes NULL. It becomes problem+json, a CLI message or a log line in one place each.
 */
#pragma once

#include "base/mem.h"

#include <errno.h>

enum { ERR_TEXT_MAX = 512, ERR_FIELD_MAX = 24 };

struct err {
    int code; /* negative errno, 0 = none */
    char text[ERR_TEXT_MAX];
    char field[ERR_FIELD_MAX]; /* the input that is not acceptable, e.g. "name"; "" = none */
};

/* Fills `e` (may be NULL) and returns `code`, so that `return err_set(e, -EINVAL, "…");` reads
 * well. What is too long is cut; the text is UTF-8 whatever it is made of. */
int err_set(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);

/* Says which input a refusal is about, unless that was said already, and returns `code`: `return
 * err_field(e, check_name(n, e), "name");`. Does nothing when `code` is no error. */
int err_field(struct err *e, int code, const char *field);

/* Puts "fmt: " before the sentence that is there. Returns e->code, or `code` when `e` is NULL. */
int err_prefix(struct err *e, int code, const char *fmt, ...) PRINTF(3, 4);

/* The sentence, or the errno's text when none was given. Never NULL. Not thread-safe for a bare
 * errno. */
const char *err_text(const struct err *e, int code);
