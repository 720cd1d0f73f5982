/* The processes of a node that is played: those of its services, of the scenery, of the kernel. */
#include "demo/player-private.h"

#include "base/clock.h"

#include <stdlib.h>

enum {
    FIRST_PID = 310, /* of what the scenery has */
    PID_STEP = 17,
    TICK_MS = 10, /* of start_ticks */
    CONTAINER_LAG_MS = 200,
};

static bool is_killed(const struct player *p, const struct cast_process *c)
{
    AUTO(mem_freep)
    char *target = mem_printf("%d:%llu", c->pid, (unsigned long long)c->start_ticks);
    return str_list_has(&p->killed, target);
}

static void add(struct player *p, struct cast *l, struct cast_process c)
{
    int64_t boot_ms = p->facts ? p->facts->boot_ms : 0;
    if (c.started_ms < boot_ms)
        c.started_ms = boot_ms + c.pid;
    c.start_ticks = (uint64_t)(c.started_ms - boot_ms) / TICK_MS + (uint64_t)c.pid;
    if (!is_killed(p, &c))
        *vec_add(&l->v) = c;
}

static struct cast_process read_process(const json_t *j, int64_t started_ms)
{
    return (struct cast_process){.user = json_get_str(j, "user", "root"),
                                 .name = json_get_str(j, "name", "?"),
                                 .command = json_get_str(j, "command", ""),
                                 .cpu = json_get_num(j, "cpu", 0),
                                 .memory = (uint64_t)json_get_num(j, "memory", 0),
                                 .threads = (unsigned)json_get_int(j, "threads", 1),
                                 .started_ms = started_ms};
}

static void add_machine(struct player *p, struct cast *l)
{
    const json_t *list = player_scenery(p, "processes");
    int64_t boot_ms = p->facts ? p->facts->boot_ms : 0;
    add(p, l,
        (struct cast_process){
            .pid = 1,
            .user = "root",
            .name = p->systems ? "systemd" : "init",
            .command = p->systems ? "/run/current-system/systemd/lib/systemd/systemd" : "init",
            .cpu = 0.1,
            .memory = 14 << 20,
            .threads = 1,
            .started_ms = boot_ms});
    add(p, l,
        (struct cast_process){.pid = 2,
                              .user = "root",
                              .name = "kthreadd",
                              .command = "",
                              .threads = 1,
                              .kernel = true});
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = json_array_get(list, i);
        struct cast_process c = read_process(j, boot_ms + 4000);
        c.parent = (int)json_get_int(j, "parent", 1);
        c.kernel = c.parent == 2;
        c.pid = c.kernel ? 10 + (int)i * 3 : FIRST_PID + (int)i * PID_STEP;
        add(p, l, c);
    }
}

static double gpu_memory(const json_t *cast)
{
    const char *gpu;
    json_t *v;
    double sum = 0;
    json_object_foreach (json_object_get(cast, "gpu"), gpu, v)
        sum += json_number_value(v);
    return sum;
}

static struct cast_process first_of(const struct played *s)
{
    struct cast_process c = read_process(s->cast, s->now->started_ms);
    if (!s->cast)
        c = (struct cast_process){.user = "root",
                                  .name = s->now->name,
                                  .command = s->now->command ? s->now->command : s->now->name,
                                  .cpu = 0.4,
                                  .memory = 410 << 20,
                                  .threads = 9,
                                  .started_ms = s->now->started_ms};
    c.pid = s->pid;
    c.parent = 1;
    c.service = s->now->id;
    c.gpu_memory = (uint64_t)gpu_memory(s->cast);
    return c;
}

/* What stands between init and a container. */
static int add_shim(struct player *p, struct cast *l, const struct played *s)
{
    add(p, l,
        (struct cast_process){.pid = s->pid - 1,
                              .parent = 1,
                              .user = "root",
                              .name = "containerd-shim",
                              .command = "containerd-shim-runc-v2 -namespace moby -address "
                                         "/run/containerd/containerd.sock",
                              .memory = 11 << 20,
                              .threads = 12,
                              .started_ms = s->now->started_ms - CONTAINER_LAG_MS});
    return s->pid - 1;
}

static void add_service(struct player *p, struct cast *l, const struct played *s)
{
    const json_t *children = json_object_get(s->cast, "children");
    if ((s->now->run != RUN_RUNNING && s->now->run != RUN_PAUSED) || !s->now->started_ms)
        return;
    struct cast_process c = first_of(s);
    if (s->now->kind == OBSERVED_CONTAINER)
        c.parent = add_shim(p, l, s);
    add(p, l, c);
    for (size_t i = 0; i < json_array_size(children); i++) {
        struct cast_process child = read_process(json_array_get(children, i), c.started_ms + 900);
        child.user = c.user;
        child.parent = c.pid;
        child.pid = 40000 + c.pid + (int)i * 5;
        child.service = s->now->id;
        add(p, l, child);
    }
}

void cast_read(struct player *p, struct cast *ret_cast)
{
    *ret_cast = (struct cast){0};
    add_machine(p, ret_cast);
    MAP_FOREACH (&p->services, e)
        add_service(p, ret_cast, e->value);
}

static double cpu_of(const struct player *p, const struct cast_process *c)
{
    return c->cpu * (1 + 0.4 * figures_swing(p->tick, (unsigned)c->pid));
}

static char state_of(const struct cast_process *c)
{
    return c->kernel && c->cpu < 0.05 ? 'I' : c->cpu > 50 ? 'R' : 'S';
}

/* --- the table --- */

static void add_row(const struct player *p, struct process_table *t, const struct cast_process *c)
{
    *vec_add(&t->rows) = (struct process_row){
        .pid = c->pid,
        .parent = c->parent,
        .user = mem_strdup(c->user),
        .name = mem_strdup(c->name),
        .command = mem_strdup(c->command),
        .state = state_of(c),
        .cpu_percent = (float)cpu_of(p, c),
        .memory = c->memory,
        .gpu_memory = c->gpu_memory,
        .threads = c->threads,
        .started_ms = c->started_ms,
        .start_ticks = c->start_ticks,
        .service = c->service ? mem_strdup(c->service) : NULL,
    };
}

static void add_gpu_rows(struct player *p, struct process_table *t, const struct cast_process *c)
{
    const struct played *s = c->gpu_memory ? player_find(p, c->service) : NULL;
    const char *gpu;
    json_t *v;
    json_object_foreach (json_object_get(s ? s->cast : NULL, "gpu"), gpu, v)
        *vec_add(&t->gpu_rows) = (struct gpu_process_row){.gpu = mem_strdup(gpu),
                                                          .pid = c->pid,
                                                          .name = mem_strdup(c->name),
                                                          .memory = (uint64_t)json_number_value(v),
                                                          .service = mem_strdup(c->service)};
}

static int by_memory(const void *a, const void *b)
{
    const struct cast_process *x = a, *y = b;
    return (x->memory < y->memory) - (x->memory > y->memory);
}

void cast_tell(struct player *p)
{
    struct cast l;
    struct process_table *t = mem_alloc(sizeof *t);
    cast_read(p, &l);
    t->time_ms = clock_wall_ms();
    t->total = (unsigned)l.v.n;
    if (l.v.n)
        qsort(l.v.v, l.v.n, sizeof *l.v.v, by_memory);
    for (size_t i = 0; i < l.v.n; i++) {
        const struct cast_process *c = &l.v.v[i];
        t->running += state_of(c) == 'R';
        t->threads += c->threads;
        if (i < LIMIT_PROCESS_ROWS || c->cpu >= 1)
            add_row(p, t, c);
        add_gpu_rows(p, t, c);
    }
    vec_done(&l.v);
    player_tell(p, (struct node_report){.kind = REPORT_PROCESSES, .processes = t});
}

/* --- the tree --- */

static const char *state_name(char state)
{
    return state == 'R' ? "running" : state == 'I' ? "idle" : "sleeping";
}

static void print(const struct player *p, const struct cast_process *c, struct jw *w)
{
    AUTO(mem_freep)
    char *target = mem_printf("%d:%llu", c->pid, (unsigned long long)c->start_ticks);
    jw_object(w);
    jw_key_int(w, "pid", c->pid);
    jw_key_int(w, "parent", c->parent);
    jw_key_str(w, "target", target);
    jw_key_str(w, "user", c->user);
    jw_key_str(w, "name", c->name);
    jw_key_str(w, "command", c->command);
    jw_key_str(w, "state", state_name(state_of(c)));
    jw_key(w, "cpu");
    jw_fixed(w, cpu_of(p, c), 1);
    jw_key_uint(w, "memory", c->memory);
    jw_key_uint(w, "threads", c->threads);
    jw_key_time(w, "started", c->started_ms);
    jw_key_str(w, "service", c->service);
    jw_key_bool(w, "kernel", c->kernel);
    jw_end_object(w);
}

static void print_below(const struct player *p, const struct cast *l, int parent, struct jw *w)
{
    for (size_t i = 0; i < l->v.n; i++) {
        if (l->v.v[i].parent != parent)
            continue;
        print(p, &l->v.v[i], w);
        print_below(p, l, l->v.v[i].pid, w);
    }
}

void cast_print(struct player *p, struct jw *w)
{
    struct cast l;
    cast_read(p, &l);
    jw_object(w);
    jw_key_time(w, "time", clock_wall_ms());
    jw_key_uint(w, "total", l.v.n);
    jw_key_bool(w, "cut", false);
    jw_key(w, "processes");
    jw_array(w);
    print_below(p, &l, 0, w);
    jw_end_array(w);
    jw_end_object(w);
    vec_done(&l.v);
}
