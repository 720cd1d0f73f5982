#include "node/processes.h"

#include "node/mask.h"

#include <sys/stat.h>
#include <unistd.h>

enum { REFRESH_SHOWN = 20 };

/* --- which ones are shown --- */

static float by_cpu(const struct process *p)
{
    return p->cpu_percent;
}

static float by_memory(const struct process *p)
{
    return (float)p->stat.memory_pages;
}

static void insert(struct process **top, size_t *n, struct process *p,
                   float (*weight)(const struct process *))
{
    float w = weight(p);
    if (w <= 0 || (*n == LIMIT_PROCESS_ROWS && w <= weight(top[*n - 1])))
        return;
    size_t at = *n < LIMIT_PROCESS_ROWS ? (*n)++ : *n - 1;
    while (at > 0 && weight(top[at - 1]) < w) {
        top[at] = top[at - 1];
        at--;
    }
    top[at] = p;
}

static void choose(struct process_list *chosen, struct process *p)
{
    if (p->chosen)
        return;
    p->chosen = true;
    *vec_add(&chosen->v) = p;
}

static bool uses_gpu(const struct gpus *g, int pid)
{
    for (size_t i = 0; g && i < g->n_processes; i++)
        if (g->processes[i].pid == pid)
            return true;
    return false;
}

void processes_choose(const struct process_list *l, const struct gpus *gpus,
                      struct process_list *ret_chosen)
{
    struct process *cpu[LIMIT_PROCESS_ROWS], *memory[LIMIT_PROCESS_ROWS];
    size_t n_cpu = 0, n_memory = 0;
    ret_chosen->v.n = 0;
    for (size_t i = 0; i < l->v.n; i++) {
        l->v.v[i]->chosen = false;
        insert(cpu, &n_cpu, l->v.v[i], by_cpu);
        insert(memory, &n_memory, l->v.v[i], by_memory);
    }
    for (size_t i = 0; i < n_cpu; i++)
        choose(ret_chosen, cpu[i]);
    for (size_t i = 0; i < n_memory; i++)
        choose(ret_chosen, memory[i]);
    for (size_t i = 0; gpus && gpus->n_processes && i < l->v.n; i++)
        if (uses_gpu(gpus, l->v.v[i]->pid))
            choose(ret_chosen, l->v.v[i]);
}

/* --- names of users: from passwd itself, as asking the name service might block --- */

struct user {
    int64_t uid;
    char name[33];
};

struct process_users {
    VEC(struct user) v;
    struct timespec changed;
};

struct process_users *process_users_new(void)
{
    return mem_alloc(sizeof(struct process_users));
}

void process_users_free(struct process_users *u)
{
    if (!u)
        return;
    vec_done(&u->v);
    mem_free(u);
}

/* "name:x:uid:…" */
static void add_user(struct process_users *u, struct scan s)
{
    const char *name, *password;
    struct user user = {0};
    uint64_t uid;
    size_t n = scan_word(&s, ':', &name);
    if (n == 0 || *s.p++ != ':')
        return;
    scan_word(&s, ':', &password);
    if (*s.p++ != ':' || !scan_u64(&s, &uid))
        return;
    memcpy(user.name, name, n < sizeof user.name ? n : sizeof user.name - 1);
    user.uid = (int64_t)uid;
    *vec_add(&u->v) = user;
}

void process_users_refresh(struct process_users *u, const char *root)
{
    char path[KFILE_PATH_MAX];
    struct kbuf buf = {0};
    struct stat st;
    struct scan s;
    if (snprintf(path, sizeof path, "%s/etc/passwd", root) >= KFILE_PATH_MAX ||
        stat(path, &st) < 0 || memcmp(&st.st_mtim, &u->changed, sizeof u->changed) == 0)
        return;
    int fd = kfile_open(root, "/etc/passwd");
    if (fd >= 0 && kfile_read_long(&buf, fd, &s) == 0) {
        u->changed = st.st_mtim;
        u->v.n = 0;
        for (; s.p < s.end; scan_next_line(&s))
            add_user(u, s);
    }
    kfile_close(&fd);
    kbuf_done(&buf);
}

char *process_users_name(const struct process_users *u, int64_t uid)
{
    for (size_t i = 0; i < u->v.n; i++)
        if (u->v.v[i].uid == uid)
            return mem_strdup(u->v.v[i].name);
    return uid < 0 ? mem_strdup("") : mem_printf("%lld", (long long)uid);
}

char *process_user_name(const char *root, uint32_t uid)
{
    struct process_users *u = process_users_new();
    process_users_refresh(u, root);
    char *name = process_users_name(u, uid);
    process_users_free(u);
    return name;
}

/* --- a row --- */

int64_t process_uid(const char *root, int pid)
{
    char text[2048];
    uint64_t ids[2];
    if (kfile_text(text, sizeof text, root, "/proc/%d/status", pid) < 0)
        return -1;
    const char *at = strstr(text, "\nUid:");
    if (!at)
        return -1;
    at += strlen("\nUid:");
    struct scan s = {at, at + strlen(at)};
    return scan_numbers(&s, ids, 2) == 2 ? (int64_t)ids[1] : -1;
}

static char *command_of(const char *root, const struct process *p)
{
    char args[4096], command[COMMAND_MAX];
    int fd = kfile_open(root, "/proc/%d/cmdline", p->pid);
    ssize_t n = fd < 0 ? 0 : pread(fd, args, sizeof args, 0);
    kfile_close(&fd);
    if (n <= 0)
        return mem_printf("[%s]", p->stat.name);
    command_mask(args, (size_t)n, command);
    return mem_strdup(command);
}

void process_forget(struct process *p)
{
    mem_free(p->command);
    p->command = NULL;
    p->uid = -1;
    p->shown = 0;
}

/* Programs change their title, and their user, soon after they started; seldom later. */
static void look_up(struct process *p, const char *root)
{
    unsigned before = p->shown++;
    if (before > 1 && before % REFRESH_SHOWN)
        return;
    mem_free(p->command);
    p->command = command_of(root, p);
    p->uid = process_uid(root, p->pid);
}

void process_row_fill(struct process_row *row, struct process *p, const char *root,
                      const struct process_users *u, int64_t boot_ms, uint64_t page)
{
    look_up(p, root);
    *row = (struct process_row){
        .pid = p->pid,
        .parent = p->stat.parent,
        .user = process_users_name(u, p->uid),
        .name = mem_strdup(p->stat.name),
        .command = mem_strdup(p->command),
        .state = p->stat.state,
        .cpu_percent = p->cpu_percent,
        .memory = p->stat.memory_pages * page,
        .threads = p->stat.threads,
        .started_ms = boot_ms + (int64_t)p->stat.start_ticks * 10,
        .start_ticks = p->stat.start_ticks,
        .service = p->owner ? mem_strdup(p->owner->id) : NULL,
    };
}
