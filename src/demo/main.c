/* hydra-demo: simulated nodes that speak the real agent protocol. What they report was recorded; a
 * script of incidents plays over and over. What people order shows in what they report.
 *
 *   hydra-demo [--from SECOND] RECORDINGS STATE…
 *
 * RECORDINGS is a folder of recorded reports (tests/data/home-cluster), each STATE the state folder
 * of a node that hydra-agent has enrolled. */
#include "agent/logs.h"
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

enum { NODES = 8, AWAY_S = 140, REBOOT_S = 25, BOOT_MS = 6000, LIMIT_SCENERY = 4 << 20 };

struct demo_node {
    struct identity identity;
    struct spool *spool;
    struct outgoing *outgoing;
    struct uplink *uplink;
    struct renewal *renewal;
    struct agent_logs *logs;
    struct player *player;
    json_t *scenery;
    struct loop_timer *back; /* it is off, and comes back then */
    bool off;
};

static struct loop *loop;
static struct demo_node nodes[NODES];
static unsigned n_nodes;
static struct fixture recordings;
static struct lines *lines;
static const char *folder;

static struct demo_node *node_named(const char *id)
{
    for (unsigned i = 0; i < n_nodes; i++)
        if (str_eq(nodes[i].identity.node, id))
            return &nodes[i];
    return NULL;
}

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
    struct demo_node *n = arg;
    outgoing_down(n->outgoing);
    agent_logs_down(n->logs);
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

static void on_inspected(void *arg, uint64_t id, const struct inspect_answer *answer)
{
    AUTO(str_done) struct str out = {0};
    wire_inspected_print(id, answer, &out);
    (void)!send_up(arg, out.p, out.len); /* nobody waits for one that is lost */
}

static void take_question(struct demo_node *n, const PB(Inspect) * m)
{
    struct inspection q;
    struct err e = {0};
    int r = wire_inspect_take(m, &e, &q);
    if (r < 0) {
        on_inspected(n, m->id, &(struct inspect_answer){.code = r, .text = e.text, .json = ""});
        return;
    }
    player_inspect(n->player, m->id, &q, on_inspected, n);
    inspection_done(&q);
}

static void on_order(void *arg, const PB(FromHub) * m)
{
    struct demo_node *n = arg;
    switch (m->body_case) {
    case HYDRA__AGENT__V1__FROM_HUB__BODY_ACKNOWLEDGE:
        outgoing_acknowledge(n->outgoing, m->acknowledge->sequence);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_CHECKS:
        take_checks(n, m->checks);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND:
        take_command(n, m->command);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND_QUERY:
        player_query(n->player, m->command_query->id);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_LOG_OPEN:
        agent_logs_open(n->logs, n->uplink, m->log_open);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_LOG_CLOSE:
        agent_logs_close(n->logs, m->log_close->id);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_INSPECT:
        take_question(n, m->inspect);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_CERTIFICATE:
        if (renewal_take(n->renewal, m->certificate->certificate))
            uplink_relink(n->uplink);
        break;
    case HYDRA__AGENT__V1__FROM_HUB__BODY_CHECK_NOW: /* checks are often enough */
    case HYDRA__AGENT__V1__FROM_HUB__BODY_UPGRADE_CONFIRM:
    case HYDRA__AGENT__V1__FROM_HUB__BODY_INSPECT_CANCEL: /* answered at once */
    case HYDRA__AGENT__V1__FROM_HUB__BODY_WELCOME:
    case HYDRA__AGENT__V1__FROM_HUB__BODY__NOT_SET:
    case _HYDRA__AGENT__V1__FROM_HUB__BODY__CASE_IS_INT_SIZE:
    default:
        break;
    }
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
                                                       .reads_logs = true,
                                                       .answers = true,
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
    n->off = false;
    player_wake(n->player);
    go_up(n);
}

/* 0: until it is woken. */
static void go_away(void *arg, unsigned seconds)
{
    struct demo_node *n = arg;
    if (n->off)
        return;
    n->off = true;
    player_sleep(n->player);
    outgoing_down(n->outgoing);
    uplink_free(TAKE(n->uplink));
    agent_logs_down(n->logs);
    if (seconds)
        n->back = loop_timer_new(loop, seconds * 1000ull, 0, on_back, n);
}

static void come_back_soon(struct demo_node *n)
{
    loop_timer_free(n->back);
    n->back = loop_timer_new(loop, BOOT_MS, 0, on_back, n);
}

/* A packet into the network: whoever is meant and off starts. */
static void on_wake(void *arg, const char *macs)
{
    (void)arg;
    for (unsigned i = 0; i < n_nodes; i++) {
        struct demo_node *n = &nodes[i];
        if (n->off && player_has_mac(n->player, macs))
            come_back_soon(n);
    }
}

static bool is_on(void *arg, const char *node)
{
    const struct demo_node *n = node_named(node);
    (void)arg;
    return n && !n->off;
}

static enum reach_result on_reach(void *arg, const char *host, uint16_t port)
{
    (void)arg;
    for (unsigned i = 0; i < n_nodes; i++) {
        struct demo_node *n = &nodes[i];
        if (!player_is_called(n->player, host))
            continue;
        if (n->off)
            return REACH_TIMED_OUT;
        return !port || player_listens(n->player, port, false) ? REACH_REACHED : REACH_REFUSED;
    }
    return REACH_NOT_RESOLVED;
}

static void on_power(void *arg, const char *node, enum power_word word)
{
    struct demo_node *n = node_named(node);
    (void)arg;
    if (!n)
        return;
    if (n->off && word != POWER_OFF && word != POWER_SOFT)
        come_back_soon(n);
    else if (!n->off && word != POWER_ON)
        go_away(n, word == POWER_CYCLE || word == POWER_RESET ? REBOOT_S : 0);
}

static void read_logs(void *arg, struct log_reader *r)
{
    player_logs(((struct demo_node *)arg)->player, r);
}

static void on_report(void *arg, struct node_report *r)
{
    outgoing_report(((struct demo_node *)arg)->outgoing, r);
}

static int read_scenery(struct demo_node *n, struct err *e)
{
    AUTO(mem_freep) char *path = mem_printf("%s/demo/%s.json", folder, n->identity.node);
    AUTO(mem_freep) char *text = mem_alloc(LIMIT_SCENERY);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0; /* one that was only recorded */
    size_t len = fread(text, 1, LIMIT_SCENERY, f);
    fclose(f);
    int r = json_parse(text, len, LIMIT_SCENERY - 1, e, &n->scenery);
    return r < 0 ? err_prefix(e, r, "%s", path) : 0;
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
    r = read_scenery(n, e);
    if (r < 0)
        return r;
    n->outgoing = outgoing_new(&(struct outgoing_settings){
        .spool = n->spool, .send = send_up, .backlog = backlog, .arg = n});
    n->player = player_new(&(struct player_settings){.loop = loop,
                                                     .node = n->identity.node,
                                                     .scenery = n->scenery,
                                                     .lines = lines,
                                                     .report = on_report,
                                                     .away = go_away,
                                                     .wake = on_wake,
                                                     .is_on = is_on,
                                                     .power = on_power,
                                                     .reach = on_reach,
                                                     .arg = n});
    n->logs = agent_logs_new(loop, (struct agent_logs_source){read_logs, n});
    n->renewal = renewal_new(loop, &n->identity, send_up, n);
    return 0;
}

/* --- the script --- */

#define ARRAY "{device=\"shfs\",fstype=\"fuse.shfs\",mountpoint=\"/mnt/user\"}"

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

static void set(const char *node, const char *series, double value)
{
    struct demo_node *n = node_named(node);
    if (n)
        player_set_number(n->player, series, value);
}

/* How much of the array is used: 87 % on a calm day. */
static void set_array(double percent)
{
    double left = 164e12 * (100 - percent) / 100;
    set("hydra-storage", "node_filesystem_free_bytes" ARRAY, left);
    set("hydra-storage", "node_filesystem_avail_bytes" ARRAY, left);
}

static void set_docker(bool full)
{
    struct demo_node *n = node_named("hydra-storage");
    if (n)
        player_fill_docker(n->player, full);
}

static void set_mount(bool hangs)
{
    struct demo_node *n = node_named("hydra-ai");
    if (n)
        player_hang_mount(n->player, hangs);
}

static void begin_loop(void)
{
    struct demo_node *n = node_named("hydra-ai");
    if (n)
        player_rebuild(n->player, "systemd/tabbyapi.service");
}
static void end_loop(void)
{
    struct demo_node *n = node_named("hydra-ai");
    if (n)
        player_repair(n->player);
}
static void begin_full(void)
{
    set_array(91);
    set_docker(true);
    set_mount(true);
}
static void end_full(void)
{
    set_array(87);
    set_docker(false);
    set_mount(false);
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

static unsigned second; /* of the day */

static void on_second(void *arg)
{
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
    agent_logs_down(n->logs);
    loop_timer_free(n->back);
    renewal_free(n->renewal);
    player_free(n->player);
    outgoing_free(n->outgoing);
    spool_close(n->spool);
    identity_done(&n->identity);
}

/* "--from SECOND": where in the day it begins. */
static bool read_start(int *argc, char ***argv)
{
    uint64_t from;
    if (*argc < 3 || !str_eq((*argv)[1], "--from"))
        return true;
    if (str_to_u64((*argv)[2], &from) < 0 || from >= DAY_S)
        return false;
    second = (unsigned)from;
    *argc -= 2;
    *argv += 2;
    return true;
}

static int load_lines(struct err *e)
{
    AUTO(mem_freep) char *path = mem_printf("%s/demo/logs", folder);
    return lines_load(path, e, &lines);
}

int main(int argc, char **argv)
{
    struct err e = {0};
    uv_signal_t signals[2];
    static const int numbers[] = {SIGTERM, SIGINT};
    if (!read_start(&argc, &argv) || argc < 3 || argc - 2 > NODES) {
        fprintf(stderr, "usage: hydra-demo [--from SECOND] RECORDINGS STATE…\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    folder = argv[1];
    loop = loop_new("hydra-demo");
    if (load_lines(&e) < 0) {
        fprintf(stderr, "hydra-demo: %s\n", e.text);
        return 1;
    }
    for (int i = 2; i < argc; i++)
        if (start_node(&nodes[n_nodes++], argv[i], &e) < 0) {
            fprintf(stderr, "hydra-demo: %s\n", e.text);
            return 1;
        }
    play_file("calm.jsonl");
    for (unsigned i = 0; i < n_nodes; i++) {
        player_begin(nodes[i].player);
        go_up(&nodes[i]);
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uv_signal_init(loop_uv(loop), &signals[i]);
        uv_signal_start(&signals[i], on_signal, numbers[i]);
    }
    loop_timer_new(loop, 1000, 1000, on_second, NULL);
    loop_run(loop);
    for (unsigned i = 0; i < n_nodes; i++)
        end_node(&nodes[i]);
    fixture_done(&recordings);
    loop_free(loop); /* its last messages are of readers */
    for (unsigned i = 0; i < n_nodes; i++) {
        agent_logs_free(nodes[i].logs);
        json_decref(nodes[i].scenery);
    }
    lines_free(lines);
    return 0;
}
