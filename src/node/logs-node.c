/* The node's side of logs: where the lines of its services are, and which readers run. */
#include "node/commands.h"
#include "node/docker-private.h"
#include "node/logs-module.h"
#include "node/logs-private.h"
#include "node/systemd.h"

struct logs {
    VEC(struct log_reader *) readers;
};

static char *no_place(const char *service)
{
    return mem_printf(str_starts(service, "process/")
                          ? "%s is a process that neither an engine nor systemd started: nobody "
                            "keeps what it writes. Run it as a unit or a container."
                          : "There is no %s on this machine any more.",
                      service);
}

static struct log_place place_of(struct node *n, const char *service)
{
    struct log_place p = {0};
    struct err e = {0};
    const struct observed *unit = systemd_find(n, service);
    if (commands_allow(n, "logs", service, &e) < 0) {
        p.why = mem_strdup(e.text);
        return p;
    }
    if (docker_log_place(n, service, &p))
        return p;
    if (unit && str_starts(service, "systemd/")) {
        p.kind = LOG_PLACE_UNIT;
        p.name = mem_strdup(unit->name);
        p.folder = mem_strdup(n->settings.journal);
        return p;
    }
    p.why = no_place(service);
    return p;
}

static struct log_place journal_of(struct node *n)
{
    struct err e = {0};
    if (commands_allow(n, "logs", "", &e) < 0)
        return (struct log_place){.why = mem_strdup(e.text)};
    return (struct log_place){.kind = LOG_PLACE_JOURNAL, .folder = mem_strdup(n->settings.journal)};
}

static void find_places(struct node *n, const struct log_query *q, struct log_place *places)
{
    for (size_t i = 0; i < q->services.n && i < LIMIT_LOG_SERVICES; i++)
        places[i] = place_of(n, q->services.v[i]);
    if (!q->services.n)
        places[0] = journal_of(n);
}

static void forget(struct logs *l, size_t i)
{
    log_reader_join(l->readers.v[i]);
    log_reader_unref(l->readers.v[i]);
    vec_remove_at(&l->readers, i);
}

static void reap(struct logs *l)
{
    for (size_t i = l->readers.n; i-- > 0;)
        if (log_reader_is_done(l->readers.v[i]))
            forget(l, i);
}

void node_logs(struct node *n, struct log_reader *r)
{
    struct log_place places[LIMIT_LOG_SERVICES] = {0};
    const struct log_query *q = log_reader_query(r);
    struct logs *l = node_module_state(n, &logs_module);
    if (l)
        reap(l);
    if (!l || l->readers.n >= LIMIT_LOG_READERS) {
        log_reader_refuse(r, "Too many logs of this machine are being read. Close some, or try "
                             "again later.");
        return;
    }
    find_places(n, q, places);
    *vec_add(&l->readers) = log_reader_ref(r);
    log_reader_start(r, places, q->services.n ? q->services.n : 1);
}

/* --- the module --- */

static void *start(struct node *n)
{
    (void)n;
    return mem_alloc(sizeof(struct logs));
}

static void tick(void *state, int64_t now_ms)
{
    (void)now_ms;
    reap(state);
}

static void stop(void *state)
{
    struct logs *l = state;
    for (size_t i = 0; i < l->readers.n; i++)
        log_reader_cancel(l->readers.v[i]);
    while (l->readers.n)
        forget(l, l->readers.n - 1);
    vec_done(&l->readers);
    mem_free(l);
}

const struct node_module logs_module = {.name = "logs", .start = start, .tick = tick, .stop = stop};
