/* Guard rails: what must not be interrupted without a second thought.
 *
 * A list of rules: which services (patterns of ids), on which days and at which hours (of this
 * machine's time zone). Whoever interrupts one of them then must insist. Kept as JSON under the
 * setting `guard`; the GuardRails of the contract. Pure, but for load and save. */
#pragma once

#include "base/json.h"
#include "store/store.h"

enum { LIMIT_GUARD_RULES = 64, LIMIT_GUARD_PATTERNS = 32, GUARD_ALL_DAYS = 0x7f };

struct guard_rule {
    struct str_list services; /* patterns of ids with `*` and `?` */
    unsigned days;            /* bit 0 = Monday */
    int from, to; /* minutes of the day; the same = all day; from > to goes over midnight */
};

struct guard {
    struct guard_rule *v;
    size_t n, cap;
    int64_t version;  /* the time of the last save, wall ms, but always above the one before; 0 =
                         never saved */
    char *changed_by; /* who saved it; NULL = nobody yet */
};
void guard_done(struct guard *g);
void guard_copy(struct guard *to, const struct guard *from);

/* Of a body {"rules":[…]}. -EINVAL with a sentence and the field. */
int guard_read(const json_t *body, struct err *e, struct guard *ret_guard) MUST_CHECK;
/* As it is kept: rules, and who changed them. */
void guard_print(struct jw *w, const struct guard *g);
/* As it is shown: with the time zone of its hours and when it was changed. */
void guard_print_full(struct jw *w, const struct guard *g, const char *zone);

struct guard_time {
    int weekday, minute; /* 0 = Monday */
};
struct guard_time guard_time_of(int64_t wall_ms); /* in this machine's time zone */

/* Its name: "Europe/Berlin". mem_free(). */
char *guard_zone(void);

/* The rule that protects `service` now; NULL = none. */
const struct guard_rule *guard_find(const struct guard *g, const char *service,
                                    struct guard_time at);
/* "on Fridays and Saturdays from 20:00 to 23:30"; "" = always. mem_free(). */
char *guard_when(const struct guard_rule *r);

/* Why `service` must not be interrupted now, as a sentence; NULL = it may. mem_free(). */
char *guard_sentence(const struct guard *g, const char *service, struct guard_time at);

/* Blocking: worker threads. Nothing kept is no rules; what can't be read guards everything. */
int guard_load(struct db *db, struct err *e, struct guard *ret_guard) MUST_CHECK;
/* Inside the caller's transaction. Sets the version: two that save at once know who was last.
 * Unless `replaces` is negative, only while that is the version that is kept: else -EEXIST. */
int guard_save(struct db *db, struct guard *g, int64_t replaces, int64_t now_wall_ms,
               struct err *e) MUST_CHECK;
