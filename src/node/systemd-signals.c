/* What systemd says of itself: which signals are heard, and what each does to the list of units. */
#include "node/systemd-private.h"

#include <stdlib.h>

static const char destination[] = "org.freedesktop.systemd1";
static const char manager_path[] = "/org/freedesktop/systemd1";
static const char unit_prefix[] = "/org/freedesktop/systemd1/unit";
static const char manager[] = "org.freedesktop.systemd1.Manager";
static const char unit_interface[] = "org.freedesktop.systemd1.Unit";

/* A unit that is unknown so far is read when it comes up or has failed. Never at UnitNew: asking
 * for a unit that is being unloaded loads it again, and so on for ever. */
static void on_stranger(struct systemd *s, const char *name, const char *path, sd_bus_message *m)
{
    struct unit *peek = unit_new(s, name, path);
    if (unit_read_properties(peek, m) >= 0 && units_want(s, name, peek->active)) {
        struct unit *u = units_add(s, name, path);
        if (u)
            u->due = true;
    }
    unit_free(peek);
}

static int on_changed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct systemd *s = arg;
    const char *path = sd_bus_message_get_path(m), *interface;
    char *name = NULL;
    if (!path || sd_bus_path_decode(path, unit_prefix, &name) <= 0)
        return 0;
    struct unit *u = map_get(&s->units, name);
    if (sd_bus_message_read(m, "s", &interface) >= 0) {
        if (u && (unit_read_properties(u, m) < 0 || (u->unloaded && unit_is_up(u->active))))
            u->due = true;
        else if (!u && str_eq(interface, unit_interface) && unit_type_of(name) != UNIT_OTHER)
            on_stranger(s, name, path, m);
    }
    free(name);
    return 0;
}

static int on_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct systemd *s = arg;
    const char *name;
    struct unit *u = NULL;
    if (sd_bus_message_read(m, "s", &name) >= 0)
        u = map_get(&s->units, name);
    if (u)
        units_unload(u);
    return 0;
}

static int on_reloading(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    int active;
    if (sd_bus_message_read(m, "b", &active) >= 0 && !active)
        units_relist(arg);
    return 0;
}

static int on_files_changed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)m, (void)error;
    units_relist(arg);
    return 0;
}

/* systemd has begun anew: subscriptions are gone. */
static int on_owner_changed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)m, (void)error;
    systemd_lose(arg);
    return 0;
}

static int match(struct systemd *s, const char *rule, sd_bus_message_handler_t handler)
{
    return sd_bus_add_match_async(bus_sd(s->bus), NULL, rule, handler, NULL, s);
}

#define FROM_SYSTEMD "type='signal',sender='org.freedesktop.systemd1',"
#define FROM_MANAGER                                                                               \
    FROM_SYSTEMD "path='/org/freedesktop/systemd1',interface='org.freedesktop.systemd1.Manager',"

int units_watch(struct systemd *s)
{
    const struct {
        const char *rule;
        sd_bus_message_handler_t handler;
    } matches[] = {
        {FROM_SYSTEMD "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
                      "path_namespace='/org/freedesktop/systemd1/unit'",
         on_changed},
        {FROM_MANAGER "member='UnitRemoved'", on_removed},
        {FROM_MANAGER "member='Reloading'", on_reloading},
        {FROM_MANAGER "member='UnitFilesChanged'", on_files_changed},
        {"type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
         "member='NameOwnerChanged',arg0='org.freedesktop.systemd1'",
         on_owner_changed},
    };
    for (size_t i = 0; i < COUNT_OF(matches); i++) {
        int r = match(s, matches[i].rule, matches[i].handler);
        if (r < 0)
            return r;
    }
    int r = sd_bus_call_method_async(bus_sd(s->bus), NULL, destination, manager_path, manager,
                                     "Subscribe", NULL, NULL, NULL);
    return r < 0 ? r : units_list(s);
}
