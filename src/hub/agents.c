#include "hub/agents-private.h"

#include "access/seal.h"
#include "store/store.h"

#include <stdlib.h>

/* Agents send as it is: nothing is taken compressed. */
static const struct rpc_method methods[] = {
    {"/hydra.agent.v1.Agent/Enroll", &agent_enrol_events, agent_enrol_begin, LIMIT_ENROLL_MESSAGE},
    {"/hydra.agent.v1.Agent/Link", &agent_link_events, agent_link_begin, 0},
    {"/hydra.agent.v1.Agent/Logs", &agent_logs_events, agent_logs_begin, LIMIT_LOGS_MESSAGE},
    {"/hydra.agent.v1.Agent/Program", &agent_program_events, agent_program_begin,
     LIMIT_PROGRAM_ASK},
    {0},
};

struct agent_node *agents_node(struct agents *a, const char *id)
{
    return map_get(&a->nodes, id);
}

bool agents_knows(const struct agents *a, const char *node)
{
    return map_get(&a->nodes, node) != NULL;
}

int64_t agents_linked_since(const struct agents *a, const char *node)
{
    const struct agent_node *n = map_get(&a->nodes, node);
    return n && n->link ? agent_link_since_ms(n->link) : 0;
}

bool agents_admit(struct agents *a, struct rpc_call *c, struct identity *ret_who)
{
    struct err e = {0};
    AUTO(str_done) struct str der = {0};
    rpc_set_arg(c, NULL);
    int r = rpc_peer_certificate(c, &der)
                ? fleet_admit(a->settings.fleet, der.p, der.len, clock_wall_ms(), &e, ret_who)
                : err_set(&e, -EACCES, "An agent shows its certificate.");
    if (r >= 0)
        return true;
    struct rpc_status s = rpc_status_of(RPC_UNAUTHENTICATED, "%s", err_text(&e, r));
    rpc_finish(c, &s);
    return false;
}

const char *agents_upgrade_obstacle(const struct agents *a, const char *node)
{
    const struct agent_node *n = map_get(&a->nodes, node);
    return n && !str_is_empty(n->upgrade_obstacle) ? n->upgrade_obstacle : NULL;
}

/* --- work that needs the database --- */

static void finish_work(void *arg)
{
    struct agents_work *w = arg;
    w->done(w);
}

static void do_work(void *arg)
{
    struct agents_work *w = arg;
    const struct agents_settings *s = &w->agents->settings;
    struct db *db = NULL;
    w->r = store_take(s->store, &w->e, &db);
    if (w->r >= 0)
        w->r = w->fn(w, db, &w->e);
    store_give(db);
    loop_post(s->loop, finish_work, w);
}

bool agents_submit(struct agents_work *w)
{
    return workers_submit(w->agents->settings.workers, do_work, w) >= 0;
}

/* --- listening --- */

/* Whoever dials may show any certificate: what it is worth is said by the call, with a sentence. */
static int look_later(void *arg, const struct tls_peer *peer, struct err *e)
{
    (void)arg, (void)peer, (void)e;
    return 0;
}

static int make_tls(struct agents *a, struct err *e)
{
    struct str certificate = {0}, key = {0};
    fleet_hub_identity(a->settings.fleet, &certificate, &key);
    int r = tls_context_new(&(struct tls_settings){.is_server = true,
                                                   .certificate = str_text(&certificate),
                                                   .key = str_text(&key),
                                                   .verify = look_later},
                            e, &a->tls);
    str_done(&certificate);
    seal_wipe(&key);
    return r;
}

/* "HOST:PORT", "[HOST]:PORT", ":PORT". */
static int split_address(const char *address, char *ret_host, size_t size, uint16_t *ret_port,
                         struct err *e)
{
    const char *colon = strrchr(address, ':');
    char *end = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
    if (!colon || end == colon + 1 || *end || port > UINT16_MAX)
        return err_set(e, -EINVAL, "The setting agents is HOST:PORT or none, not %s.", address);
    size_t n = (size_t)(colon - address);
    bool bracketed = n >= 2 && address[0] == '[' && colon[-1] == ']';
    AUTO(mem_freep) char *host = mem_strndup(address + bracketed, n - (bracketed ? 2 : 0));
    str_copy(ret_host, size, *host ? host : "0.0.0.0");
    *ret_port = (uint16_t)port;
    return 0;
}

static int listen_now(struct agents *a, struct err *e)
{
    char host[128];
    uint16_t port = 0;
    int r = split_address(a->listen, host, sizeof host, &port, e);
    if (r >= 0 && !a->tls)
        r = make_tls(a, e);
    if (r < 0)
        return r;
    a->server = rpc_server_new(&(struct rpc_server_settings){.loop = a->settings.loop,
                                                             .tls = a->tls,
                                                             .methods = methods,
                                                             .arg = a,
                                                             .keepalive_ms = AGENTS_KEEPALIVE_MS});
    r = rpc_server_listen(a->server, host, port, e, &port);
    if (r < 0) {
        rpc_server_free(a->server);
        a->server = NULL;
        return r;
    }
    log_info("agents", "waiting for agents", "address=%s port=%u", host, port);
    return 0;
}

static void listen_if_wanted(struct agents *a)
{
    struct err e = {0};
    if (a->server || str_eq(a->listen, "none") || fleet_is_empty(a->settings.fleet))
        return;
    int r = listen_now(a, &e);
    if (r < 0 && !a->told_trouble) {
        log_error("agents", "agents can't be waited for", "error=%s", LOG_Q(err_text(&e, r)));
        a->settings.notice(a->settings.arg, "agents", err_text(&e, r),
                           "Free the port, or name another one by the setting agents.");
    } else if (r >= 0 && a->told_trouble) {
        a->settings.notice(a->settings.arg, "agents", NULL, NULL);
    }
    a->told_trouble = r < 0;
}

/* --- the nodes of the fleet --- */

static void free_node(void *p)
{
    struct agent_node *n = p;
    str_done(&n->checks);
    mem_free(n->upgrade_obstacle);
    mem_free(n);
}

static void add_node(struct agents *a, const char *id)
{
    struct agent_node *n = mem_alloc(sizeof *n);
    str_copy(n->id, sizeof n->id, id);
    map_set(&a->nodes, id, n);
    a->settings.added(a->settings.arg, id);
}

static int compare_id(const void *id, const void *node)
{
    return strcmp(id, ((const struct fleet_node *)node)->id);
}

static void remove_node(struct agents *a, struct agent_node *n)
{
    if (n->link)
        agent_link_end(n->link, RPC_UNAUTHENTICATED,
                       "This node was removed from Hydra. To have it back, add it again.");
    agent_program_end(n, RPC_UNAUTHENTICATED, "This node was removed from Hydra.");
    agent_forget_notices(a, n);
    a->settings.removed(a->settings.arg, n->id);
    map_remove(&a->nodes, n->id);
    free_node(n);
}

static void free_tls(void *arg)
{
    tls_context_free(arg);
}

static void stop_listening(struct agents *a)
{
    rpc_server_free(TAKE(a->server));
    if (a->tls)
        loop_post(a->settings.loop, free_tls, TAKE(a->tls));
}

static void end_links(struct agents *a)
{
    MAP_FOREACH (&a->nodes, e) {
        struct agent_node *n = e->value;
        if (n->link)
            agent_link_end(n->link, RPC_UNAVAILABLE, "The keys of the hub change: link again.");
    }
}

/* Not below a call: those may end here. Agents come again to be told of a key that is on its way,
 * or to be shown it. */
static void follow_keys(struct agents *a)
{
    unsigned char pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE] = {0};
    size_t n = fleet_pins(a->settings.fleet, pins);
    bool first = !a->n_pins, shown = memcmp(pins[0], a->pins[0], FLEET_PIN_SIZE) != 0;
    if (n == a->n_pins && memcmp(pins, a->pins, sizeof pins) == 0)
        return;
    memcpy(a->pins, pins, sizeof pins);
    a->n_pins = n;
    if (first)
        return;
    end_links(a);
    if (shown)
        stop_listening(a);
}

void agents_update(struct agents *a)
{
    struct fleet_node *nodes = NULL;
    if (a->stopped)
        return;
    size_t n = fleet_nodes(a->settings.fleet, &nodes);
    MAP_FOREACH (&a->nodes, e) {
        struct agent_node *known = e->value;
        const struct fleet_node *now =
            n ? bsearch(known->id, nodes, n, sizeof *nodes, compare_id) : NULL;
        if (!now)
            remove_node(a, known);
        else if (known->link)
            agent_link_look(known->link, now);
    }
    for (size_t i = 0; i < n; i++)
        if (!agents_node(a, nodes[i].id))
            add_node(a, nodes[i].id);
    mem_free(nodes);
    listen_if_wanted(a);
}

static void on_tick(void *arg)
{
    struct agents *a = arg;
    follow_keys(a);
    MAP_FOREACH (&a->nodes, e) {
        struct agent_node *n = e->value;
        if (n->link)
            agent_link_tick(n->link);
    }
    agent_logs_tick(a);
    listen_if_wanted(a);
}

struct agents *agents_new(const struct agents_settings *s)
{
    struct agents *a = mem_alloc(sizeof *a);
    a->settings = *s;
    a->listen = mem_strdup(str_is_empty(s->listen) ? "none" : s->listen);
    a->timer = loop_timer_new(s->loop, AGENTS_TICK_MS, AGENTS_TICK_MS, on_tick, a);
    follow_keys(a);
    agents_update(a);
    return a;
}

static void free_self(void *arg)
{
    struct agents *a = arg;
    map_done(&a->nodes, free_node);
    mem_free(a->listen);
    mem_free(a);
}

/* Freed by the loop, after the last answer of a worker that points here. */
void agents_free(struct agents *a)
{
    if (!a)
        return;
    a->stopped = true;
    loop_timer_free(a->timer);
    agent_logs_free(a);
    rpc_server_free(a->server);
    tls_context_free(a->tls);
    loop_post(a->settings.loop, free_self, a);
}

void agents_hold(struct agents *a, const char *node, bool held)
{
    struct agent_node *n = agents_node(a, node);
    if (n)
        n->held = held;
}

/* --- orders --- */

void agents_checks(struct agents *a, const char *node, const struct check_spec *specs, size_t n)
{
    struct agent_node *known = agents_node(a, node);
    if (!known)
        return;
    str_clear(&known->checks);
    wire_checks_print(specs, n, &known->checks);
    if (known->link)
        (void)!agent_link_send(known->link, &known->checks); /* else Welcome brings them */
}

static int not_sent(const char *node, struct err *e)
{
    return err_set(e, -ENOTCONN, "%s is not connected: nothing was sent.", node);
}

static int send_to(struct agents *a, const char *node, const PB(FromHub) * m, struct err *e)
{
    struct agent_node *n = agents_node(a, node);
    struct str out = {0};
    wire_print(&m->base, &out);
    int r = n && n->link ? agent_link_send(n->link, &out) : -ENOTCONN;
    str_done(&out);
    return r < 0 ? not_sent(node, e) : 0;
}

int agents_check_now(struct agents *a, const char *node, const char *service)
{
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(CheckNow) now = HYDRA__AGENT__V1__CHECK_NOW__INIT;
    now.service = (char *)service;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_CHECK_NOW;
    m.check_now = &now;
    return send_to(a, node, &m, NULL);
}

int agents_query(struct agents *a, const char *node, const char *command, struct err *e)
{
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(CommandQuery) query = HYDRA__AGENT__V1__COMMAND_QUERY__INIT;
    query.id = (char *)command;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_COMMAND_QUERY;
    m.command_query = &query;
    return send_to(a, node, &m, e);
}

static int too_old(const char *node, struct err *e)
{
    return err_set(e, -ENOSYS, "The agent on %s is too old for that; upgrade it.", node);
}

int agents_inspect(struct agents *a, const char *node, uint64_t id, const struct inspection *q,
                   struct err *e)
{
    struct agent_node *n = agents_node(a, node);
    struct str out = {0};
    if (!n || !n->link || !agent_link_is_greeted(n->link))
        return err_set(e, -ENOTCONN, "%s is not connected.", node);
    if (!agent_link_answers(n->link))
        return too_old(node, e);
    wire_inspect_print(id, q, &out);
    int r = agent_link_send(n->link, &out);
    str_done(&out);
    return r < 0 ? not_sent(node, e) : 0;
}

void agents_inspect_cancel(struct agents *a, const char *node, uint64_t id)
{
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(InspectCancel) c = HYDRA__AGENT__V1__INSPECT_CANCEL__INIT;
    c.id = id;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_INSPECT_CANCEL;
    m.inspect_cancel = &c;
    (void)!send_to(a, node, &m, NULL); /* one that is away answers nothing */
}

int agents_command(struct agents *a, const char *node, const struct command *c, struct err *e)
{
    struct agent_node *n = agents_node(a, node);
    if (n && n->link && agent_link_is_greeted(n->link) && !agent_link_obeys(n->link))
        return too_old(node, e);
    int r = n && n->link ? agent_link_command(n->link, c) : -ENOTCONN;
    return r < 0 ? not_sent(node, e) : 0;
}
