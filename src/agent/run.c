/* hydra-agent run: the node's code, the link to the hub, and what goes between them. One loop. */
#include "agent/local.h"
#include "agent/logs.h"
#include "agent/outgoing.h"
#include "agent/renewal.h"
#include "agent/trim.h"
#include "agent/upgrade.h"
#include "agent/uplink.h"
#include "agent/verbs.h"
#include "base/clock.h"
#include "base/rand.h"
#include "node/inspect.h"
#include "node/logs.h"
#include "node/node.h"
#include "node/policy.h"
#include "node/wire.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum {
    SETTLED_MS = 10 * 1000,
    TRIM_EVERY_MS = 60 * 1000, /* what is seldom used is found again in the page cache */
};

struct agent {
    const struct options *options;
    struct identity identity;
    struct loop *loop;
    struct node *node;
    struct spool *spool;
    struct outgoing *outgoing;
    struct agent_logs *logs;
    struct local *local; /* NULL: there is no socket */
    struct uplink *uplink;
    struct renewal *renewal;
    struct upgrade *upgrade;
    char obstacle[UPGRADE_OBSTACLE_SIZE]; /* to upgrading it */
    uv_signal_t signals[2];
    char boot_id[64];
    int lock;
};

/* --- up --- */

static void on_report(void *arg, struct node_report *r)
{
    struct agent *a = arg;
    if (r->kind == REPORT_OUTCOME && str_starts(r->outcome->id, LOCAL_ID)) {
        node_report_free(r); /* nobody knows it, and it is not the hub's */
        return;
    }
    if (r->kind == REPORT_LOCAL)
        local_outcome(a->local, r->local);
    outgoing_report(a->outgoing, r);
}

static int send_up(void *arg, const void *bytes, size_t len)
{
    struct agent *a = arg;
    return a->uplink ? uplink_send(a->uplink, bytes, len) : -EPIPE;
}

static size_t backlog(void *arg)
{
    struct agent *a = arg;
    return a->uplink ? uplink_backlog(a->uplink) : 0;
}

static void warn_of_old_hub(const struct agent *a, const PB(Welcome) * w)
{
    for (size_t i = 0; i < w->n_features; i++)
        if (str_eq(w->features[i], "local"))
            return;
    if (a->local)
        log_warn("agent", "what is done here by hydra --local won't be in the hub's audit log",
                 "advice=%s", LOG_Q("bring the hub up to date"));
}

/* How often samples are taken is the hub's to say, unless it was said here; within reason. */
static void follow_interval(const struct agent *a, uint32_t wanted_ms)
{
    bool sane = wanted_ms >= OPTIONS_INTERVAL_MIN && wanted_ms <= OPTIONS_INTERVAL_MAX;
    if (!a->options->interval_ms && sane)
        node_set_interval(a->node, wanted_ms);
}

static void on_up(void *arg, const PB(Welcome) * w)
{
    struct agent *a = arg;
    warn_of_old_hub(a, w);
    follow_interval(a, w->interval_ms);
    sd_notifyf(0, "STATUS=Connected to %s as %s", a->identity.address, a->identity.node);
    outgoing_up(a->outgoing);
    renewal_look(a->renewal);
}

static void on_down(void *arg)
{
    struct agent *a = arg;
    sd_notifyf(0, "STATUS=Looking for %s", a->identity.address);
    outgoing_down(a->outgoing);
    agent_logs_down(a->logs);
    upgrade_down(a->upgrade);
}

static void on_replaced(void *arg)
{
    struct agent *a = arg;
    outgoing_forget(a->outgoing);
    node_commands_restart(a->node);
}

static void on_writable(void *arg)
{
    outgoing_go_on(((struct agent *)arg)->outgoing);
}

/* --- down --- */

static void take_checks(struct agent *a, const PB(Checks) * m)
{
    struct check_spec *specs = NULL;
    struct err e = {0};
    size_t n = 0;
    if (wire_checks_take(m, &e, &specs, &n) < 0) {
        log_warn("agent", "the hub's checks make no sense and were left out", "error=%s",
                 LOG_Q(e.text));
        return;
    }
    node_set_checks(a->node, specs, n);
    for (size_t i = 0; i < n; i++)
        check_spec_done(&specs[i]);
    mem_free(specs);
}

static void check_now(struct agent *a, const char *service)
{
    if (node_check_now(a->node, service) < 0)
        log_debug("agent", "nothing to check", "service=%s", LOG_Q(service));
}

static void refuse(struct agent *a, const char *id, const char *why)
{
    struct command_outcome *o = mem_alloc(sizeof *o);
    str_copy(o->id, sizeof o->id, id);
    o->state = OUTCOME_REFUSED;
    o->time_ms = clock_wall_ms();
    o->step = mem_strdup("");
    o->text = mem_strdup(why);
    o->output = mem_strdup("");
    outgoing_report(a->outgoing, &(struct node_report){.kind = REPORT_OUTCOME, .outcome = o});
}

static void take_command(struct agent *a, const PB(Command) * m)
{
    struct command c;
    struct err e = {0};
    if (wire_command_take(m, a->identity.node, &e, &c) < 0) {
        refuse(a, m->id, e.text);
        return;
    }
    node_command(a->node, &c);
    command_done(&c);
}

static void on_inspected(void *arg, uint64_t id, const struct inspect_answer *answer)
{
    struct agent *a = arg;
    AUTO(str_done) struct str out = {0};
    wire_inspected_print(id, answer, &out);
    if (send_up(a, out.p, out.len) < 0)
        log_debug("agent", "answer not sent", "id=%llu", (unsigned long long)id);
}

static void inspect(struct agent *a, const PB(Inspect) * m)
{
    struct inspection q;
    struct err e = {0};
    int r = wire_inspect_take(m, &e, &q);
    if (r < 0) {
        on_inspected(a, m->id, &(struct inspect_answer){.code = r, .text = e.text, .json = ""});
        return;
    }
    node_inspect(a->node, m->id, &q, on_inspected, a);
    inspection_done(&q);
}

static void on_order(void *arg, const PB(FromHub) * m)
{
    struct agent *a = arg;
    switch (m->body_case) {
    case HYDRA__AGENT__V1__FROM_HUB__BODY_ACKNOWLEDGE:
        outgoing_acknowledge(a->outgoing, m->acknowledge->sequence);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_CHECKS:
        take_checks(a, m->checks);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_CHECK_NOW:
        check_now(a, m->check_now->service);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_CERTIFICATE:
        if (renewal_take(a->renewal, m->certificate->certificate))
            uplink_relink(a->uplink);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND:
        take_command(a, m->command);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND_QUERY:
        node_command_query(a->node, m->command_query->id);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_LOG_OPEN:
        agent_logs_open(a->logs, a->uplink, m->log_open);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_LOG_CLOSE:
        agent_logs_close(a->logs, m->log_close->id);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_INSPECT:
        inspect(a, m->inspect);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_INSPECT_CANCEL:
        node_inspect_cancel(a->node, m->inspect_cancel->id);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_UPGRADE_CONFIRM:
        upgrade_confirmed(a->upgrade, m->upgrade_confirm->version);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_WELCOME:  /* once is enough */
    case HYDRA__AGENT__V1__FROM_HUB__BODY__NOT_SET: /* of a newer hub */
    case _HYDRA__AGENT__V1__FROM_HUB__BODY__CASE_IS_INT_SIZE:
    default:
        break;
    }
}

/* --- the socket for this machine's own people --- */

static void open_socket(struct agent *a)
{
    const struct options *o = a->options;
    struct err e = {0};
    if (!o->socket)
        return;
    int r = local_new(&(struct local_settings){.loop = a->loop,
                                               .node = a->node,
                                               .path = o->socket,
                                               .group = o->socket_group,
                                               .identity = &a->identity,
                                               .outgoing = a->outgoing,
                                               .spool = a->spool,
                                               .uplink = a->uplink},
                      &e, &a->local);
    if (r < 0)
        log_warn("agent", "hydra --local won't work", "error=%s", LOG_Q(err_text(&e, r)));
}

static void read_logs(void *arg, struct log_reader *r)
{
    node_logs(((struct agent *)arg)->node, r);
}

/* --- life --- */

static void on_trim(void *arg)
{
    (void)arg;
    trim_memory();
}

static void on_signal(uv_signal_t *s, int number)
{
    struct agent *a = s->data;
    log_info("agent", "stopping", "signal=%d", number);
    sd_notify(0, "STOPPING=1");
    loop_stop(a->loop);
}

static void watch_signals(struct agent *a)
{
    static const int numbers[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uv_signal_init(loop_uv(a->loop), &a->signals[i]);
        a->signals[i].data = a;
        uv_signal_start(&a->signals[i], on_signal, numbers[i]);
    }
}

static void read_boot_id(struct agent *a)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, a->boot_id, sizeof a->boot_id - 1);
    if (fd >= 0)
        close(fd);
    a->boot_id[n > 0 ? n : 0] = 0;
    a->boot_id[strcspn(a->boot_id, "\n")] = 0;
}

static int open_state(struct agent *a, struct err *e)
{
    const struct options *o = a->options;
    int r = identity_is_there(o->state) ? identity_lock(o->state, e) : 0;
    if (r < 0)
        return r;
    a->lock = r;
    r = identity_open(o->state, e, &a->identity);
    if (r < 0)
        return r;
    AUTO(mem_freep) char *spool = mem_printf("%s/spool", o->state);
    /* Not all numbers are in the spool; no run uses a thousand a second. */
    uint64_t first = (uint64_t)clock_wall_ms();
    return spool_open(&(struct spool_settings){.dir = spool, .first = first}, e, &a->spool);
}

/* The first sample before anything else: what can wait comes after it. */
static void start(struct agent *a)
{
    uint64_t session = (uint64_t)rand_below(UINT32_MAX) << 32 | rand_below(UINT32_MAX);
    a->loop = loop_new("hydra-agent");
    a->upgrade = upgrade_new(&(struct upgrade_settings){.loop = a->loop, .identity = &a->identity});
    a->outgoing = outgoing_new(&(struct outgoing_settings){
        .spool = a->spool, .send = send_up, .backlog = backlog, .arg = a});
    a->node =
        node_new(a->loop, &(struct node_settings){.interval_ms = a->options->interval_ms,
                                                  .root = "",
                                                  .docker_host = a->options->docker,
                                                  .policy = a->options->policy ? a->options->policy
                                                                               : POLICY_USUAL_PATH,
                                                  .policy_named = a->options->policy != NULL,
                                                  .state_dir = a->options->state,
                                                  .unraid_url = a->options->unraid,
                                                  .unraid_key = a->options->unraid_key,
                                                  .loki = {.url = a->options->loki,
                                                           .tenant = a->options->loki_tenant,
                                                           .credentials = a->options->loki_auth,
                                                           .host = a->identity.node,
                                                           .spool_mib = a->options->loki_spool_mib},
                                                  .upgrader = upgrade_hooks(a->upgrade),
                                                  .report = on_report,
                                                  .arg = a});
    a->logs = agent_logs_new(a->loop, (struct agent_logs_source){read_logs, a});
    upgrade_attach(a->upgrade, a->node, NULL); /* an upgrade may be resumed */
    node_start(a->node);
    read_boot_id(a);
    watch_signals(a);
    a->uplink =
        uplink_start(&(struct uplink_settings){.loop = a->loop,
                                               .identity = &a->identity,
                                               .session = session,
                                               .boot_id = a->boot_id,
                                               .on_trial = upgrade_is_trial(a->upgrade),
                                               .upgrade_obstacle = upgrade_obstacle(a->obstacle),
                                               .reads_logs = true,
                                               .answers = true,
                                               .up = on_up,
                                               .down = on_down,
                                               .order = on_order,
                                               .writable = on_writable,
                                               .replaced = on_replaced,
                                               .arg = a});
    upgrade_attach(a->upgrade, a->node, a->uplink);
    a->renewal = renewal_new(a->loop, &a->identity, send_up, a);
    open_socket(a);
    loop_timer_new(a->loop, SETTLED_MS, TRIM_EVERY_MS, on_trim, a); /* it goes with the loop */
    log_info("agent", "watching this machine", "node=%s hub=%s", a->identity.node,
             a->identity.address);
    sd_notifyf(0, "READY=1\nSTATUS=Looking for %s", a->identity.address);
}

static void end(struct agent *a)
{
    outgoing_down(a->outgoing); /* what is not acknowledged is kept */
    local_free(TAKE(a->local));
    uplink_free(TAKE(a->uplink));
    agent_logs_down(a->logs);
    upgrade_down(a->upgrade);
    renewal_free(a->renewal);
    node_free(a->node);
    upgrade_end(a->upgrade);
    outgoing_free(a->outgoing);
    loop_free(a->loop);
    agent_logs_free(a->logs);
}

int verb_run(const struct options *o)
{
    struct agent a = {.options = o, .lock = -1};
    struct err e = {0};
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, 1);
    setenv("UV_THREADPOOL_SIZE", "2", false); /* names, and what may hang */
    int r = open_state(&a, &e);
    if (r >= 0) {
        start(&a);
        loop_run(a.loop);
        end(&a);
    } else {
        fprintf(stderr, "hydra-agent: %s\n", e.text);
    }
    spool_close(a.spool);
    identity_done(&a.identity);
    if (a.lock > 0)
        close(a.lock);
    int code = r < 0 ? 1 : 0;
    if (a.upgrade && upgrade_is_ready(a.upgrade))
        code = upgrade_try(a.upgrade, o->trial_ms);
    upgrade_free(a.upgrade);
    return code;
}
