/* Processes: a signal to exactly the one that was meant, never to another that has its number now.
 */
#include "node/action-engine.h"
#include "node/commands-private.h"

#include "node/pidfd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    PROCESS_MS = 60000,
    END_MS = 10000, /* a process that is told to end has so long before we say that it hasn't */
    KERNEL_THREAD = 0x00200000, /* PF_KTHREAD of linux/sched.h, in the flags of /proc/PID/stat */
};

struct process_action {
    struct action *a;
    int fd;
    uv_poll_t *poll;
    struct loop_timer *patience;
    int signal;
    bool refused;
    char name[32];
};

struct stat_line {
    char name[32];
    unsigned flags;
    uint64_t start_ticks;
};

/* proc(5): "PID (NAME) STATE PPID …": flags are the 9th, the start is the 22nd. */
static int parse_stat(const char *text, struct stat_line *ret_s)
{
    const char *open = strchr(text, '('), *end = strrchr(text, ')');
    unsigned long long ticks;
    if (!open || !end || end < open)
        return -EINVAL;
    if (sscanf(end + 1,
               " %*c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
               "%*d %llu",
               &ret_s->flags, &ticks) != 2)
        return -EINVAL;
    snprintf(ret_s->name, sizeof ret_s->name, "%.*s", (int)(end - open - 1), open + 1);
    ret_s->start_ticks = ticks;
    return 0;
}

static int read_stat(const struct node *n, int pid, struct stat_line *ret_s)
{
    char name[64], path[NODE_PATH_MAX], text[1024];
    snprintf(name, sizeof name, "/proc/%d/stat", pid);
    FILE *f = fopen(node_path(n, name, path), "re");
    if (!f)
        return -errno;
    size_t len = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[len] = 0;
    return parse_stat(text, ret_s);
}

/* "TERM", "SIGTERM", "15". */
static int parse_signal(const char *text, int *ret_signal)
{
    uint64_t number;
    if (str_starts(text, "SIG"))
        text += 3;
    if (str_to_u64(text, &number) == 0 && number > 0 && number < NSIG) {
        *ret_signal = (int)number;
        return 0;
    }
    for (int s = 1; s < NSIG; s++)
        if (str_eq(text, sigabbrev_np(s))) {
            *ret_signal = s;
            return 0;
        }
    return -EINVAL;
}

static int parse_target(const char *target, int *ret_pid, uint64_t *ret_ticks)
{
    const char *colon = strchr(target, ':');
    uint64_t pid;
    AUTO(mem_freep) char *first = mem_strndup(target, colon ? (size_t)(colon - target) : 0);
    if (!colon || str_to_u64(first, &pid) < 0 || pid == 0 || pid > INT32_MAX ||
        str_to_u64(colon + 1, ret_ticks) < 0)
        return -EINVAL;
    *ret_pid = (int)pid;
    return 0;
}

static const char *signal_name(const struct process_action *p)
{
    const char *name = sigabbrev_np(p->signal);
    return name ? name : "?";
}

/* --- did it end? --- */

static void on_end(uv_poll_t *poll, int status, int events)
{
    struct process_action *p = poll->data;
    char took[ACTION_TOOK_SIZE];
    (void)status, (void)events;
    action_end(p->a, OUTCOME_DONE, NULL, "%s ended %s after SIG%s.", p->name,
               action_took(p->a, took), signal_name(p));
}

static void on_patience(void *arg)
{
    struct process_action *p = arg;
    action_end(p->a, OUTCOME_DONE, NULL, "SIG%s was sent to %s. It still runs 10 s later.",
               signal_name(p), p->name);
}

static void await_end(struct process_action *p)
{
    bool ends =
        p->signal == SIGTERM || p->signal == SIGKILL || p->signal == SIGINT || p->signal == SIGQUIT;
    if (!ends) {
        action_end(p->a, OUTCOME_DONE, NULL, "SIG%s was sent to %s.", signal_name(p), p->name);
        return;
    }
    p->poll = mem_alloc(sizeof *p->poll);
    p->poll->data = p;
    uv_poll_init(loop_uv(p->a->node->loop), p->poll, p->fd);
    uv_poll_start(p->poll, UV_READABLE, on_end);
    p->patience = loop_timer_new(p->a->node->loop, END_MS, 0, on_patience, p);
}

/* --- what no policy gives away --- */

/* "/system.slice/ssh.service/…": is any of the services on the way never stopped from here? systemd
 * itself need not be reached for this. */
static bool is_in_kept_unit(const struct action *a, const char *cgroup)
{
    AUTO(str_list_done) struct str_list parts = {0};
    str_list_split(&parts, cgroup, '/');
    for (size_t i = 0; i < parts.n; i++) {
        AUTO(mem_freep) char *id = mem_printf("systemd/%s", parts.v[i]);
        if (str_ends(id, ".service") && action_is_denied(a, COMMAND_UNIT_STOP, id))
            return true;
    }
    return false;
}

static bool is_kept_service(const struct action *a, const char *id)
{
    const struct entry *x = docker_entry(a->node, id);
    if (x && container_is_own(x->id))
        return true;
    return action_is_denied(
        a, str_starts(id, "systemd/") ? COMMAND_UNIT_STOP : COMMAND_CONTAINER_STOP, id);
}

/* What may not be stopped gets no signals either. NULL when it may. */
static const char *refusal_of(const struct action *a, int pid)
{
    const struct node *n = a->node;
    char cgroup[CGROUP_PATH_MAX] = "";
    if (cgroup_of_pid(n->settings.root, pid, cgroup) < 0)
        return "It can't be found out which service that process belongs to.";
    const struct owner *owner = owners_by_pid(n->owners, pid);
    if (!owner)
        owner = owners_by_cgroup(n->owners, cgroup);
    if (is_in_kept_unit(a, cgroup) || (owner && is_kept_service(a, owner->id)))
        return "That process belongs to a service that is never stopped from here, by Hydra or by "
               "the policy of this node.";
    return NULL;
}

/* --- life --- */

/* The descriptor is opened first: the number can't go to another while it is looked at. NULL = it
 * was sent. */
static const char *deliver(struct process_action *p, int pid, uint64_t ticks)
{
    struct stat_line s = {0};
    if (pid == 1 || pid == getpid())
        return "Neither the first process nor the agent itself gets signals from here.";
    p->fd = pidfd_watch(pid);
    if (p->fd < 0 || read_stat(p->a->node, pid, &s) < 0 || s.start_ticks != ticks)
        return "That process has ended meanwhile.";
    if (s.flags & KERNEL_THREAD)
        return "That is a thread of the kernel: signals do nothing to it.";
    str_copy(p->name, sizeof p->name, s.name);
    const char *refusal = refusal_of(p->a, pid);
    if (refusal) {
        p->refused = true;
        return refusal;
    }
    if (syscall(SYS_pidfd_send_signal, p->fd, p->signal, NULL, 0) < 0)
        return errno == EPERM ? "The agent's user may not send signals to that process: run the "
                                "agent as root."
                              : "That process has ended meanwhile.";
    return NULL;
}

static void start(struct action *a)
{
    struct process_action *p = a->state = mem_alloc(sizeof *p);
    int pid;
    uint64_t ticks;
    p->a = a;
    p->fd = -1;
    if (parse_target(a->command.target, &pid, &ticks) < 0) {
        action_end(a, OUTCOME_FAILED, NULL, "%s is no process: say PID:START_TICKS.",
                   a->command.target);
        return;
    }
    if (parse_signal(a->command.argument, &p->signal) < 0) {
        action_end(a, OUTCOME_FAILED, NULL, "\"%s\" is no signal: say TERM, KILL, HUP or the like.",
                   a->command.argument);
        return;
    }
    const char *fault = deliver(p, pid, ticks);
    if (fault)
        action_end(a, p->refused ? OUTCOME_REFUSED : OUTCOME_FAILED, NULL, "%s", fault);
    else
        await_end(p);
}

static void on_closed(uv_handle_t *h)
{
    mem_free(h);
}

static void stop(struct action *a)
{
    struct process_action *p = TAKE(a->state);
    if (!p)
        return;
    loop_timer_free(p->patience);
    if (p->poll)
        uv_close((uv_handle_t *)p->poll, on_closed);
    if (p->fd >= 0)
        close(p->fd);
    mem_free(p);
}

const struct action_ops process_action = {
    .deadline_ms = PROCESS_MS,
    .late = "It has not come to an end within a minute.",
    .start = start,
    .stop = stop,
};
