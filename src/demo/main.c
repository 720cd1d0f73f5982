/* hydra-demo: simulated nodes that speak the real agent protocol. What they report was recorded; a
 * script of incidents plays over and over.
 *
 *   hydra-demo RECORDINGS STATE…
 *
 * RECORDINGS is a folder of recorded reports (tests/data/home-cluster), each STATE the state folder
 * of a node that hydra-agent has enrolled. */
#include "agent/outgoing.h"
#include "agent/renewal.h"
#include "agent/uplink.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "demo/player.h"
#include "node/wire.h"

#include <signal.h>
#include <stdio.h>

enum { NODES = 8, AWAY_S = 100, REBOOT_S = 25 };

struct demo_node {
    struct identity identity;
    struct spool *spool;
    struct outgoing *outgoing;
    struct uplink *uplink;
    struct renewal *renewal;
    struct player *player;
    struct loop_timer *back;
};

static struct loop *loop;
static struct demo_node nodes[NODES];
static unsigned n_nodes;
static struct fixture recordings;
static const char *folder;

/* --- the link of one node --- */

static int send_up(void *arg, const void *bytes, size_t len)
{
    struct demo_node *n = arg;
    return n->uplink ? uplink_send(n->uplink, bytes, len) : -EPIPE;
}

static size_t backlog(void *arg)
{
    struct demo_node *n = arg;
    return n->uplink ? uplink_backlog(n->uplink) : 0;
}

static void on_up(void *arg, const PB(Welcome) * w)
{
    struct demo_node *n = arg;
    (void)w;
    outgoing_up(n->outgoing);
    renewal_look(n->renewal);
}

static void on_down(void *arg)
{
    outgoing_down(((struct demo_node *)arg)->outgoing);
}

static void on_writable(void *arg)
{
    outgoing_go_on(((struct demo_node *)arg)->outgoing);
}

static void take_checks(struct demo_node *n, const PB(Checks) * m)
{
    struct check_spec *specs = NULL;
    struct err e = {0};
    size_t count = 0;
    if (wire_checks_take(m, &e, &specs, &count) < 0)
        return;
    player_checks(n->player, specs, count);
    for (size_t i = 0; i < count; i++)
        check_spec_done(&specs[i]);
    mem_free(specs);
}

static void take_command(struct demo_node *n, const PB(Command) * m)
{
    struct command c;
    struct err e = {0};
    if (wire_command_take(m, n->identity.node, &e, &c) < 0) {
        log_warn("demo", "a command makes no sense", "error=%s", LOG_Q(e.text));
        return;
    }
    player_command(n->player, &c);
    command_done(&c);
}

static void on_order(void *arg, const PB(FromHub) * m)
{
    struct demo_node *n = arg;
    if (m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_ACKNOWLEDGE)
        outgoing_acknowledge(n->outgoing, m->acknowledge->sequence);
    else if (m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_CHECKS)
        take_checks(n, m->checks);
    else if (m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND)
        take_command(n, m->command);
    else if (m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND_QUERY)
        player_query(n->player, m->command_query->id);
    else if (m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_CERTIFICATE &&
             renewal_take(n->renewal, m->certificate->certificate))
        uplink_relink(n->uplink);
}

/* Somebody has enrolled its state folder anew. */
static void on_replaced(void *arg)
{
    (void)arg;
    loop_stop(loop);
}

static void go_up(struct demo_node *n)
{
    n->uplink = uplink_start(&(struct uplink_settings){.loop = loop,
                                                       .identity = &n->identity,
                                                       .session = rand_below(UINT32_MAX),
                                                       .boot_id = "demonstration",
                                                       .up = on_up,
                                                       .down = on_down,
                                                       .order = on_order,
                                                       .writable = on_writable,
                                                       .replaced = on_replaced,
                                                       .arg = n});
}

static void on_back(void *arg)
{
    struct demo_node *n = arg;
    loop_timer_free(TAKE(n->back));
    go_up(n);
}

static void go_away(struct demo_node *n, unsigned seconds)
{
    if (n->back)
        return;
    outgoing_down(n->outgoing);
    uplink_free(TAKE(n->uplink));
    n->back = loop_timer_new(loop, seconds * 1000ull, 0, on_back, n);
}

static void on_reboot(void *arg)
{
    go_away(arg, REBOOT_S);
}

static void on_report(void *arg, struct node_report *r)
{
    outgoing_report(((struct demo_node *)arg)->outgoing, r);
}

static int start_node(struct demo_node *n, const char *state, struct err *e)
{
    int r = identity_open(state, e, &n->identity);
    if (r < 0)
        return r;
    AUTO(mem_freep) char *spool = mem_printf("%s/spool", state);
    r = spool_open(&(struct spool_settings){.dir = spool, .first = (uint64_t)clock_wall_ms()}, e,
                   &n->spool);
    if (r < 0)
        return r;
    n->outgoing = outgoing_new(&(struct outgoing_settings){
        .spool = n->spool, .send = send_up, .backlog = backlog, .arg = n});
    n->player = player_new(&(struct player_settings){.loop = loop,
                                                     .node = n->identity.node,
                                                     .report = on_report,
                                                     .reboot = on_reboot,
                                                     .arg = n});
    n->renewal = renewal_new(loop, &n->identity, send_up, n);
    return 0;
}

static struct demo_node *node_named(const char *id)
{
    for (unsigned i = 0; i < n_nodes; i++)
        if (str_eq(nodes[i].identity.node, id))
            return &nodes[i];
    return NULL;
}

/* --- the script --- */

static void play(void *arg, const char *node, struct node_report *r)
{
    struct demo_node *n = node_named(node);
    (void)arg;
    if (n)
        player_take(n->player, r);
    else
        node_report_free(r);
}

static void play_file(const char *name)
{
    struct err e = {0};
    AUTO(mem_freep) char *path = mem_printf("%s/%s", folder, name);
    if (fixture_file(&recordings, path, play, NULL, &e) < 0)
        log_error("demo", "a recording can't be played", "error=%s", LOG_Q(e.text));
}

static void play_line(const char *line)
{
    struct err e = {0};
    if (fixture_line(&recordings, line, play, NULL, &e) < 0)
        log_error("demo", "a line can't be played", "error=%s", LOG_Q(e.text));
}

static void restore(const char *node, const char *service)
{
    struct demo_node *n = node_named(node);
    if (n)
        player_restore(n->player, service);
}

static void begin_loop(void)
{
    play_file("loop.jsonl");
}
static void end_loop(void)
{
    restore("hydra-ai", "systemd/tabbyapi.service");
}
static void begin_full(void)
{
    play_file("full.jsonl");
}
static void end_full(void)
{
    play_file("calm.jsonl");
}
static void begin_copy(void)
{
    play_file("copy.jsonl");
}
static void end_copy(void)
{
    play_line("{\"node\":\"hydra-ai\",\"report\":\"gone\",\"id\":\"process/python3:5001\"}");
}
static void begin_away(void)
{
    struct demo_node *n = node_named("hydra-compute");
    if (n)
        go_away(n, AWAY_S);
}

/* A day in ten minutes: calm, a restart loop after a rebuild, a full array with a dead mount, a
 * node that is away, a second copy of a model server. */
static const struct {
    unsigned at_s;
    void (*play)(void);
} script[] = {{90, begin_loop},  {180, end_loop},   {210, begin_full}, {300, end_full},
              {330, begin_away}, {480, begin_copy}, {540, end_copy}};
enum { DAY_S = 600 };

static void on_second(void *arg)
{
    static unsigned second;
    (void)arg;
    second = (second + 1) % DAY_S;
    for (size_t i = 0; i < COUNT_OF(script); i++)
        if (script[i].at_s == second)
            script[i].play();
}

static void on_signal(uv_signal_t *s, int number)
{
    (void)s, (void)number;
    loop_stop(loop);
}

static void end_node(struct demo_node *n)
{
    outgoing_down(n->outgoing);
    uplink_free(TAKE(n->uplink));
    loop_timer_free(n->back);
    renewal_free(n->renewal);
    player_free(n->player);
    outgoing_free(n->outgoing);
    spool_close(n->spool);
    identity_done(&n->identity);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    uv_signal_t signals[2];
    static const int numbers[] = {SIGTERM, SIGINT};
    if (argc < 3 || argc - 2 > NODES) {
        fprintf(stderr, "usage: hydra-demo RECORDINGS STATE…\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    folder = argv[1];
    loop = loop_new("hydra-demo");
    for (int i = 2; i < argc; i++)
        if (start_node(&nodes[n_nodes++], argv[i], &e) < 0) {
            fprintf(stderr, "hydra-demo: %s\n", e.text);
            return 1;
        }
    play_file("calm.jsonl");
    for (unsigned i = 0; i < n_nodes; i++)
        go_up(&nodes[i]);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uv_signal_init(loop_uv(loop), &signals[i]);
        uv_signal_start(&signals[i], on_signal, numbers[i]);
    }
    loop_timer_new(loop, 1000, 1000, on_second, NULL);
    loop_run(loop);
    for (unsigned i = 0; i < n_nodes; i++)
        end_node(&nodes[i]);
    fixture_done(&recordings);
    loop_free(loop);
    return 0;
}
