#include "node/processes.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    KERNEL_EVERY = 4,      /* passes: those that used CPU when last looked at; */
    KERNEL_IDLE_EVERY = 8, /* … the others */
    ASLEEP_EVERY = 4,      /* passes: the kernel may take memory from those that sleep */
    SETTLE_PASSES = 2,     /* a new process may still move to its cgroup; */
    RESETTLE_PASSES = 100, /* … an old one seldom does */
    MAX_KEPT = 512,
    PROBES_MAX = 512,
    LIST_EVERY = 10, /* passes, even when the census says that nobody came or went */
};

static const struct series_tmpl process_series[] = {
    {"node_processes_pids", SERIES_GAUGE, "Number of PIDs.", NULL},
    {"node_processes_threads", SERIES_GAUGE, "Allocated threads in system.", NULL},
};

struct processes {
    int dir; /* /proc */
    struct process_list now, next, chosen;
    VEC(int) pids;
    struct census census; /* when they were listed */
    struct process_users *users;
    uint32_t first;
    size_t max_kept, n_kept;
    int64_t boot_ms; /* wall */
    uint64_t page;
    unsigned passes;
    unsigned running, threads;
};

int process_stat_parse(struct scan s, struct process_stat *ret_stat)
{
    struct process_stat p = {0};
    uint64_t v[22];
    const char *open = memchr(s.p, '(', (size_t)(s.end - s.p));
    const char *close = memrchr(s.p, ')', (size_t)(s.end - s.p));
    if (!open || !close || close < open)
        return -EBADMSG;
    size_t len = (size_t)(close - open) - 1;
    memcpy(p.name, open + 1, len < sizeof p.name ? len : sizeof p.name - 1);
    s.p = close + 1;
    scan_blanks(&s);
    if (s.p >= s.end)
        return -EBADMSG;
    p.state = *s.p++;
    /* Fields 4 … 24; tpgid (8) may be negative. */
    for (unsigned i = 4; i <= 24; i++) {
        int64_t field;
        if (!scan_i64(&s, &field))
            return -EBADMSG;
        v[i - 4] = (uint64_t)field;
    }
    p.parent = (int)v[0];
    p.kernel = v[9 - 4] & 0x00200000; /* PF_KTHREAD, include/linux/sched.h */
    p.cpu_ticks = v[14 - 4] + v[15 - 4];
    p.threads = (unsigned)v[20 - 4];
    p.start_ticks = v[22 - 4];
    p.memory_pages = v[24 - 4];
    *ret_stat = p;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

struct entry { /* linux_dirent64, getdents(2) */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static void add_pids(struct processes *p, const char *buf, size_t n)
{
    for (size_t at = 0; at < n;) {
        const struct entry *e = (const void *)(buf + at);
        struct scan s = {e->name, e->name + strlen(e->name)};
        uint64_t pid;
        if (scan_u64(&s, &pid) && s.p == s.end && pid <= INT32_MAX)
            *vec_add(&p->pids) = (int)pid;
        at += e->length;
    }
}

bool processes_any_lives(uint64_t first, uint64_t last)
{
    for (uint64_t pid = first; pid <= last; pid++)
        if (kill((pid_t)pid, 0) == 0 || errno != ESRCH)
            return true;
    return false;
}

/* Does any live whose number was given out meanwhile? */
static bool was_any_born(const struct census *before, const struct census *now)
{
    return !before->last_pid || now->last_pid < before->last_pid ||
           now->last_pid - before->last_pid > PROBES_MAX ||
           processes_any_lives(before->last_pid + 1, now->last_pid);
}

/* Walking all of /proc costs as much as reading a third of what is in it. Commands that were
 * started and have ended leave the number of tasks as it was, and nobody with one of the new pids.
 */
static bool may_have_changed(const struct processes *p, const struct collect *c)
{
    const struct census *now = &c->census;
    if (p->passes % LIST_EVERY == 0 || now->forks == 0 || now->tasks == 0 ||
        now->tasks != p->census.tasks)
        return true;
    return now->forks != p->census.forks && (*c->root || was_any_born(&p->census, now));
}

/* The kernel lists pids in order; a recorded tree does not. */
static int list_pids(struct processes *p, struct collect *c)
{
    bool changed = may_have_changed(p, c);
    p->census = c->census;
    if (!changed)
        return 0;
    p->pids.n = 0;
    if (lseek(p->dir, 0, SEEK_SET) < 0)
        return -errno;
    for (;;) {
        long n = syscall(SYS_getdents64, p->dir, c->buf.p, c->buf.size);
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        add_pids(p, c->buf.p, (size_t)n);
    }
    for (size_t i = 1; i < p->pids.n; i++)
        if (p->pids.v[i] < p->pids.v[i - 1]) {
            qsort(p->pids.v, p->pids.n, sizeof p->pids.v[0], by_number);
            break;
        }
    return 0;
}

static void process_free(struct processes *p, struct process *q)
{
    p->n_kept -= q->fd >= 0;
    kfile_close(&q->fd);
    mem_free(q->command);
    mem_free(q->cgroup);
    mem_free(q);
}

static struct process *process_new(int pid)
{
    struct process *q = mem_alloc(sizeof *q);
    q->pid = pid;
    q->fd = -1;
    q->uid = -1;
    q->owner_cpu = (double)NAN;
    return q;
}

static int read_stat(struct processes *p, struct collect *c, struct process *q,
                     struct process_stat *ret_stat)
{
    int fd = q->fd;
    if (fd < 0)
        fd = kfile_open(c->root, "/proc/%d/stat", q->pid);
    if (fd < 0)
        return fd;
    struct scan s;
    int r = kfile_read(&c->buf, fd, &s);
    if (r >= 0)
        r = process_stat_parse(s, ret_stat);
    bool keep = r >= 0 && !ret_stat->kernel && (q->fd >= 0 || p->n_kept < p->max_kept);
    p->n_kept += keep && q->fd < 0;
    p->n_kept -= !keep && q->fd >= 0;
    if (!keep)
        kfile_close(&fd);
    q->fd = keep ? fd : -1;
    return r;
}

static void measure(struct process *q, const struct process_stat *now, const struct processes *p,
                    int64_t now_ms)
{
    bool first = q->passes == 0;
    int64_t up_ms = clock_wall_ms() - p->boot_ms;
    int64_t since = first ? up_ms - (int64_t)now->start_ticks * 10 : now_ms - q->read_ms;
    uint64_t before = first ? 0 : q->stat.cpu_ticks;
    uint64_t ticks = now->cpu_ticks > before ? now->cpu_ticks - before : 0;
    if (since >= 10)
        q->cpu_percent = (float)((double)ticks * 10 * 100 / (double)since);
    if (q->owner && !first)
        q->owner->cpu_seconds += (double)ticks / 100;
    q->stat = *now;
    q->read_ms = now_ms;
    q->owner_cpu = q->owner ? q->owner->usage[USAGE_CGROUP].cpu : (double)NAN;
}

/* Nothing can have changed since it was read. Its cgroup is read first, and at least once between
 * two passes. */
static bool has_slept(const struct processes *p, const struct process *q)
{
    if (q->passes == 0)
        return false;
    unsigned turn = p->passes + (unsigned)q->pid;
    if (q->stat.kernel)
        return turn % (q->cpu_percent > 0 ? KERNEL_EVERY : KERNEL_IDLE_EVERY) != 0;
    return q->owner && q->owner->usage[USAGE_CGROUP].cpu == q->owner_cpu &&
           turn % ASLEEP_EVERY != 0;
}

static void sleep_on(struct process *q, int64_t now_ms)
{
    q->passes++;
    if (q->stat.kernel)
        return;
    q->cpu_percent = 0;
    q->read_ms = now_ms;
}

/* The process of the last pass, or one anew when another has its number now. False: it has ended.
 */
static bool refresh(struct processes *p, struct collect *c, struct process **q)
{
    struct process_stat now;
    if (has_slept(p, *q)) {
        sleep_on(*q, c->now_ms);
        return true;
    }
    bool known = (*q)->passes > 0;
    int r = read_stat(p, c, *q, &now);
    if (r < 0 && known) /* the descriptor of one that has ended */
        r = read_stat(p, c, *q, &now);
    if (r < 0)
        return false;
    if (known && now.start_ticks != (*q)->stat.start_ticks) {
        struct process *other = process_new((*q)->pid);
        other->fd = (*q)->fd;
        mem_free((*q)->command);
        mem_free((*q)->cgroup);
        mem_free(*q);
        *q = other;
    }
    if (known && memcmp(now.name, (*q)->stat.name, sizeof now.name) != 0)
        process_forget(*q);
    measure(*q, &now, p, c->now_ms);
    (*q)->passes++;
    return true;
}

static struct process *find(const struct process_list *l, int pid)
{
    size_t low = 0, high = l->v.n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (l->v.v[mid]->pid < pid)
            low = mid + 1;
        else
            high = mid;
    }
    return low < l->v.n && l->v.v[low]->pid == pid ? l->v.v[low] : NULL;
}

/* NULL when it is gone. */
static const char *cgroup_of(const struct processes *p, const struct collect *c, struct process *q)
{
    char path[CGROUP_PATH_MAX];
    if (q->cgroup && q->passes > SETTLE_PASSES && p->passes - q->cgroup_passes < RESETTLE_PASSES)
        return q->cgroup;
    mem_set_str(&q->cgroup, cgroup_of_pid(c->root, q->pid, path) == 0 ? path : NULL);
    q->cgroup_passes = p->passes;
    return q->cgroup;
}

/* By its own pid, by its cgroup, or as the child of a service that shares its cgroup. */
static void find_owner(struct processes *p, struct collect *c, struct process *q)
{
    if (q->stat.kernel || (q->passes > SETTLE_PASSES && q->generation == c->owners->generation))
        return;
    q->generation = c->owners->generation;
    const struct owner *before = q->owner;
    q->owner = owners_by_pid(c->owners, q->pid);
    const char *cgroup = q->owner ? NULL : cgroup_of(p, c, q);
    if (cgroup)
        q->owner = owners_by_cgroup(c->owners, cgroup);
    const struct process *parent = q->owner ? NULL : find(&p->next, q->stat.parent);
    if (parent && parent->owner && !parent->owner->cgroup)
        q->owner = parent->owner;
    if (q->owner != before)
        q->owner_cpu = (double)NAN;
}

static void take(struct processes *p, struct collect *c, struct process *q)
{
    if (!refresh(p, c, &q)) {
        process_free(p, q);
        return;
    }
    *vec_add(&p->next.v) = q;
    find_owner(p, c, q);
    p->threads += q->stat.threads;
    p->running += q->stat.state == 'R';
}

/* Walks the old list and the pids of now side by side: both are sorted. */
static void merge(struct processes *p, struct collect *c)
{
    size_t old = 0;
    p->next.v.n = 0;
    p->running = p->threads = 0;
    for (size_t i = 0; i < p->pids.n; i++) {
        int pid = p->pids.v[i];
        while (old < p->now.v.n && p->now.v.v[old]->pid < pid)
            process_free(p, p->now.v.v[old++]);
        bool same = old < p->now.v.n && p->now.v.v[old]->pid == pid;
        take(p, c, same ? p->now.v.v[old++] : process_new(pid));
    }
    while (old < p->now.v.n)
        process_free(p, p->now.v.v[old++]);
    struct process_list swap = p->now;
    p->now = p->next;
    p->next = swap;
    p->next.v.n = 0;
}

/* What the processes of each service use together; nothing is told of one without any. */
static void sum_services(struct processes *p, struct collect *c)
{
    for (size_t i = 0; i < c->owners->v.n; i++)
        owner_unused(c->owners->v.v[i], USAGE_PROCESSES);
    for (size_t i = 0; i < p->now.v.n; i++) {
        const struct process *q = p->now.v.v[i];
        if (!q->owner)
            continue;
        double before = q->owner->usage[USAGE_PROCESSES].memory;
        double memory = (double)(q->stat.memory_pages * p->page);
        owner_used(q->owner, USAGE_PROCESSES, q->owner->cpu_seconds,
                   isnan(before) ? memory : before + memory, c->now_ms);
    }
}

static void add_gpu_rows(const struct processes *p, const struct collect *c,
                         struct process_table *t)
{
    for (size_t i = 0; c->gpus && i < c->gpus->n_processes; i++) {
        const struct gpu_process *g = &c->gpus->processes[i];
        const struct process *q = find(&p->now, g->pid);
        *vec_add(&t->gpu_rows) = (struct gpu_process_row){
            .gpu = mem_strdup(g->gpu),
            .pid = g->pid,
            .name = mem_strdup(q ? q->stat.name : ""),
            .memory = g->memory,
            .service = q && q->owner ? mem_strdup(q->owner->id) : NULL,
        };
    }
}

static uint64_t gpu_memory(const struct gpus *g, int pid)
{
    uint64_t sum = 0;
    for (size_t i = 0; g && i < g->n_processes; i++)
        if (g->processes[i].pid == pid)
            sum += g->processes[i].memory;
    return sum;
}

static struct process_table *make_table(struct processes *p, struct collect *c)
{
    struct process_table *t = mem_alloc(sizeof *t);
    t->time_ms = clock_wall_ms();
    t->total = (unsigned)p->now.v.n;
    t->running = p->running;
    t->threads = p->threads;
    processes_choose(&p->now, c->gpus, &p->chosen);
    process_users_refresh(p->users, c->root);
    for (size_t i = 0; i < p->chosen.v.n; i++) {
        struct process_row *row = vec_add(&t->rows);
        process_row_fill(row, p->chosen.v.v[i], c->root, p->users, p->boot_ms, p->page);
        row->gpu_memory = gpu_memory(c->gpus, row->pid);
    }
    add_gpu_rows(p, c, t);
    return t;
}

static int64_t boot_wall_ms(struct collect *c)
{
    struct scan s;
    uint64_t seconds = 0;
    int fd = kfile_open(c->root, "/proc/stat");
    if (fd >= 0 && kfile_read(&c->buf, fd, &s) == 0)
        do
            if (scan_text(&s, "btime ") && scan_u64(&s, &seconds))
                break;
        while (scan_next_line(&s));
    kfile_close(&fd);
    return (int64_t)seconds * 1000;
}

static int processes_open(void *state, struct collect *c)
{
    struct processes *p = state;
    struct rlimit files = {.rlim_cur = 1024};
    p->dir = kfile_open(c->root, "/proc");
    if (p->dir < 0)
        return p->dir;
    getrlimit(RLIMIT_NOFILE, &files);
    p->max_kept = files.rlim_cur / 4 < MAX_KEPT ? files.rlim_cur / 4 : MAX_KEPT;
    kbuf_reserve(&c->buf);
    p->boot_ms = boot_wall_ms(c);
    p->page = (uint64_t)sysconf(_SC_PAGESIZE);
    p->users = process_users_new();
    p->first = series_add(c->series, process_series, COUNT_OF(process_series), "");
    return 0;
}

static int processes_read(void *state, struct collect *c)
{
    struct processes *p = state;
    int r = list_pids(p, c);
    if (r < 0)
        return r;
    merge(p, c);
    p->passes++;
    sum_services(p, c);
    double *to = series_at(c->series, p->first);
    to[0] = (double)p->now.v.n;
    to[1] = p->threads;
    if (c->on_processes)
        c->on_processes(c->arg, make_table(p, c));
    return 0;
}

static void processes_close(void *state, struct collect *c)
{
    struct processes *p = state;
    (void)c;
    kfile_close(&p->dir);
    for (size_t i = 0; i < p->now.v.n; i++)
        process_free(p, p->now.v.v[i]);
    vec_done(&p->now.v);
    vec_done(&p->next.v);
    vec_done(&p->chosen.v);
    vec_done(&p->pids);
    process_users_free(p->users);
}

extern const struct collector collector_processes;
const struct collector collector_processes = {
    "processes", 3, sizeof(struct processes), processes_open, processes_read, processes_close};
