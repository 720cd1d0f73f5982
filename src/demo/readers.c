/* Who reads logs of a node that is played: as node/logs-node.c, on diaries. */
#include "demo/player-private.h"

struct readers {
    VEC(struct log_reader *) v;
};

static struct log_place nowhere(char *why)
{
    return (struct log_place){.why = why};
}

static struct log_place on(const struct shelf *shelf)
{
    return (struct log_place){.kind = LOG_PLACE_OTHER, .open = diary_open, .arg = shelf};
}

static struct log_place place_of(struct player *p, const char *service)
{
    struct err e = {0};
    struct played *s = player_find(p, service);
    if (policy_check(p->policy, "logs", service, &e) < 0)
        return nowhere(mem_strdup(e.text));
    if (s && s->now->kind != OBSERVED_PROCESS)
        return on(&s->shelf);
    return nowhere(mem_printf(s ? "%s is a process that neither an engine nor systemd started: "
                                  "nobody keeps what it writes. Run it as a unit or a container."
                                : "There is no %s on this machine any more.",
                              service));
}

static struct log_place journal_of(struct player *p)
{
    struct err e = {0};
    if (policy_check(p->policy, "logs", "", &e) < 0)
        return nowhere(mem_strdup(e.text));
    return p->systems ? on(&p->journal)
                      : nowhere(mem_strdup("There is no journal on this machine: systemd does not "
                                           "run here. Its containers keep logs of their own."));
}

static void forget(struct readers *l, size_t i)
{
    log_reader_join(l->v.v[i]);
    log_reader_unref(l->v.v[i]);
    vec_remove_at(&l->v, i);
}

static void reap(struct readers *l)
{
    for (size_t i = l->v.n; i-- > 0;)
        if (log_reader_is_done(l->v.v[i]))
            forget(l, i);
}

void player_logs(struct player *p, struct log_reader *r)
{
    struct log_place places[LIMIT_LOG_SERVICES] = {0};
    const struct log_query *q = log_reader_query(r);
    struct readers *l = p->readers;
    size_t n = q->services.n < LIMIT_LOG_SERVICES ? q->services.n : LIMIT_LOG_SERVICES;
    reap(l);
    if (l->v.n >= LIMIT_LOG_READERS) {
        log_reader_refuse(r, "Too many logs of this machine are being read. Close some, or try "
                             "again later.");
        return;
    }
    for (size_t i = 0; i < n; i++)
        places[i] = place_of(p, q->services.v[i]);
    if (!n)
        places[0] = journal_of(p);
    *vec_add(&l->v) = log_reader_ref(r);
    log_reader_start(r, places, n ? n : 1);
}

struct readers *readers_new(void)
{
    return mem_alloc(sizeof(struct readers));
}

void readers_free(struct readers *l)
{
    for (size_t i = 0; i < l->v.n; i++)
        log_reader_cancel(l->v.v[i]);
    while (l->v.n)
        forget(l, l->v.n - 1);
    vec_done(&l->v);
    mem_free(l);
}
