/* What actions on containers share: questions to an engine, one after the other, its refusals in
 * its own words, and what becomes of a container. For action-*.c; on the node's loop. */
#pragma once

#include "base/json.h"
#include "node/commands-private.h"
#include "node/docker-private.h"

enum { CONTAINER_MS = 10 * 60000, CONTAINER_LOOK_MS = 250, ENGINE_WORDS_SIZE = 512 };

struct talk_answer {
    int status;        /* of HTTP; 0 = none came */
    bool ok;           /* 2xx or 304 */
    const char *words; /* why it is not: the engine's sentence, or what broke; "" */
    const char *body;  /* "" when `on_data` took it */
    size_t len;
};

typedef void talk_fn(void *arg, const struct talk_answer *answer);

struct talk {
    struct action *a;
    struct engine *engine;
    struct http_call *call;
    struct loop_timer *pause;
    talk_fn *then;
    bool (*on_data)(void *arg, const char *bytes, size_t n);
    loop_fn *after;
    void *arg;
};

struct talk_question {
    const char *method;  /* NULL = GET, or POST with a body */
    const char *body;    /* NULL */
    uint32_t timeout_ms; /* 0 = CONTAINER_MS */
    bool (*on_data)(void *arg, const char *bytes, size_t n);
};

void talk_init(struct talk *t, struct action *a, struct engine *e, void *arg);
void talk_done(struct talk *t);
/* Asks; `then` comes once, at once when it can't be asked: what follows must be a return. */
void talk_ask(struct talk *t, const struct talk_question *q, talk_fn *then, const char *path_fmt,
              ...) PRINTF(4, 5);
void talk_get(struct talk *t, talk_fn *then, const char *path_fmt, ...) PRINTF(3, 4);
void talk_post(struct talk *t, talk_fn *then, const char *path_fmt, ...) PRINTF(3, 4);
/* Goes on after a moment. */
void talk_pause(struct talk *t, uint32_t ms, loop_fn *after);

/* Of an inspection. Pure. */
struct container_state {
    bool running, paused, restarting;
    enum observed_health health;
    int exit_code;
    char status[16];  /* "running", "exited" … */
    char started[40]; /* as the engine writes it */
    int64_t restarts;
    bool tty;
};
/* -EINVAL. */
int container_state_parse(const char *json, size_t len, struct container_state *ret_s) MUST_CHECK;

/* Is it the container that this program runs in? */
bool container_is_own(const char *id);
/* Why a command can't be carried out on `x` (NULL = there is none); NULL = it can. */
const char *container_fault(const struct action *a, const struct entry *x);
/* "RTMIN+1" as a query says it: there a "+" is a blank. */
void signal_to_query(const char *name, struct str *out);
