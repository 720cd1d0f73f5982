#include "agent/uplink.h"

#include "agent/backoff.h"
#include "agent/dial.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "node/version.h"
#include "node/wire.h"

#include <inttypes.h>

enum {
    KEEPALIVE_MS = 10000,
    WELCOME_MS = 15000,
    CLOCK_OFF_MS = 60000, /* worth a warning */
    LOOK_MS = 3000,       /* how often an agent looks whether it was enrolled anew */
};

struct uplink {
    struct uplink_settings settings;
    enum uplink_state state;
    struct backoff backoff;
    struct dial *dial;
    struct rpc_client *client;
    struct rpc_call *call;
    struct loop_timer *timer;     /* the next try, or the wait for Welcome */
    int64_t up_since, wait_until; /* monotonic */
};

static void dial_hub(void *arg);

static void set_state(struct uplink *u, enum uplink_state state)
{
    static const char *const names[] = {"waiting", "dialling", "greeting", "up"};
    log_debug("agent", "link", "from=%s to=%s", names[u->state], names[state]);
    u->state = state;
}

enum uplink_state uplink_state(const struct uplink *u)
{
    return u->state;
}

static void set_timer(struct uplink *u, uint64_t ms, loop_fn *fn)
{
    loop_timer_free(u->timer);
    u->timer = ms ? loop_timer_new(u->settings.loop, ms, 0, fn, u) : NULL;
}

/* --- the end of a link, and the next try --- */

static void log_end(const struct uplink *u, bool was_up, bool refused, const char *why,
                    uint32_t wait_ms)
{
    char age[CLOCK_AGE_SIZE];
    const char *address = u->settings.identity->address;
    clock_age(wait_ms, age);
    if (refused)
        log_error("agent", "refused by the hub", "hub=%s why=%s again_in=%s advice=%s", address,
                  LOG_Q(why), LOG_Q(age),
                  LOG_Q("if this node was removed from Hydra, enrol it again: hydra-agent enroll"));
    else
        log_warn("agent", was_up ? "lost the hub" : "no link to the hub",
                 "hub=%s why=%s again_in=%" PRIu32 "ms", address, LOG_Q(why), wait_ms);
}

static void drop(struct uplink *u)
{
    u->client = NULL;
    if (u->call)
        rpc_drop(TAKE(u->call));
    dial_free(TAKE(u->dial));
}

/* Ends a link that is up, on purpose: what follows is no wait. */
static void leave(struct uplink *u)
{
    drop(u);
    set_timer(u, 0, NULL);
    set_state(u, UPLINK_WAITING);
    u->backoff = (struct backoff){0};
    u->settings.down(u->settings.arg);
}

/* The folder holds another identity: `enroll` was here. false = it can't be read. */
static bool take_identity(struct uplink *u)
{
    struct identity *i = u->settings.identity, fresh;
    struct err e = {0};
    if (identity_open(i->dir, &e, &fresh) < 0) {
        log_debug("agent", "the new identity can't be read", "error=%s", LOG_Q(e.text));
        return false;
    }
    if (u->state == UPLINK_UP)
        leave(u);
    bool same = identity_is_same_node(i, &fresh);
    identity_done(i);
    *i = fresh;
    u->backoff = (struct backoff){0};
    log_info("agent", "was enrolled anew", "node=%s hub=%s", i->node, i->address);
    if (!same)
        u->settings.replaced(u->settings.arg);
    return true;
}

static void wait_on(void *arg)
{
    struct uplink *u = arg;
    int64_t left = u->wait_until - clock_mono_ms();
    if (left <= 0 || (identity_is_replaced(u->settings.identity) && take_identity(u)))
        dial_hub(u);
    else
        set_timer(u, left < LOOK_MS ? (uint64_t)left : LOOK_MS, wait_on);
}

static void look_up(void *arg)
{
    struct uplink *u = arg;
    if (identity_is_replaced(u->settings.identity) && take_identity(u))
        dial_hub(u);
    else
        set_timer(u, LOOK_MS, look_up);
}

void uplink_relink(struct uplink *u)
{
    if (u->state != UPLINK_UP)
        return; /* the next one is a new one anyway */
    leave(u);
    dial_hub(u);
}

static void end_link(struct uplink *u, const char *why, bool refused)
{
    bool was_up = u->state == UPLINK_UP;
    drop(u);
    if (was_up)
        backoff_stood(&u->backoff, clock_mono_ms() - u->up_since);
    uint32_t chance = rand_below(UINT32_MAX);
    uint32_t wait =
        refused ? backoff_refused(&u->backoff, chance) : backoff_failed(&u->backoff, chance);
    log_end(u, was_up, refused, why, wait);
    set_state(u, UPLINK_WAITING);
    u->wait_until = clock_mono_ms() + wait;
    wait_on(u);
    if (was_up)
        u->settings.down(u->settings.arg);
}

static void on_dial_ended(void *arg, const struct err *e)
{
    struct uplink *u = arg;
    u->call = NULL; /* it has been told, or is gone with the connection */
    end_link(u, e->text, dial_was_refused(e));
}

static void on_call_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct uplink *u = rpc_arg(c);
    u->call = NULL;
    if (!s->message[0] && (s->code == RPC_OK || s->code == RPC_UNAVAILABLE)) {
        end_link(u, "The hub ended the link.", false);
        return;
    }
    char why[RPC_MESSAGE_MAX + 40];
    snprintf(why, sizeof why, "%s", s->message[0] ? s->message : rpc_code_name(s->code));
    bool is_broken = s->code == RPC_UNAVAILABLE && strstr(why, "alert");
    end_link(u, why,
             is_broken || s->code == RPC_PERMISSION_DENIED || s->code == RPC_UNAUTHENTICATED);
}

/* --- greeting --- */

static void say_hello(struct uplink *u)
{
    static char *always[] = {"commands", "policy", "spool", "local"};
    char *features[COUNT_OF(always) + 2];
    size_t n = COUNT_OF(always);
    PB(FromAgent) m = HYDRA__AGENT__V1__FROM_AGENT__INIT;
    PB(Hello) h = HYDRA__AGENT__V1__HELLO__INIT;
    AUTO(str_done) struct str text = {0};
    memcpy(features, always, sizeof always);
    if (u->settings.reads_logs)
        features[n++] = "logs";
    if (u->settings.answers)
        features[n++] = "inspect";
    h.agent_version = (char *)agent_version();
    h.n_features = n;
    h.features = features;
    h.boot_id = (char *)u->settings.boot_id;
    h.wall_ms = clock_wall_ms();
    h.session = u->settings.session;
    h.on_trial = u->settings.on_trial;
    h.upgrade_obstacle = (char *)(u->settings.upgrade_obstacle ? u->settings.upgrade_obstacle : "");
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_HELLO;
    m.hello = &h;
    wire_print(&m.base, &text);
    if (rpc_send(u->call, text.p, text.len) < 0)
        log_debug("agent", "hello not sent", "hub=%s", u->settings.identity->address);
}

/* What an agent says after Welcome tells the hub that it has kept them: it may take its old key
 * away then. */
static int keep_pins(struct uplink *u, const PB(Welcome) * w, struct err *e)
{
    struct identity *i = u->settings.identity;
    struct pin_bytes list[LIMIT_IDENTITY_PINS];
    struct pins pins;
    size_t n = w->n_hub_keys < LIMIT_IDENTITY_PINS ? w->n_hub_keys : LIMIT_IDENTITY_PINS;
    for (size_t k = 0; k < n; k++)
        list[k] = (struct pin_bytes){w->hub_keys[k].data, w->hub_keys[k].len};
    if (!pins_take(list, n, &pins) || pins_equal(&pins, &i->pins))
        return 0;
    int r = identity_set_pins(i, &pins, e);
    if (r < 0)
        return err_prefix(e, r, "The hub's new keys can't be kept");
    log_info("agent", "the hub's keys are others from now on", "count=%zu", pins.n);
    return 0;
}

static void compare_clocks(const PB(Welcome) * w)
{
    int64_t off = clock_wall_ms() - w->wall_ms;
    if (w->wall_ms && (off > CLOCK_OFF_MS || off < -CLOCK_OFF_MS))
        log_warn("agent", "this machine's clock differs from the hub's", "by_ms=%lld advice=%s",
                 (long long)off, LOG_Q("let NTP set both, or graphs are shifted"));
}

static void on_welcome(struct uplink *u, const PB(Welcome) * w)
{
    struct identity *i = u->settings.identity;
    struct err e = {0};
    if (!str_eq(w->node, i->node)) {
        end_link(u, "The hub takes this machine for another node.", true);
        return;
    }
    if (keep_pins(u, w, &e) < 0) {
        end_link(u, e.text, false);
        return;
    }
    set_timer(u, LOOK_MS, look_up);
    set_state(u, UPLINK_UP);
    u->up_since = clock_mono_ms();
    log_info("agent", "connected", "hub=%s node=%s", i->address, i->node);
    compare_clocks(w);
    u->settings.up(u->settings.arg, w);
}

static void on_message(struct rpc_call *c, const void *bytes, size_t len)
{
    struct uplink *u = rpc_arg(c);
    PB(FromHub) *m = hydra__agent__v1__from_hub__unpack(NULL, len, bytes);
    if (!m) {
        end_link(u, "The hub sent what is no message.", false);
        return;
    }
    if (u->state == UPLINK_UP)
        u->settings.order(u->settings.arg, m);
    else if (m->body_case == HYDRA__AGENT__V1__FROM_HUB__BODY_WELCOME)
        on_welcome(u, m->welcome);
    wire_secrets_wipe(m);
    hydra__agent__v1__from_hub__free_unpacked(m, NULL);
}

static void on_writable(struct rpc_call *c)
{
    struct uplink *u = rpc_arg(c);
    if (u->state == UPLINK_UP)
        u->settings.writable(u->settings.arg);
}

static const struct rpc_events events = {on_message, NULL, on_writable, on_call_ended};

static void on_no_welcome(void *arg)
{
    end_link(arg, "The hub took the connection, but did not say welcome.", false);
}

static void on_ready(void *arg, struct rpc_client *client)
{
    struct uplink *u = arg;
    u->client = client;
    u->call = rpc_client_call(client, "/hydra.agent.v1.Agent/Link", 0, &events, u);
    if (!u->call)
        return; /* it is ending: that will be told */
    set_state(u, UPLINK_GREETING);
    set_timer(u, WELCOME_MS, on_no_welcome);
    say_hello(u);
}

static void dial_hub(void *arg)
{
    struct uplink *u = arg;
    const struct identity *i = u->settings.identity;
    set_timer(u, 0, NULL);
    set_state(u, UPLINK_DIALLING);
    u->dial = dial_start(&(struct dial_settings){.loop = u->settings.loop,
                                                 .address = i->address,
                                                 .pins = &i->pins,
                                                 .certificate = i->certificate,
                                                 .key = i->key,
                                                 .keepalive_ms = KEEPALIVE_MS,
                                                 .ready = on_ready,
                                                 .ended = on_dial_ended,
                                                 .arg = u});
}

/* --- life --- */

struct uplink *uplink_start(const struct uplink_settings *s)
{
    struct uplink *u = mem_alloc(sizeof *u);
    u->settings = *s;
    dial_hub(u);
    return u;
}

void uplink_free(struct uplink *u)
{
    if (!u)
        return;
    loop_timer_free(u->timer);
    if (u->call)
        rpc_drop(u->call);
    dial_free(u->dial);
    mem_free(u);
}

int uplink_send(struct uplink *u, const void *bytes, size_t len)
{
    return u->state == UPLINK_UP && u->call ? rpc_send(u->call, bytes, len) : -EPIPE;
}

size_t uplink_backlog(const struct uplink *u)
{
    return u->call ? rpc_backlog(u->call) : 0;
}

struct rpc_call *uplink_call(struct uplink *u, const char *path, const struct rpc_events *e,
                             void *arg)
{
    return u->state == UPLINK_UP && u->client ? rpc_client_call(u->client, path, 0, e, arg) : NULL;
}
