/* The list of units. Properties are only asked for once per unit; what changes afterwards comes
 * with PropertiesChanged (systemd-signals.c). */
#include "node/systemd-private.h"

#include "base/clock.h"
#include "node/listeners.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    READS_MAX = 8,         /* GetAll calls at once */
    RELIST_MS = 300,       /* after a daemon-reload: they come in bursts */
    SETTLE_MS = 20,        /* a restart passes through several states at once */
    JOURNAL_WAIT_MS = 250, /* until journald has the last lines */
    JOURNAL_PAUSE_MS = 3000,
    REMEMBER_MS = 24 * 3600 * 1000,
};

static const char destination[] = "org.freedesktop.systemd1";
static const char manager_path[] = "/org/freedesktop/systemd1";
static const char manager[] = "org.freedesktop.systemd1.Manager";

/* --- the last words of a unit --- */

static void on_journal(void *arg, char *line)
{
    struct unit *u = arg;
    u->search = NULL;
    mem_free(u->line); /* of the run before, until now */
    u->line = line;
    u->dirty = true;
    units_flush(u->s);
}

static void on_journal_due(void *arg)
{
    struct unit *u = arg;
    loop_timer_free(TAKE(u->wait));
    u->search =
        journal_find(u->s->node->loop, u->s->node->settings.journal, &u->line_for, on_journal, u);
}

static void want_journal(struct unit *u)
{
    int64_t now = clock_mono_ms();
    bool ended_badly =
        str_eq(u->active, "failed") || (u->sub && str_starts(u->sub, "auto-restart"));
    if (!ended_badly || !*u->invocation || u->search || u->wait ||
        str_eq(u->line_for.invocation, u->invocation) ||
        (u->line_ms && now - u->line_ms < JOURNAL_PAUSE_MS))
        return;
    u->line_ms = now;
    u->line_for = unit_run(u);
    u->wait = loop_timer_new(u->s->node->loop, JOURNAL_WAIT_MS, 0, on_journal_due, u);
}

/* --- telling --- */

/* What it needs, and what it both wants and waits for; only services that are told. */
static void add_dependencies(const struct unit *u, struct observed *o)
{
    const struct str_list *lists[] = {&u->requires, &u->wants};
    for (size_t l = 0; l < COUNT_OF(lists); l++)
        for (size_t i = 0; i < lists[l]->n; i++) {
            const char *name = lists[l]->v[i];
            const struct unit *other = map_get(&u->s->units, name);
            if (!other || other == u || other->type != UNIT_SERVICE || !unit_matters(other) ||
                (l == 1 && !str_list_has(&u->after, name)))
                continue;
            char *id = mem_printf("systemd/%s", name);
            if (!str_list_has(&o->depends_on, id))
                str_list_add(&o->depends_on, id);
            mem_free(id);
        }
}

static void untell(struct unit *u)
{
    if (u->seen)
        outbox_gone(&u->s->out, u->seen->id);
    observed_free(TAKE(u->seen));
}

static void tell(struct unit *u)
{
    u->dirty = false;
    if (!unit_matters(u)) {
        untell(u);
        return;
    }
    want_journal(u);
    struct observed *o = unit_observe(u, clock_wall_ms());
    add_dependencies(u, o);
    listeners_add_ports(u->s->node, o);
    observed_free(u->seen);
    u->seen = observed_copy(o);
    outbox_put(&u->s->out, o);
}

static void drop(struct unit *u)
{
    struct systemd *s = u->s;
    map_remove(&s->units, u->name);
    if (u->call)
        s->reading--;
    untell(u);
    unit_free(u);
}

/* NixOS links its unit files into /etc from the store, where they stay when the link is gone. */
static bool has_file(const struct unit *u)
{
    if (!u->fragment || access(u->fragment, F_OK) < 0)
        return false;
    if (!str_starts(u->fragment, "/nix/store/"))
        return true;
    AUTO(mem_freep) char *link = mem_printf("/etc/systemd/system/%s", u->name);
    return access(link, F_OK) == 0;
}

/* systemd forgets a service that was stopped and that nothing needs; people don't. */
void units_unload(struct unit *u)
{
    if (u->dirty && u->read && u->s->known)
        tell(u); /* it was stopped a moment ago */
    if (u->seen && u->seen->run == RUN_STOPPED && !str_eq(u->file_state, "transient"))
        u->unloaded = true;
    else
        drop(u);
}

void units_expire(struct systemd *s, int64_t wall_ms)
{
    MAP_FOREACH (&s->units, m) {
        struct unit *u = m->value;
        if (u->unloaded && wall_ms - (int64_t)(u->inactive_us / 1000) > REMEMBER_MS)
            drop(u);
    }
}

void units_drop_all(struct systemd *s)
{
    MAP_FOREACH (&s->units, m)
        unit_free(m->value);
    map_done(&s->units, NULL);
    map_done(&s->enabled, NULL);
    s->reading = 0;
}

/* --- reading properties --- */

static void start_reads(struct systemd *s);
static int list_files(struct systemd *s);

static int on_properties(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct unit *u = arg;
    struct systemd *s = u->s;
    u->call = sd_bus_slot_unref(u->call);
    s->reading--;
    unit_forget_lists(u);
    if (sd_bus_message_is_method_error(m, NULL) || unit_read_properties(u, m) < 0)
        u->read = false;
    else
        u->read = u->dirty = true;
    u->unloaded = false;
    start_reads(s);
    return 0;
}

static void read_unit(struct unit *u)
{
    u->due = false;
    int r = sd_bus_call_method_async(bus_sd(u->s->bus), &u->call, destination, u->path,
                                     "org.freedesktop.DBus.Properties", "GetAll", on_properties, u,
                                     "s", "" /* of all interfaces */);
    if (r < 0)
        systemd_lose(u->s);
    else
        u->s->reading++;
}

static bool anything_due(struct systemd *s)
{
    MAP_FOREACH (&s->units, m)
        if (((struct unit *)m->value)->due)
            return true;
    return false;
}

static void tell_dirty(struct systemd *s)
{
    MAP_FOREACH (&s->units, m) {
        struct unit *u = m->value;
        if (u->dirty && u->read)
            tell(u);
    }
}

static void finish_list(struct systemd *s)
{
    if (!s->listed || s->complete || (s->known && !s->full) || s->reading || anything_due(s))
        return;
    if (!s->known) {
        s->known = s->met = true;
        s->failures = 0;
        MAP_FOREACH (&s->units, m)
            ((struct unit *)m->value)->dirty = true;
        /* Only now: while systemd works it out (a quarter of a second and more), it answers nobody.
         */
        if (list_files(s) < 0)
            systemd_lose(s);
    }
    s->complete = s->full;
    tell_dirty(s);
    node_source(s->node, "systemd", SOURCE_OK, NULL, NULL, s->complete);
}

static void start_reads(struct systemd *s)
{
    MAP_FOREACH (&s->units, m) {
        struct unit *u = m->value;
        if (s->reading >= READS_MAX)
            return;
        if (u->due && !u->call)
            read_unit(u);
    }
}

static void on_settled(void *arg)
{
    struct systemd *s = arg;
    loop_timer_free(TAKE(s->settle));
    if (s->known)
        tell_dirty(s);
}

static bool anything_dirty(struct systemd *s)
{
    MAP_FOREACH (&s->units, m)
        if (((struct unit *)m->value)->dirty)
            return true;
    return false;
}

void units_flush(struct systemd *s)
{
    if (!s->bus)
        return;
    start_reads(s);
    finish_list(s);
    if (s->known && !s->settle && anything_dirty(s))
        s->settle = loop_timer_new(s->node->loop, SETTLE_MS, 0, on_settled, s);
    bus_flush(s->bus);
}

/* --- the list --- */

/* Worth its properties, as far as name and state tell. */
bool units_want(const struct systemd *s, const char *name, const char *active)
{
    bool failed = str_eq(active, "failed"), up = unit_is_up(active);
    if (failed || unit_is_plumbing(name))
        return failed && unit_type_of(name) != UNIT_OTHER;
    switch (unit_type_of(name)) {
    case UNIT_SERVICE:
        return up || map_get(&s->enabled, name);
    case UNIT_SOCKET:
        return up;
    case UNIT_TIMER:
    case UNIT_MOUNT:
    case UNIT_OTHER:
        return false;
    }
    return false;
}

struct unit *units_add(struct systemd *s, const char *name, const char *path)
{
    struct unit *u = map_get(&s->units, name);
    if (u || map_count(&s->units) >= LIMIT_UNITS)
        return u;
    u = unit_new(s, name, path);
    map_set(&s->units, name, u);
    return u;
}

/* a(ssssssouso): name, description, load, active, sub, followed, path, job id, job type, job. */
static int take_list(struct systemd *s, sd_bus_message *m)
{
    const char *name, *load, *active, *followed, *path;
    int r = sd_bus_message_enter_container(m, 'a', "(ssssssouso)");
    while (r >= 0 && (r = sd_bus_message_read(m, "(ssssssouso)", &name, NULL, &load, &active, NULL,
                                              &followed, &path, NULL, NULL, NULL)) > 0) {
        struct unit *u = NULL;
        if (!*followed && !str_eq(load, "not-found") && units_want(s, name, active))
            u = units_add(s, name, path);
        if (!u)
            continue;
        u->listed = true;
        u->due = u->due || !u->read || s->reread;
    }
    return r;
}

static void drop_unlisted(struct systemd *s)
{
    MAP_FOREACH (&s->units, m) {
        struct unit *u = m->value;
        if (!u->listed && u->unloaded && !has_file(u))
            drop(u);
        else if (!u->listed && !u->unloaded)
            units_unload(u);
        u->listed = false;
    }
}

static int on_units(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct systemd *s = arg;
    if (sd_bus_message_is_method_error(m, NULL) || take_list(s, m) < 0) {
        systemd_lose(s);
        return 0;
    }
    drop_unlisted(s);
    s->listed = true;
    s->full = s->files_known;
    s->reread = false;
    start_reads(s);
    return 0;
}

int units_list(struct systemd *s)
{
    return sd_bus_call_method_async(bus_sd(s->bus), NULL, destination, manager_path, manager,
                                    "ListUnits", on_units, s, NULL);
}

/* a(ss): path of the file, its state. */
static void take_files(struct systemd *s, sd_bus_message *m)
{
    const char *path, *state;
    map_done(&s->enabled, NULL);
    int r = sd_bus_message_enter_container(m, 'a', "(ss)");
    while (r >= 0 && (r = sd_bus_message_read(m, "(ss)", &path, &state)) > 0) {
        const char *slash = strrchr(path, '/');
        if (map_count(&s->enabled) < LIMIT_UNITS)
            map_set(&s->enabled, slash ? slash + 1 : path, s);
    }
}

/* Should they be refused, what is enabled and does not run is not told. */
static int on_unit_files(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct systemd *s = arg;
    if (!sd_bus_message_is_method_error(m, NULL))
        take_files(s, m);
    s->files_known = true;
    if (units_list(s) < 0)
        systemd_lose(s);
    return 0;
}

static int list_files(struct systemd *s)
{
    sd_bus_message *m = NULL;
    int r = sd_bus_message_new_method_call(bus_sd(s->bus), &m, destination, manager_path, manager,
                                           "ListUnitFilesByPatterns");
    if (r >= 0)
        r = sd_bus_message_append(m, "asas", 2, "enabled", "enabled-runtime", 1, "*.service");
    if (r >= 0)
        r = sd_bus_call_async(bus_sd(s->bus), NULL, m, on_unit_files, s, 0);
    sd_bus_message_unref(m);
    return r;
}

static void on_relist(void *arg)
{
    struct systemd *s = arg;
    loop_timer_free(TAKE(s->relist));
    if (!s->bus)
        return;
    s->reread = true;
    if (list_files(s) < 0)
        systemd_lose(s);
    bus_flush(s->bus);
}

void units_relist(struct systemd *s)
{
    if (!s->relist)
        s->relist = loop_timer_new(s->node->loop, RELIST_MS, 0, on_relist, s);
}
