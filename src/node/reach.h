/* Does this machine reach a host, and how fast: pings where it may, else connections. A bounded
 * number of tries, one after another; nothing is said over a connection. */
#pragma once

#include "base/json.h"
#include "io/resolve.h"

enum {
    REACH_TRIES = 3, /* unless they say */
    LIMIT_REACH_TRIES = 10,
    REACH_TRY_MS = 2000, /* then a try is lost */
    REACH_APART_MS = 200,
    REACH_RESOLVE_MS = 5000,
    REACH_INSTEAD_PORT = 22, /* asked where nobody may ping: a refusal is an answer, too */
};

struct reach_order {
    char host[RESOLVE_HOST_SIZE];
    uint16_t port; /* 0 = ping */
    unsigned tries;
};

/* `target`: a host or HOST:PORT; `argument`: "", "PORT" or "PORT TRIES", 0 = not said. -EINVAL. */
int reach_order_parse(const char *target, const char *argument, struct err *e,
                      struct reach_order *ret_o) MUST_CHECK;

/* Link-local addresses (clouds keep machines' credentials there), multicast, broadcast and "any"
 * are asked of nobody: -EINVAL with a sentence. */
int reach_check_address(const union resolve_address *a, struct err *e) MUST_CHECK;

enum reach_result {
    REACH_REACHED,
    REACH_REFUSED, /* the host is there and wants no connection */
    REACH_TIMED_OUT,
    REACH_UNREACHABLE,
    REACH_NOT_RESOLVED, /* the name is not known */
    REACH_RESULTS,
};
const char *reach_result_name(enum reach_result r); /* "timed-out" */
/* Of a try that failed with an errno. */
enum reach_result reach_result_of(int error);

struct reach_try {
    enum reach_result result;
    double ms; /* until it was answered; NaN = it was not */
    int error; /* errno; 0 = none */
};

struct reach_answer {
    char address[INET6_ADDRSTRLEN]; /* "" = the name is not known */
    uint16_t port;                  /* that was connected to; 0 = it was pinged */
    bool instead;                   /* connected to, as it may not ping */
    struct reach_try tries[LIMIT_REACH_TRIES];
    unsigned n;
};

/* What came of it as a whole. */
enum reach_result reach_answer_result(const struct reach_answer *a);
void reach_print(const struct reach_order *o, const struct reach_answer *a, struct jw *w);

/* --- doing it (reach-run.c) --- */

struct reach;
/* `code` 0, or -EINVAL with a sentence. Comes once, later. */
typedef void reach_fn(void *arg, int code, const char *text, const struct reach_answer *a);

struct reach *reach_start(struct loop *loop, const struct reach_order *o, reach_fn *on_done,
                          void *arg);
void reach_free(struct reach *r); /* on_done comes no more; within it, too; NULL is fine */
