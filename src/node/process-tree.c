#include "node/process-tree.h"

#include "base/clock.h"
#include "node/kfile.h"
#include "node/mask.h"
#include "node/processes.h"
#include "node/rooted.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TICK_MS = 10, LIMIT_COMMAND_BYTES = 4096 };

struct node_of_tree {
    int pid;
    unsigned depth; /* below the first process */
    struct process_stat stat;
    float cpu; /* percent of one core; below 0 = not known */
};

struct tree {
    const struct tree_settings *s;
    struct kbuf buf;
    VEC(struct node_of_tree) v;
    size_t total;
    int64_t boot_ms;
    uint64_t page;
    struct process_users *users;
};

static int read_stat(struct tree *t, int pid, struct process_stat *ret_stat)
{
    struct scan text;
    int fd = kfile_open(t->s->root, "/proc/%d/stat", pid);
    if (fd < 0)
        return fd;
    int r = kfile_read(&t->buf, fd, &text);
    kfile_close(&fd);
    return r < 0 ? r : process_stat_parse(text, ret_stat);
}

static int by_pid(const void *a, const void *b)
{
    int x = ((const struct node_of_tree *)a)->pid, y = ((const struct node_of_tree *)b)->pid;
    return (x > y) - (x < y);
}

static int by_depth(const void *a, const void *b)
{
    const struct node_of_tree *x = a, *y = b;
    return x->depth == y->depth ? by_pid(a, b) : x->depth < y->depth ? -1 : 1;
}

static struct node_of_tree *find(const struct tree *t, int pid)
{
    struct node_of_tree key = {.pid = pid};
    return bsearch(&key, t->v.v, t->v.n, sizeof *t->v.v, by_pid);
}

static int gather(struct tree *t, struct err *e)
{
    struct str_list names = {0};
    int r = rooted_list(t->s->root, "/proc", (size_t)4 * LIMIT_TREE, &names);
    if (r < 0)
        return err_set(e, r, "/proc can't be read on this node: %s.", strerror(-r));
    for (size_t i = 0; i < names.n; i++) {
        uint64_t pid;
        struct process_stat stat;
        if (str_to_u64(names.v[i], &pid) < 0 || pid > INT32_MAX ||
            read_stat(t, (int)pid, &stat) < 0)
            continue;
        if (++t->total <= LIMIT_TREE)
            *vec_add(&t->v) = (struct node_of_tree){.pid = (int)pid, .stat = stat, .cpu = -1};
    }
    str_list_done(&names);
    qsort(t->v.v, t->v.n, sizeof *t->v.v, by_pid);
    return 0;
}

/* A parent that ended between two reads is no parent; a circle can only come of that. */
static void measure_depths(struct tree *t)
{
    for (size_t i = 0; i < t->v.n; i++) {
        const struct node_of_tree *at = &t->v.v[i];
        unsigned depth = 0;
        while ((at = find(t, at->stat.parent)) && depth < t->v.n)
            depth++;
        t->v.v[i].depth = depth;
    }
}

/* What each used while we waited. */
static void measure_cpu(struct tree *t)
{
    struct process_stat now;
    int64_t begun = clock_mono_ms();
    if (!t->s->pause_ms)
        return;
    usleep(t->s->pause_ms * 1000);
    for (size_t i = 0; i < t->v.n; i++) {
        struct node_of_tree *p = &t->v.v[i];
        if (read_stat(t, p->pid, &now) < 0 || now.start_ticks != p->stat.start_ticks)
            continue;
        int64_t ms = clock_mono_ms() - begun;
        uint64_t ticks = now.cpu_ticks - p->stat.cpu_ticks;
        p->cpu = ms > 0 ? (float)ticks * TICK_MS * 100 / (float)ms : 0;
    }
}

static int64_t read_boot(struct tree *t)
{
    struct scan s;
    uint64_t seconds = 0;
    int fd = kfile_open(t->s->root, "/proc/stat");
    if (fd < 0)
        return 0;
    if (kfile_read_long(&t->buf, fd, &s) >= 0) {
        const char *at = strstr(s.p, "\nbtime ");
        if (at) {
            s.p = at + strlen("\nbtime ");
            (void)scan_u64(&s, &seconds);
        }
    }
    kfile_close(&fd);
    return (int64_t)seconds * 1000;
}

/* --- printing --- */

static const char *state_name(char state)
{
    static const struct {
        char letter;
        const char *name;
    } names[] = {{'R', "running"}, {'S', "sleeping"}, {'D', "waiting"}, {'Z', "zombie"},
                 {'T', "stopped"}, {'t', "traced"},   {'I', "idle"}};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (names[i].letter == state)
            return names[i].name;
    return "";
}

static void print_command(const struct tree *t, const struct node_of_tree *p, struct jw *w)
{
    char path[64], shown[COMMAND_MAX] = "";
    AUTO(str_done) struct str args = {0};
    snprintf(path, sizeof path, "/proc/%d/cmdline", p->pid);
    if (!p->stat.kernel && rooted_read(t->s->root, path, LIMIT_COMMAND_BYTES, &args) >= 0 &&
        args.len)
        command_mask(args.p, args.len, shown);
    jw_key_str(w, "command", shown);
}

static const char *service_of(const struct tree *t, int pid)
{
    char cgroup[CGROUP_PATH_MAX];
    const struct owner *o = owners_by_pid(t->s->owners, pid);
    if (!o && cgroup_of_pid(t->s->root, pid, cgroup) == 0)
        o = owners_by_cgroup(t->s->owners, cgroup);
    return o ? o->id : NULL;
}

static void print_process(const struct tree *t, const struct node_of_tree *p, struct jw *w)
{
    char target[40];
    AUTO(mem_freep)
    char *user = process_users_name(t->users, process_uid(t->s->root, p->pid));
    snprintf(target, sizeof target, "%d:%llu", p->pid, (unsigned long long)p->stat.start_ticks);
    jw_object(w);
    jw_key_int(w, "pid", p->pid);
    jw_key_int(w, "parent", p->stat.parent);
    jw_key_str(w, "target", target);
    jw_key_str(w, "user", user);
    jw_key_str(w, "name", p->stat.name);
    print_command(t, p, w);
    jw_key_str(w, "state", state_name(p->stat.state));
    jw_key(w, "cpu");
    if (p->cpu < 0)
        jw_null(w);
    else
        jw_fixed(w, (double)p->cpu, 1);
    jw_key_uint(w, "memory", p->stat.memory_pages * t->page);
    jw_key_uint(w, "threads", p->stat.threads);
    jw_key_time(w, "started", t->boot_ms ? t->boot_ms + (int64_t)p->stat.start_ticks * TICK_MS : 0);
    jw_key_str(w, "service", service_of(t, p->pid));
    jw_key_bool(w, "kernel", p->stat.kernel);
    jw_end_object(w);
}

static void print(struct tree *t, struct jw *w)
{
    size_t i = 0;
    jw_object(w);
    jw_key_time(w, "time", clock_wall_ms());
    jw_key_uint(w, "total", t->total);
    jw_key(w, "processes");
    jw_array(w);
    for (; i < t->v.n && w->out->len < LIMIT_TREE_ANSWER; i++)
        print_process(t, &t->v.v[i], w);
    jw_end_array(w);
    jw_key_bool(w, "cut", i < t->total);
    jw_end_object(w);
}

int process_tree_print(const struct tree_settings *s, struct jw *w, struct err *e)
{
    struct tree t = {.s = s, .page = (uint64_t)sysconf(_SC_PAGESIZE), .users = process_users_new()};
    kbuf_reserve(&t.buf);
    process_users_refresh(t.users, s->root);
    t.boot_ms = read_boot(&t);
    int r = gather(&t, e);
    if (r >= 0) {
        measure_depths(&t);
        measure_cpu(&t);
        qsort(t.v.v, t.v.n, sizeof *t.v.v, by_depth);
        print(&t, w);
    }
    process_users_free(t.users);
    kbuf_done(&t.buf);
    vec_done(&t.v);
    return r;
}
