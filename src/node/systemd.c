#include "node/systemd-private.h"

#include "base/clock.h"
#include "base/rand.h"
#include "node/commands.h"

#include <errno.h>
#include <unistd.h>

enum { RETRY_FIRST_MS = 500, RETRY_MAX_MS = 15000 };

static void connect_now(void *arg);

/* --- away --- */

static uint64_t pause_ms(const struct systemd *s)
{
    uint64_t ms = (uint64_t)RETRY_FIRST_MS << (s->failures < 6 ? s->failures : 6);
    ms = ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
    return ms + rand_below((uint32_t)ms / 2);
}

static void tell_away(struct systemd *s, int error)
{
    struct node *n = s->node;
    bool first = !s->met && !s->failures; /* ends what a former run told */
    if (error == -EACCES || error == -EPERM)
        node_source(n, "systemd", SOURCE_DENIED, "D-Bus refuses the connection",
                    "Run it as root, or give its user access to /run/dbus/system_bus_socket.",
                    false);
    else if (s->met)
        node_source(n, "systemd", SOURCE_FAILED, "the connection to systemd broke off", NULL,
                    false);
    else if (access("/run/systemd/system", F_OK) == 0 || n->settings.dbus_address)
        node_source(n, "systemd", SOURCE_FAILED, "systemd can't be reached over D-Bus",
                    "Install and start dbus; in a container, mount /run/dbus/system_bus_socket.",
                    first);
    else
        node_source(n, "systemd", SOURCE_ABSENT, "systemd does not run this machine", NULL, first);
}

static void go_away(struct systemd *s, int error)
{
    MAP_FOREACH (&s->units, m) {
        struct unit *u = m->value;
        u->call = sd_bus_slot_unref(u->call);
        u->due = false;
    }
    struct bus *lost = TAKE(s->bus); /* nothing new is asked of it, */
    commands_bus_lost(s->node);      /* but it is still there to let go of */
    bus_free(lost);
    s->reading = 0;
    s->listed = s->known = s->files_known = s->full = s->complete = false;
    tell_away(s, error);
    loop_timer_free(s->retry);
    s->retry = loop_timer_new(s->node->loop, pause_ms(s), 0, connect_now, s);
    s->failures++;
}

static void lose_now(void *arg)
{
    go_away(arg, -ECONNRESET);
}

void systemd_lose(struct systemd *s)
{
    if (s->bus && !s->retry)
        s->retry = loop_timer_new(s->node->loop, 0, 0, lose_now, s);
}

static void on_lost(void *arg, int error)
{
    go_away(arg, error);
}

static void on_idle(void *arg)
{
    units_flush(arg);
}

static void connect_now(void *arg)
{
    struct systemd *s = arg;
    const struct bus_events events = {.arg = s, .on_idle = on_idle, .on_lost = on_lost};
    loop_timer_free(TAKE(s->retry));
    int r = bus_open(s->node->loop, s->node->settings.dbus_address, &events, &s->bus);
    if (r >= 0)
        r = units_watch(s);
    if (r < 0)
        go_away(s, r);
    else
        bus_flush(s->bus);
}

/* --- the module --- */

static void *start(struct node *n)
{
    struct systemd *s = mem_alloc(sizeof *s);
    s->node = n;
    outbox_init(&s->out, n);
    if (*n->settings.root && !n->settings.dbus_address) { /* a recorded machine has no bus */
        node_source(n, "systemd", SOURCE_ABSENT, NULL, NULL, true);
        s->failures = 1;
    } else {
        connect_now(s);
    }
    return s;
}

static void stop(void *state)
{
    struct systemd *s = state;
    units_drop_all(s);
    bus_free(s->bus);
    loop_timer_free(s->retry);
    loop_timer_free(s->relist);
    loop_timer_free(s->settle);
    outbox_done(&s->out);
    mem_free(s);
}

static void tick(void *state, int64_t now_ms)
{
    struct systemd *s = state;
    if (s->complete && now_ms - s->expired_ms > 60000) {
        s->expired_ms = now_ms;
        units_expire(s, clock_wall_ms());
    }
}

const struct node_module systemd_module = {
    .name = "systemd", .start = start, .tick = tick, .stop = stop};

/* --- for the neighbours --- */

static struct systemd *state_of(struct node *n)
{
    return node_module_state(n, &systemd_module);
}

struct bus *systemd_bus(struct node *n)
{
    struct systemd *s = state_of(n);
    return s ? s->bus : NULL;
}

static struct unit *find(struct systemd *s, const char *name)
{
    if (str_starts(name, "systemd/"))
        name += strlen("systemd/");
    struct unit *u = map_get(&s->units, name);
    if (u || unit_type_of(name) != UNIT_OTHER)
        return u;
    char *full = mem_printf("%s.service", name);
    u = map_get(&s->units, full);
    mem_free(full);
    return u;
}

const struct observed *systemd_find(struct node *n, const char *name)
{
    struct systemd *s = state_of(n);
    struct unit *u = s ? find(s, name) : NULL;
    return u ? u->seen : NULL;
}

bool systemd_is_complete(struct node *n)
{
    struct systemd *s = state_of(n);
    return s && s->complete;
}

bool systemd_is_settled(struct node *n)
{
    struct systemd *s = state_of(n);
    return s && (s->known || (!s->bus && s->failures));
}

/* The unit in a path like "/system.slice/cups.service/worker": the last part that names one. */
static bool unit_of_cgroup(const char *cgroup, char ret_name[UNIT_NAME_SIZE])
{
    bool found = false;
    for (const char *p = cgroup; *p; p += strcspn(p, "/")) {
        p += *p == '/';
        size_t n = strcspn(p, "/");
        if (n > 8 && n < UNIT_NAME_SIZE && memcmp(p + n - 8, ".service", 8) == 0) {
            memcpy(ret_name, p, n);
            ret_name[n] = 0;
            found = true;
        }
    }
    return found;
}

bool systemd_folds(struct node *n, const char *cgroup)
{
    char name[UNIT_NAME_SIZE];
    struct systemd *s = state_of(n);
    return s && s->known && unit_of_cgroup(cgroup, name) && unit_is_plumbing(name) &&
           !str_starts(name, "user@");
}

const char *systemd_socket(struct node *n, uint16_t port, bool udp)
{
    struct systemd *s = state_of(n);
    if (!s)
        return NULL;
    MAP_FOREACH (&s->units, m) {
        const struct unit *u = m->value;
        for (size_t i = 0; u->seen && i < u->ports.n; i++)
            if (u->ports.v[i].port == port && u->ports.v[i].udp == udp)
                return u->seen->id;
    }
    return NULL;
}

void systemd_refresh(struct node *n)
{
    struct systemd *s = state_of(n);
    if (!s || !s->known)
        return;
    MAP_FOREACH (&s->units, m)
        ((struct unit *)m->value)->dirty = true;
    units_flush(s);
}
