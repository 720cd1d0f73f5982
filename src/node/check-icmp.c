/* icmp: the host answers a ping; where a machine lets nobody ping, the check is unknown, not down.
 */
#include "node/check-private.h"

#include "node/ping.h"

struct icmp {
    struct check_run *run;
    struct resolving *resolving;
    struct ping *ping;
    struct loop_timer *again;
    uint16_t sequence;
};

/* An error may pass: more echoes follow. */
static void on_answer(void *arg, int error, uint16_t sequence)
{
    struct icmp *p = arg;
    char took[CHECK_TOOK_SIZE];
    (void)sequence;
    if (error == 0)
        check_finish(p->run, CHECK_UP, NULL, "answers in %s", check_took(p->run, took));
}

static void send_echo(void *arg)
{
    struct icmp *p = arg;
    int r = ping_send(p->ping, ++p->sequence);
    if (r < 0)
        check_finish(p->run, CHECK_DOWN, NULL, "%s", strerror(-r));
}

static void on_resolved(void *arg, int error, const union resolve_address *v, size_t n)
{
    struct icmp *p = arg;
    p->resolving = NULL;
    if (error || !n) {
        check_finish(p->run, CHECK_DOWN, NULL, "the host name %s is not known",
                     p->run->spec->target);
        return;
    }
    struct loop *loop = p->run->node->loop;
    int r = ping_open(loop, &v[n - 1], on_answer, p, &p->ping); /* IPv4 where there is one */
    if (r == -EACCES) {
        check_finish(
            p->run, CHECK_UNKNOWN, NULL,
            "not permitted: allow it with sysctl net.ipv4.ping_group_range or CAP_NET_RAW");
        return;
    }
    if (r < 0) {
        check_finish(p->run, CHECK_DOWN, NULL, "%s", strerror(-r));
        return;
    }
    uint32_t third = p->run->spec->timeout_ms / 3;
    p->again = loop_timer_new(loop, third, third, send_echo, p);
    send_echo(p); /* last: it may be the end */
}

static void start(struct check_run *run)
{
    struct icmp *p = run->state = mem_alloc(sizeof *p);
    p->run = run;
    p->resolving = resolve_start(run->node->loop, run->spec->target, 0, on_resolved, p);
}

static void clean(struct check_run *run)
{
    struct icmp *p = run->state;
    resolve_cancel(p->resolving);
    loop_timer_free(p->again);
    ping_close(p->ping);
    mem_free(p);
}

const struct check_kind_ops check_icmp = {.start = start, .clean = clean};
