#include "node/rcd.h"

#include "node/kfile.h"
#include "node/outbox.h"
#include "node/rooted.h"

#include <stdlib.h>
#include <unistd.h>

enum { LOOK_MS = 5000, LIMIT_PROCESSES = 50000 };

/* What is worth a button. What locks everybody out (rc.inet1, rc.sshd) is not among it. */
static const struct {
    const char *name, *comm, *description;
} known[] = {
    {"docker", "dockerd", "Docker"},
    {"libvirt", "libvirtd", "Virtual machines (libvirt)"},
    {"nginx", "nginx", "The system's own page (nginx)"},
    {"php-fpm", "php-fpm", "PHP behind the system's own page"},
    {"samba", "smbd", "Shares for Windows (Samba)"},
    {"nfsd", "nfsd", "Shares over NFS"},
    {"ntpd", "ntpd", "Time synchronisation (ntpd)"},
    {"avahidaemon", "avahi-daemon", "Names in the local network (Avahi)"},
};

struct service {
    int pid;    /* 0 = it does not run */
    bool ran;   /* it did, since we look */
    bool meant; /* somebody asked it to end */
};

struct rcd {
    struct node *node;
    struct outbox out;
    struct service services[COUNT_OF(known)];
    int64_t looked_ms;
    bool here; /* this is such a system */
};

enum { COMM_SIZE = 32 };

static bool read_comm(const struct node *n, int pid, char ret_comm[COMM_SIZE])
{
    return kfile_text(ret_comm, COMM_SIZE, n->settings.root, "/proc/%d/comm", pid) >= 0;
}

static bool is_called(const struct node *n, int pid, const char *comm)
{
    char text[COMM_SIZE];
    return pid && read_comm(n, pid, text) && str_eq(text, comm);
}

static bool has_script(const struct node *n, size_t i)
{
    AUTO(mem_freep)
    char *path = mem_printf("%s/etc/rc.d/rc.%s", n->settings.root, known[i].name);
    return access(path, X_OK) == 0;
}

/* One pass over /proc for all whose process is not known. */
static void find_pids(struct rcd *r)
{
    struct str_list names = {0};
    if (rooted_list(r->node->settings.root, "/proc", LIMIT_PROCESSES, &names) < 0)
        return;
    for (size_t k = 0; k < names.n; k++) {
        uint64_t pid;
        char comm[COMM_SIZE];
        if (str_to_u64(names.v[k], &pid) < 0 || pid > INT32_MAX ||
            !read_comm(r->node, (int)pid, comm))
            continue;
        for (size_t i = 0; i < COUNT_OF(known); i++)
            if (!r->services[i].pid && str_eq(comm, known[i].comm))
                r->services[i].pid = (int)pid;
    }
    str_list_done(&names);
}

static void tell(struct rcd *r, size_t i)
{
    struct service *s = &r->services[i];
    struct observed *o = mem_alloc(sizeof *o);
    s->ran |= s->pid > 0;
    o->id = mem_printf("rc.d/%s", known[i].name);
    o->kind = OBSERVED_UNIT;
    o->engine = mem_strdup("rc.d");
    o->name = mem_strdup(known[i].name);
    o->description = mem_strdup(known[i].description);
    o->run = s->pid ? RUN_RUNNING : RUN_STOPPED;
    o->run_text = mem_strdup(s->pid ? "running" : "not running");
    o->on_purpose = !s->pid && (!s->ran || s->meant); /* many are simply not in use */
    o->enabled = s->ran;
    o->why = !s->pid && s->ran && !s->meant ? mem_strdup("It ran, and has ended.") : NULL;
    o->unit_file = mem_printf("/etc/rc.d/rc.%s", known[i].name);
    o->main_pid = s->pid;
    outbox_put(&r->out, o);
}

static void look(struct rcd *r)
{
    bool missing = false;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (!is_called(r->node, r->services[i].pid, known[i].comm))
            r->services[i].pid = 0;
        missing |= !r->services[i].pid && has_script(r->node, i);
    }
    if (missing)
        find_pids(r);
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (has_script(r->node, i))
            tell(r, i);
}

static struct service *find(struct rcd *r, const char *id)
{
    static const char prefix[] = "rc.d/";
    for (size_t i = 0; r && r->here && str_starts(id, prefix) && i < COUNT_OF(known); i++)
        if (str_eq(id + strlen(prefix), known[i].name) && has_script(r->node, i))
            return &r->services[i];
    return NULL;
}

int rcd_pid(struct node *n, const char *id)
{
    struct rcd *r = node_module_state(n, &rcd_module);
    const struct service *s = find(r, id);
    if (!s)
        return -ENOENT;
    look(r);
    return s->pid;
}

void rcd_set_meant(struct node *n, const char *id, bool meant)
{
    struct service *s = find(node_module_state(n, &rcd_module), id);
    if (s)
        s->meant = meant;
}

/* --- the module --- */

static void *start(struct node *n)
{
    struct rcd *r = mem_alloc(sizeof *r);
    r->node = n;
    outbox_init(&r->out, n);
    r->here = kfile_exists(n->settings.root, "/etc/rc.d") &&
              !kfile_exists(n->settings.root, "/run/systemd/system");
    if (!r->here)
        return r;
    look(r);
    node_source(n, "rc.d", SOURCE_OK, "/etc/rc.d", NULL, true);
    return r;
}

static void tick(void *state, int64_t now_ms)
{
    struct rcd *r = state;
    if (!r->here || now_ms - r->looked_ms < LOOK_MS)
        return;
    r->looked_ms = now_ms;
    look(r);
}

static void stop(void *state)
{
    struct rcd *r = state;
    outbox_done(&r->out);
    mem_free(r);
}

const struct node_module rcd_module = {.name = "rc.d", .start = start, .tick = tick, .stop = stop};
