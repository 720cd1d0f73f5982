#include "node/process-service.h"

#include "base/clock.h"
#include "node/kfile.h"
#include "node/mask.h"
#include "node/pidfd.h"
#include "node/processes.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    LIMIT_ENDED = 64,
    LIMIT_PORTS = 64,
    FORGET_LEAST_MS = 2 * 60 * 1000,
    FORGET_MOST_MS = 24 * 3600 * 1000,
    /* What ended so soon was no service: tests, one-off tools. */
    PASSING_MS = 2000,
    PASSING_EPHEMERAL_MS = 60000,
    EPHEMERAL_PORT = 32768,
    EXIT_TRIES = 5,
    SETTLE_MS = 25, /* from the end of a process until its sockets are closed and it is collected */
};

struct process_service {
    struct process_services *all;
    char *id;
    struct observed *seen; /* as last told */
    uint16_t port;         /* the one in its id */
    bool udp;
    int pidfd; /* -1 = not watched */
    uv_poll_t *poll;
    int64_t since_ms, ended_ms; /* wall; ended_ms 0 = it runs */
    unsigned exit_tries;        /* left: its exit code is not known yet */
    bool present;               /* within update() */
};

struct process_services {
    struct node *node;
    struct outbox out;
    loop_fn *on_end;
    void *arg;
    struct loop_timer *settle;
    VEC(struct process_service *) v;
};

/* --- watching a process --- */

static void on_poll_closed(uv_handle_t *h)
{
    mem_free(h);
}

static void unwatch(struct process_service *p)
{
    if (p->poll) {
        uv_poll_stop(p->poll);
        uv_close((uv_handle_t *)TAKE(p->poll), on_poll_closed);
    }
}

static void close_pidfd(struct process_service *p)
{
    unwatch(p);
    if (p->pidfd >= 0)
        close(p->pidfd);
    p->pidfd = -1;
}

static void on_settled(void *arg)
{
    struct process_services *s = arg;
    loop_timer_free(TAKE(s->settle));
    s->on_end(s->arg);
}

static void on_pidfd(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    struct process_service *p = poll->data;
    unwatch(p);
    if (!p->all->settle)
        p->all->settle = loop_timer_new(p->all->node->loop, SETTLE_MS, 0, on_settled, p->all);
}

static void watch(struct process_service *p, int pid)
{
    close_pidfd(p);
    int fd = *p->all->node->settings.root ? -ENOSYS : pidfd_watch(pid);
    if (fd < 0)
        return; /* the next look at the sockets tells as well, within a tick */
    p->pidfd = fd;
    p->poll = mem_alloc(sizeof *p->poll);
    p->poll->data = p;
    uv_poll_init(loop_uv(p->all->node->loop), p->poll, fd);
    uv_poll_start(p->poll, UV_READABLE, on_pidfd);
}

/* --- what a process is --- */

static char *command_of(const char *root, int pid)
{
    char command[COMMAND_MAX];
    struct kbuf b = {0};
    struct scan text = {0};
    int fd = kfile_open(root, "/proc/%d/cmdline", pid);
    if (fd >= 0 && kfile_read(&b, fd, &text) >= 0)
        command_mask(text.p, (size_t)(text.end - text.p), command);
    else
        *command = 0;
    kfile_close(&fd);
    kbuf_done(&b);
    return *command ? mem_strdup(command) : NULL;
}

static int64_t boot_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return clock_wall_ms() - ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static int64_t started_ms(const char *root, int pid)
{
    struct kbuf b = {0};
    struct scan text;
    struct process_stat stat;
    int64_t ms = 0;
    int fd = kfile_open(root, "/proc/%d/stat", pid);
    if (fd >= 0 && kfile_read(&b, fd, &text) >= 0 && process_stat_parse(text, &stat) == 0)
        ms = boot_wall_ms() + (int64_t)stat.start_ticks * 10;
    kfile_close(&fd);
    kbuf_done(&b);
    return ms / 1000 * 1000; /* both clocks round: whole seconds are the same each time */
}

static struct observed *describe(struct node *n, const char *id, int pid, const char *name)
{
    struct observed *o = mem_alloc(sizeof *o);
    o->id = mem_strdup(id);
    o->kind = OBSERVED_PROCESS;
    o->engine = mem_strdup("process");
    o->name = mem_strdup(name);
    o->run = RUN_RUNNING;
    o->run_text = mem_strdup("listening");
    o->main_pid = pid;
    o->command = command_of(n->settings.root, pid);
    o->started_ms = started_ms(n->settings.root, pid);
    return o;
}

/* --- the list --- */

static struct process_service *find(struct process_services *s, const char *id)
{
    for (size_t i = 0; i < s->v.n; i++)
        if (str_eq(s->v.v[i]->id, id))
            return s->v.v[i];
    return NULL;
}

static void forget(struct process_services *s, size_t i, bool tell)
{
    struct process_service *p = s->v.v[i];
    vec_remove_at(&s->v, i);
    if (tell)
        outbox_gone(&s->out, p->id);
    close_pidfd(p);
    observed_free(p->seen);
    mem_free(p->id);
    mem_free(p);
}

static struct process_service *add(struct process_services *s, const char *id, int64_t wall_ms)
{
    struct process_service *p = mem_alloc(sizeof *p);
    p->all = s;
    p->id = mem_strdup(id);
    p->pidfd = -1;
    p->since_ms = wall_ms;
    *vec_add(&s->v) = p;
    return p;
}

static void tell(struct process_service *p)
{
    outbox_put(&p->all->out, observed_copy(p->seen));
}

/* --- how it ended --- */

static void judge_exit(struct process_service *p)
{
    struct observed *o = p->seen;
    int code, r = p->pidfd >= 0 ? pidfd_exit_code(p->pidfd, &code) : -ENOTSUP;
    if (r == -EAGAIN && --p->exit_tries)
        return;
    p->exit_tries = 0;
    close_pidfd(p);
    if (r < 0)
        return;
    /* 128 + SIGHUP, SIGINT, SIGTERM: how people end what they started by hand. */
    o->on_purpose = code == 0 || code == 129 || code == 130 || code == 143;
    o->run = o->on_purpose ? RUN_STOPPED : RUN_FAILED;
    o->has_exit = true;
    o->exit_code = code;
    tell(p);
}

/* A look at the sockets may come before the loop hears of the end. */
static bool is_alive(const struct process_service *p)
{
    if (p->pidfd >= 0 && pidfd_has_ended(p->pidfd))
        return false;
    return process_lives(p->all->node->settings.root, p->seen->main_pid);
}

static void end(struct process_service *p, int64_t wall_ms)
{
    struct observed *o = p->seen;
    int pid = o->main_pid;
    bool alive = is_alive(p);
    p->ended_ms = o->ended_ms = wall_ms;
    o->run = RUN_STOPPED;
    mem_set_str(&o->run_text, "ended");
    mem_free(o->why);
    if (alive) {
        close_pidfd(p);
        o->why = mem_printf("process %d (%s) runs but no longer listens on port %u", pid, o->name,
                            p->port);
    } else {
        o->main_pid = 0;
        o->why = mem_printf("process %d (%s) ended", pid, o->name);
        p->exit_tries = EXIT_TRIES;
        judge_exit(p);
    }
    tell(p);
}

static int64_t lived_ms(const struct process_service *p, int64_t until_ms)
{
    int64_t started = p->seen->started_ms, since = p->since_ms;
    return until_ms - (started && started < since ? started : since);
}

/* Whoever was there for minutes is missed for minutes, whoever was there for days for a day. */
static int64_t remembered_ms(const struct process_service *p)
{
    int64_t lived = lived_ms(p, p->ended_ms);
    return lived < FORGET_LEAST_MS  ? FORGET_LEAST_MS
           : lived > FORGET_MOST_MS ? FORGET_MOST_MS
                                    : lived;
}

static bool was_passing(const struct process_service *p, int64_t wall_ms)
{
    return lived_ms(p, wall_ms) < (p->port >= EPHEMERAL_PORT ? PASSING_EPHEMERAL_MS : PASSING_MS);
}

static void forget_eldest(struct process_services *s)
{
    size_t ended = 0, eldest = 0;
    for (size_t i = 0; i < s->v.n; i++)
        if (s->v.v[i]->ended_ms) {
            if (!ended++ || s->v.v[i]->ended_ms < s->v.v[eldest]->ended_ms)
                eldest = i;
        }
    if (ended > LIMIT_ENDED)
        forget(s, eldest, true);
}

/* --- update --- */

/* The lowest TCP port names the process; the lowest UDP port where there is none. */
static const struct process_port *naming_port(const struct process_port *ports, size_t n, int pid)
{
    const struct process_port *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (ports[i].pid == pid &&
            (!best || ports[i].port.udp < best->port.udp ||
             (ports[i].port.udp == best->port.udp && ports[i].port.port < best->port.port)))
            best = &ports[i];
    return best;
}

static bool has_port(const struct observed *o, const struct observed_port *p)
{
    for (size_t i = 0; i < o->ports.n; i++)
        if (o->ports.v[i].port == p->port && o->ports.v[i].udp == p->udp &&
            (str_eq(o->ports.v[i].address, p->address) || str_eq(p->address, "::")))
            return true;
    return false;
}

static void add_ports(struct observed *o, const struct process_port *ports, size_t n, int pid)
{
    for (size_t i = 0; i < n && o->ports.n < LIMIT_PORTS; i++) {
        if (ports[i].pid != pid || has_port(o, &ports[i].port))
            continue;
        struct observed_port *p = vec_add(&o->ports);
        *p = ports[i].port;
        p->address = mem_strdup(p->address);
        p->process = mem_strdup(p->process);
    }
}

static bool runs_as(const struct process_service *p, int pid)
{
    return p->seen && !p->ended_ms && p->seen->main_pid == pid;
}

static void take_process(struct process_services *s, const struct process_port *ports, size_t n,
                         const struct process_port *first, int64_t wall_ms)
{
    const char *name = str_is_empty(first->port.process) ? "unknown" : first->port.process;
    char *id = mem_printf("process/%s:%u", name, first->port.port);
    struct process_service *p = find(s, id);
    if (!p)
        p = add(s, id, wall_ms);
    if (p->present) { /* several processes share the port: one service */
        add_ports(p->seen, ports, n, first->pid);
    } else {
        bool same = runs_as(p, first->pid) && p->pidfd >= 0;
        observed_free(p->seen);
        p->seen = describe(s->node, id, first->pid, name);
        add_ports(p->seen, ports, n, first->pid);
        p->port = first->port.port;
        p->udp = first->port.udp;
        p->since_ms = p->ended_ms ? wall_ms : p->since_ms;
        p->ended_ms = 0;
        p->present = true;
        if (!same)
            watch(p, first->pid);
    }
    mem_free(id);
}

static bool taken_by_others(const struct process_service *p, const struct process_port *ports,
                            size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ports[i].port.port == p->port && ports[i].port.udp == p->udp)
            return true;
    return false;
}

void process_services_taken(struct process_services *s, const struct process_port *ports, size_t n)
{
    for (size_t i = s->v.n; i-- > 0;)
        if (taken_by_others(s->v.v[i], ports, n))
            forget(s, i, true);
}

static void settle_absent(struct process_services *s, const struct process_port *ports, size_t n,
                          int64_t wall_ms, bool (*in_question)(void *arg, int pid))
{
    for (size_t i = s->v.n; i-- > 0;) {
        struct process_service *p = s->v.v[i];
        if (p->present || (!p->ended_ms && in_question(s->arg, p->seen->main_pid)))
            continue;
        if (taken_by_others(p, ports, n) || (!p->ended_ms && was_passing(p, wall_ms)))
            forget(s, i, true);
        else if (!p->ended_ms)
            end(p, wall_ms);
    }
}

void process_services_update(struct process_services *s, const struct process_port *ports, size_t n,
                             int64_t wall_ms, bool (*in_question)(void *arg, int pid))
{
    for (size_t i = 0; i < s->v.n; i++)
        s->v.v[i]->present = false;
    for (size_t i = 0; i < n; i++) {
        const struct process_port *first = naming_port(ports, n, ports[i].pid);
        if (first == &ports[i])
            take_process(s, ports, n, first, wall_ms);
    }
    settle_absent(s, ports, n, wall_ms, in_question);
    for (size_t i = 0; i < s->v.n; i++)
        if (s->v.v[i]->present)
            tell(s->v.v[i]);
    forget_eldest(s);
}

void process_services_tick(struct process_services *s, int64_t wall_ms)
{
    for (size_t i = s->v.n; i-- > 0;) {
        struct process_service *p = s->v.v[i];
        if (p->exit_tries)
            judge_exit(p);
        if (p->ended_ms && wall_ms - p->ended_ms > remembered_ms(p))
            forget(s, i, true);
    }
}

struct process_services *process_services_new(struct node *n, loop_fn *on_end, void *arg)
{
    struct process_services *s = mem_alloc(sizeof *s);
    s->node = n;
    s->on_end = on_end;
    s->arg = arg;
    outbox_init(&s->out, n);
    return s;
}

void process_services_free(struct process_services *s)
{
    if (!s)
        return;
    while (s->v.n)
        forget(s, s->v.n - 1, false);
    vec_done(&s->v);
    outbox_done(&s->out);
    loop_timer_free(s->settle);
    mem_free(s);
}
