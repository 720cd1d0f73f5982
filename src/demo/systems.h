/* The generations of a NixOS machine that is played, and the switch between them. */
#pragma once

#include "node/nix-generations.h"
#include "node/nix-switch.h"
#include "node/policy.h"

struct systems {
    const json_t *scenery; /* of the node */
    struct generations list;
    bool switched;            /* there was a switch: */
    struct switch_state last; /* its texts are its own */
};

/* NULL: the scenery has no generations. Dates are counted back from now. */
struct systems *systems_new(const json_t *scenery, int64_t now_ms);
void systems_free(struct systems *s);

/* A generation that breaks a unit is built, newest of all; NULL: the scenery has none. */
const struct generation *systems_rebuild(struct systems *s, int64_t now_ms);
bool systems_breaks(const struct systems *s, const struct generation *g);
const struct generation *systems_running(const struct systems *s);
/* What runs now, and starts next time; `current` false: that stays as it is. */
void systems_run(struct systems *s, unsigned number, bool current);
void systems_boot(struct systems *s); /* the machine starts with the current one */
/* Removes what is older; returns how many. */
unsigned systems_collect(struct systems *s, unsigned days, int64_t now_ms);

/* Why only a reboot leads there; NULL: a switch does. mem_free(). */
char *systems_needs_reboot(const struct systems *s, const struct generation *to);
/* What a switch to it does to units: {"restart": […], …}; NULL: it runs. */
const json_t *systems_plan(const struct systems *s, const struct generation *to);

/* Answers, whole objects. */
void systems_print(const struct systems *s, const struct policy *policy, struct jw *w);
void systems_print_diff(const struct systems *s, const struct generation *a,
                        const struct generation *b, struct jw *w);
void systems_print_plan(const struct systems *s, const struct generation *to, struct jw *w);
void systems_print_garbage(const struct systems *s, unsigned days, int64_t now_ms, struct jw *w);
