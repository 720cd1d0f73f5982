/* Link: what an enrolled agent and its hub say to each other, for as long as the connection lasts.
 */
#include "hub/agents-private.h"

#include <stdlib.h>

struct agent_link {
    struct agents *agents;
    struct rpc_call *call;
    struct agent_node *node;
    struct identity who;
    struct wire_values values;
    char address[64], version[32];
    int64_t greeted_ms;  /* wall: when Hello came; 0 = not yet */
    int64_t heard_ms;    /* mono */
    int64_t skew_ms;     /* to add to the node's times; 0 = its clock is right enough */
    int64_t behind_ms;   /* how far it is behind, as it was last measured */
    int64_t least_ms;    /* the least of the frames since: what is more is delay */
    int64_t frame_ms;    /* of the last live frame, by its own clock */
    unsigned n_frames;   /* since */
    uint64_t told, ripe; /* acknowledged; taken by the last tick */
    unsigned char pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE]; /* that Welcome told of */
    size_t n_pins;
    bool knows_pins; /* and the fleet knows that it does */
    bool on_trial;   /* its program: it waits for our word */
    bool renewing, over, reads_logs, answers, obeys;
};

static const char *const features[] = {"checks", "commands", "inspect", "local", "logs", "renew"};

static void unlink_node(struct agent_link *l)
{
    const struct agents_settings *s = &l->agents->settings;
    if (l->node->link != l)
        return;
    l->node->link = NULL;
    if (l->greeted_ms)
        s->unlinked(s->arg, l->node->id);
}

/* From here on the node may be gone. */
void agent_link_end(struct agent_link *l, enum rpc_code code, const char *text)
{
    struct rpc_status s = rpc_status_of(code, "%s", text);
    if (l->over)
        return;
    l->over = true;
    unlink_node(l);
    rpc_finish(l->call, &s);
}

int agent_link_send(struct agent_link *l, const struct str *message)
{
    if (!agent_link_is_greeted(l))
        return -ENOTCONN;
    int r = message->len ? rpc_send(l->call, message->p, message->len) : 0;
    if (r == -ENOBUFS) /* it reads nothing any more: a new link begins from a clean table */
        agent_link_end(l, RPC_RESOURCE_EXHAUSTED, "The agent does not read what it is told.");
    return r < 0 ? -ENOTCONN : 0;
}

/* By the node's own clock. */
int agent_link_command(struct agent_link *l, const struct command *c)
{
    struct command there = *c;
    struct str out = {0};
    there.expires_ms -= c->expires_ms ? l->skew_ms : 0;
    wire_command_print(&there, l->node->id, &out);
    int r = agent_link_send(l, &out);
    if (c->secret)
        explicit_bzero(out.p, out.len);
    str_done(&out);
    return r;
}

static void send_message(struct agent_link *l, const PB(FromHub) * m)
{
    struct str out = {0};
    wire_print(&m->base, &out);
    (void)!agent_link_send(l, &out); /* a link that is over is linked anew */
    str_done(&out);
}

static struct fleet *fleet_of(const struct agent_link *l)
{
    return l->agents->settings.fleet;
}

void agent_link_look(struct agent_link *l, const struct fleet_node *now)
{
    if (!fleet_counts(fleet_of(l), now->id, l->who.serial))
        agent_link_end(l, RPC_UNAUTHENTICATED,
                       "Another machine has taken the place of this one. To have it back, add it "
                       "again.");
}

/* --- acknowledging --- */

/* What was taken before the last tick has been handed to the database since. */
void agent_link_tick(struct agent_link *l)
{
    if (l->who.until_ms + AUTHORITY_CLOCK_MS < clock_wall_ms()) {
        agent_link_end(l, RPC_UNAUTHENTICATED, "The certificate of this link is out of its time.");
        return;
    }
    if (l->node->held)
        return;
    uint64_t ripe = l->ripe;
    l->ripe = l->node->taken;
    if (ripe <= l->told)
        return;
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(Acknowledge) acknowledge = HYDRA__AGENT__V1__ACKNOWLEDGE__INIT;
    l->told = acknowledge.sequence = ripe;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_ACKNOWLEDGE;
    m.acknowledge = &acknowledge;
    send_message(l, &m);
}

/* --- Hello --- */

static void welcome(struct agent_link *l)
{
    ProtobufCBinaryData keys[LIMIT_FLEET_PINS];
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(Welcome) w = HYDRA__AGENT__V1__WELCOME__INIT;
    w.node = l->node->id;
    w.features = (char **)features;
    w.n_features = COUNT_OF(features);
    w.wall_ms = clock_wall_ms();
    w.interval_ms = 1000;
    w.n_hub_keys = l->n_pins = fleet_pins(fleet_of(l), l->pins);
    for (size_t i = 0; i < w.n_hub_keys; i++)
        keys[i] = (ProtobufCBinaryData){FLEET_PIN_SIZE, l->pins[i]};
    w.hub_keys = keys;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_WELCOME;
    m.welcome = &w;
    send_message(l, &m);
    (void)!agent_link_send(l, &l->node->checks);
}

static void say_skew(struct agent_link *l)
{
    const struct agents_settings *s = &l->agents->settings;
    int64_t off = llabs(l->skew_ms), minutes = (off + 30000) / 60000;
    bool skewed = off >= AGENTS_SKEW_TOLD_MS;
    AUTO(mem_freep) char *key = mem_printf("clock/%s", l->node->id);
    if (!skewed && !l->node->skewed)
        return;
    l->node->skewed = skewed;
    AUTO(mem_freep)
    char *text = mem_printf("The clock of %s is %lld minute%s %s", l->node->id, (long long)minutes,
                            minutes == 1 ? "" : "s", l->skew_ms > 0 ? "slow" : "fast");
    s->notice(s->arg, key, skewed ? text : NULL,
              "Its times are put right here; switch on time synchronisation there.");
}

static void set_skew(struct agent_link *l, int64_t behind_ms)
{
    l->behind_ms = behind_ms;
    l->skew_ms = llabs(behind_ms) > AGENTS_SKEW_MS ? behind_ms : 0;
    l->least_ms = INT64_MAX;
    l->n_frames = 0;
    say_skew(l);
}

static bool is_time(int64_t wall_ms)
{
    return wall_ms > 0 && wall_ms < INT64_C(1) << 46;
}

/* A node may put its clock right while it is linked. A frame that is late looks like a slow clock:
 * the least of many tells. */
static void watch_clock(struct agent_link *l, const struct frame *f)
{
    if (!is_time(f->time_ms))
        return;
    int64_t behind = clock_wall_ms() - f->time_ms;
    bool went_back = f->time_ms < l->frame_ms; /* they come in their order */
    l->frame_ms = f->time_ms;
    if (went_back) {
        set_skew(l, behind);
        return;
    }
    if (behind < l->least_ms)
        l->least_ms = behind;
    bool enough = ++l->n_frames >= AGENTS_SKEW_FRAMES;
    if (behind < l->behind_ms - AGENTS_SKEW_MS ||
        (enough && llabs(l->least_ms - l->behind_ms) > AGENTS_SKEW_MS))
        set_skew(l, l->least_ms);
    else if (enough)
        l->n_frames = 0, l->least_ms = INT64_MAX;
}

bool agent_link_is_greeted(const struct agent_link *l)
{
    return l->greeted_ms && !l->over;
}

bool agent_link_reads_logs(const struct agent_link *l)
{
    return l->reads_logs;
}

int64_t agent_link_since_ms(const struct agent_link *l)
{
    return agent_link_is_greeted(l) ? l->greeted_ms : 0;
}

bool agent_link_obeys(const struct agent_link *l)
{
    return l->obeys;
}

bool agent_link_answers(const struct agent_link *l)
{
    return l->answers;
}

int64_t agent_link_skew_ms(const struct agent_link *l)
{
    return l->skew_ms;
}

static bool has_feature(const PB(Hello) * h, const char *name)
{
    for (size_t i = 0; i < h->n_features; i++)
        if (str_eq(h->features[i], name))
            return true;
    return false;
}

static void take_hello(struct agent_link *l, const PB(Hello) * h)
{
    const struct agents_settings *s = &l->agents->settings;
    if (l->greeted_ms || !is_time(h->wall_ms)) {
        agent_link_end(l, RPC_INVALID_ARGUMENT,
                       l->greeted_ms ? "Hello comes once." : "Hello tells the node's time.");
        return;
    }
    if (l->node->session != h->session)
        l->node->taken = 0; /* the agent began anew, and may count anew */
    l->node->session = h->session;
    l->greeted_ms = clock_wall_ms();
    l->reads_logs = has_feature(h, "logs");
    l->on_trial = h->on_trial;
    mem_set_str(&l->node->upgrade_obstacle, h->upgrade_obstacle);
    str_mend_utf8(l->node->upgrade_obstacle);
    l->answers = has_feature(h, "inspect");
    l->obeys = has_feature(h, "commands");
    set_skew(l, clock_wall_ms() - h->wall_ms);
    str_copy(l->version, sizeof l->version, h->agent_version);
    log_info("agents", "node linked", "node=%s address=%s agent=%s skew_ms=%lld", l->node->id,
             l->address, l->version, (long long)l->behind_ms);
    fleet_seen(fleet_of(l), &l->who, l->address, l->version, clock_wall_ms());
    welcome(l);
    s->linked(s->arg, l->node->id);
}

/* --- renewal --- */

struct renewal {
    struct agents_work work; /* first */
    struct identity old;
    unsigned char key[AUTHORITY_KEY_SIZE];
    struct str proof, certificate;
    struct identity who;
};

static void free_renewal(struct renewal *n)
{
    str_done(&n->proof);
    str_done(&n->certificate);
    mem_free(n);
}

static int renew(void *arg, struct db *db, struct err *e)
{
    struct renewal *n = arg;
    return fleet_renew(n->work.agents->settings.fleet, db, &n->old, n->key,
                       (const unsigned char *)n->proof.p, n->proof.len, clock_wall_ms(), e,
                       &n->certificate, &n->who);
}

static void send_certificate(struct agent_link *l, const struct renewal *n)
{
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(Certificate) c = HYDRA__AGENT__V1__CERTIFICATE__INIT;
    c.certificate = (char *)str_text(&n->certificate);
    c.not_after_ms = n->who.until_ms;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_CERTIFICATE;
    m.certificate = &c;
    send_message(l, &m);
}

static void on_renewed(void *arg)
{
    struct renewal *n = arg;
    struct agent_node *node = agents_node(n->work.agents, n->old.node);
    struct agent_link *l = node ? node->link : NULL;
    if (n->work.r < 0)
        log_warn("agents", "certificate not renewed", "node=%s error=%s", n->old.node,
                 LOG_Q(err_text(&n->work.e, n->work.r)));
    else if (l)
        send_certificate(l, n);
    if (l)
        l->renewing = false;
    free_renewal(n);
}

/* One that can't be taken on now is asked for again by the agent. */
static void take_certificate_request(struct agent_link *l, const PB(CertificateRequest) * q)
{
    if (l->renewing || q->public_key.len != AUTHORITY_KEY_SIZE ||
        q->proof.len != AUTHORITY_SIGNATURE_SIZE)
        return;
    struct renewal *n = mem_alloc(sizeof *n);
    n->work = (struct agents_work){.agents = l->agents, .fn = renew, .done = on_renewed};
    n->old = l->who;
    memcpy(n->key, q->public_key.data, sizeof n->key);
    str_add_n(&n->proof, q->proof.data, q->proof.len);
    l->renewing = agents_submit(&n->work);
    if (!l->renewing)
        free_renewal(n);
}

/* --- an agent on trial --- */

/* It has said who it is, and its numbers make sense. */
static void confirm(struct agent_link *l)
{
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(UpgradeConfirm) c = HYDRA__AGENT__V1__UPGRADE_CONFIRM__INIT;
    l->on_trial = false;
    c.version = l->version;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_UPGRADE_CONFIRM;
    m.upgrade_confirm = &c;
    log_info("agents", "a new agent is understood", "node=%s agent=%s", l->node->id, l->version);
    send_message(l, &m);
}

/* --- reports --- */

/* A node whose clock is wrong reports in the hub's time. */
static void put_right(const struct agent_link *l, struct node_report *r)
{
    if (!l->skew_ms)
        return;
    switch (r->kind) {
    case REPORT_FRAME:
        r->frame->time_ms += l->skew_ms;
        break;
    case REPORT_PROCESSES:
        r->processes->time_ms += l->skew_ms;
        break;
    case REPORT_CHECK:
        r->check->time_ms += l->skew_ms;
        break;
    case REPORT_OUTCOME:
        r->outcome->time_ms += l->skew_ms;
        break;
    case REPORT_LOCAL:
        r->local->outcome->time_ms += l->skew_ms;
        break;
    case REPORT_SERVICE:
        r->service->started_ms += r->service->started_ms ? l->skew_ms : 0;
        r->service->ended_ms += r->service->ended_ms ? l->skew_ms : 0;
        break;
    case REPORT_FACTS:
        r->facts->boot_ms += l->skew_ms;
        break;
    case REPORT_SERIES:
    case REPORT_SERVICE_GONE:
    case REPORT_SOURCE:
    case REPORT_POLICY:
        break; /* carry no time */
    }
}

/* What an agent says comes after it has heard Welcome, and kept what that says. */
static void take_pins_as_known(struct agent_link *l)
{
    unsigned char pins[LIMIT_FLEET_PINS][FLEET_PIN_SIZE];
    size_t n = fleet_pins(fleet_of(l), pins);
    if (n != l->n_pins || memcmp(pins, l->pins, n * FLEET_PIN_SIZE) != 0)
        return; /* they have changed since: it will link anew */
    l->knows_pins = true;
    fleet_told_keys(fleet_of(l), l->node->id);
}

static void take_report(struct agent_link *l, const PB(FromAgent) * m)
{
    struct err e = {0};
    struct node_report r;
    const struct agents_settings *s = &l->agents->settings;
    int got = wire_report_take(&l->values, m, &e, &r);
    if (got < 0) {
        log_warn("agents", "a report makes no sense", "node=%s error=%s", l->node->id,
                 LOG_Q(e.text));
        agent_link_end(l, RPC_INVALID_ARGUMENT, err_text(&e, got));
        return;
    }
    if (m->sequence > l->node->taken)
        l->node->taken = m->sequence;
    if (got == 0)
        return; /* what a newer agent says */
    if (r.kind == REPORT_FRAME && !m->replayed)
        watch_clock(l, r.frame);
    if (r.kind == REPORT_FRAME && !l->knows_pins)
        take_pins_as_known(l);
    if (r.kind == REPORT_FRAME && l->on_trial)
        confirm(l);
    put_right(l, &r);
    s->report(s->arg, l->node->id, &r, m->replayed);
}

static void take_answer(struct agent_link *l, const PB(Inspected) * m)
{
    struct err e = {0};
    struct inspect_answer a;
    const struct agents_settings *s = &l->agents->settings;
    int r = wire_inspected_take(m, &e, &a);
    if (r < 0)
        a = (struct inspect_answer){.code = -EIO, .text = e.text, .json = ""};
    s->inspected(s->arg, l->node->id, m->id, &a);
}

static void on_message(struct rpc_call *c, const void *bytes, size_t len)
{
    struct agent_link *l = rpc_arg(c);
    if (!l || l->over)
        return;
    PB(FromAgent) *m = WIRE_UNPACK(from_agent, bytes, len);
    l->heard_ms = clock_mono_ms();
    if (!m)
        agent_link_end(l, RPC_INVALID_ARGUMENT, "This is no message of an agent.");
    else if (m->body_case == HYDRA__AGENT__V1__FROM_AGENT__BODY_HELLO)
        take_hello(l, m->hello);
    else if (!l->greeted_ms)
        agent_link_end(l, RPC_FAILED_PRECONDITION, "Hello comes first.");
    else if (m->body_case == HYDRA__AGENT__V1__FROM_AGENT__BODY_CERTIFICATE_REQUEST)
        take_certificate_request(l, m->certificate_request);
    else if (m->body_case == HYDRA__AGENT__V1__FROM_AGENT__BODY_INSPECTED)
        take_answer(l, m->inspected);
    else
        take_report(l, m);
    if (m)
        hydra__agent__v1__from_agent__free_unpacked(m, NULL);
}

/* --- begin and end --- */

static void free_link(struct agent_link *l)
{
    if (!l->over)
        unlink_node(l);
    wire_values_done(&l->values);
    mem_free(l);
}

static void on_half_closed(struct rpc_call *c)
{
    struct rpc_status s = rpc_status_of(RPC_OK, "%s", "");
    rpc_finish(c, &s);
}

static void on_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct agent_link *l = rpc_arg(c);
    if (!l)
        return;
    log_info("agents", "link ended", "node=%s reason=%s text=%s", l->who.node,
             rpc_code_name(s->code), LOG_Q(s->message));
    free_link(l);
}

/* A second machine with the same identity: one that was copied, with its state folder. An agent
 * that merely lost its connection has not been heard from for a while. */
static void look_for_clone(struct agents *a, struct agent_node *n, const char *address)
{
    const struct agents_settings *s = &a->settings;
    int64_t now = clock_mono_ms();
    AUTO(mem_freep) char *key = mem_printf("clone/%s", n->id);
    if (now - n->link->heard_ms > AGENTS_CLONE_MS || str_eq(n->link->address, address))
        return;
    AUTO(mem_freep)
    char *text =
        mem_printf("Two machines report as %s: %s and %s", n->id, n->link->address, address);
    n->clone_ms = now;
    log_warn("agents", "two machines have one identity", "node=%s addresses=%s,%s", n->id,
             n->link->address, address);
    s->notice(s->arg, key, text,
              "One is a copy of the other. Add the copy as a node of its own: on it, remove the "
              "agent's state folder and enrol again.");
}

void agent_forget_notices(struct agents *a, const struct agent_node *n)
{
    const struct agents_settings *s = &a->settings;
    static const char *const kinds[] = {"clone", "clock"};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        AUTO(mem_freep) char *key = mem_printf("%s/%s", kinds[i], n->id);
        s->notice(s->arg, key, NULL, NULL);
    }
}

static void forget_clone(struct agents *a, struct agent_node *n)
{
    const struct agents_settings *s = &a->settings;
    if (!n->clone_ms || clock_mono_ms() - n->clone_ms < AGENTS_CLONE_TOLD_MS)
        return;
    AUTO(mem_freep) char *key = mem_printf("clone/%s", n->id);
    n->clone_ms = 0;
    s->notice(s->arg, key, NULL, NULL);
}

static struct agent_node *node_of(struct agents *a, const struct identity *who)
{
    struct agent_node *n = agents_node(a, who->node);
    if (!n)
        agents_update(a); /* enrolled a moment ago */
    n = agents_node(a, who->node);
    if (n && !str_eq(n->serial, who->serial)) {
        if (!fleet_counts(a->settings.fleet, n->id, n->serial))
            n->taken = 0; /* another machine, which counts anew; else it has renewed its own */
        str_copy(n->serial, sizeof n->serial, who->serial);
    }
    return n;
}

static void replace(struct agents *a, struct agent_node *n, const char *address)
{
    forget_clone(a, n);
    if (!n->link)
        return;
    look_for_clone(a, n, address);
    if (n->link) /* what was said of a clone may have ended it */
        agent_link_end(n->link, RPC_ABORTED, "The node linked again.");
}

void agent_link_begin(struct rpc_call *c, void *arg)
{
    struct agents *a = arg;
    struct err e = {0};
    struct identity who;
    struct str der = {0};
    rpc_set_arg(c, NULL);
    int r = rpc_peer_certificate(c, &der)
                ? fleet_admit(a->settings.fleet, der.p, der.len, clock_wall_ms(), &e, &who)
                : err_set(&e, -EACCES, "An agent shows its certificate: enrol this machine first.");
    struct agent_node *n = r >= 0 ? node_of(a, &who) : NULL;
    str_done(&der);
    if (!n) {
        struct rpc_status s = rpc_status_of(RPC_UNAUTHENTICATED, "%s", err_text(&e, r));
        log_warn("agents", "agent refused", "address=%s error=%s", rpc_peer_address(c),
                 LOG_Q(s.message));
        rpc_finish(c, &s);
        return;
    }
    replace(a, n, rpc_peer_address(c));
    struct agent_link *l = mem_alloc(sizeof *l);
    *l = (struct agent_link){.agents = a, .call = c, .node = n, .who = who};
    l->heard_ms = clock_mono_ms();
    str_copy(l->address, sizeof l->address, rpc_peer_address(c));
    n->link = l;
    rpc_set_arg(c, l);
    rpc_admit(c);
}

const struct rpc_events agent_link_events = {
    .message = on_message, .half_closed = on_half_closed, .ended = on_ended};
