/* What a hub has a player check, and what comes of it. */
#include "demo/player-private.h"

#include "base/clock.h"

enum { LATENCY_US = 4000 };

static bool runs(const struct player *p, const char *id)
{
    const struct played *s = map_get(&p->services, id);
    return !s || s->now->run == RUN_RUNNING;
}

/* The service that a check is of, as the node calls it. */
static const char *on_node(const struct player *p, const char *service)
{
    size_t n = strlen(p->settings.node);
    return !strncmp(service, p->settings.node, n) && service[n] == '/' ? service + n + 1 : service;
}

static void tell_check(struct player *p, const struct check_spec *c)
{
    bool up = runs(p, on_node(p, c->service)) && !player_is_broken(p, on_node(p, c->service));
    struct check_result *r = mem_alloc(sizeof *r);
    double swing = figures_swing(p->tick, (unsigned)strlen(c->service));
    *r = (struct check_result){.service = mem_strdup(c->service),
                               .state = up ? CHECK_UP : CHECK_DOWN,
                               .time_ms = clock_wall_ms(),
                               .latency_us = (uint32_t)(LATENCY_US * (1.5 + swing)),
                               .code = up && c->kind == CHECK_HTTP ? 200 : 0,
                               .text = mem_strdup(!up                     ? "connection refused"
                                                  : c->kind == CHECK_HTTP ? "HTTP 200"
                                                                          : "answers")};
    player_tell(p, (struct node_report){.kind = REPORT_CHECK, .check = r});
}

void player_drop_checks(struct player *p)
{
    for (size_t i = 0; i < p->checks.n; i++)
        check_spec_done(&p->checks.v[i]);
    p->checks.n = 0;
}

void player_checks(struct player *p, const struct check_spec *specs, size_t n)
{
    player_drop_checks(p);
    for (size_t i = 0; i < n; i++) {
        check_spec_copy(vec_add(&p->checks), &specs[i]);
        tell_check(p, &specs[i]);
    }
}

void player_tick_checks(struct player *p)
{
    for (size_t i = 0; i < p->checks.n; i++) {
        unsigned every = p->checks.v[i].interval_ms / PLAYER_TICK_MS;
        if (every == 0 || (p->tick + i) % every == 0)
            tell_check(p, &p->checks.v[i]);
    }
}
