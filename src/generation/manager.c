/* systemd, by its own socket: root needs no bus daemon, which the switch may restart. */
#include "generation/generation.h"

#include "base/clock.h"

#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

enum {
    STOP_WAIT_MS = 30 * 1000,
    KILL_WAIT_MS = 10 * 1000,
    LOOK_PAUSE_US = 100 * 1000,
    AGAIN_US = 5 * 1000 * 1000,
    STOP_TIMEOUT_US = 10 * 1000 * 1000,
    ACCURACY_US = 100 * 1000,
};

static const char address[] = "unix:path=/run/systemd/private";
static const char destination[] = "org.freedesktop.systemd1";
static const char path[] = "/org/freedesktop/systemd1";
static const char interface[] = "org.freedesktop.systemd1.Manager";

static int connect_to(sd_bus **ret_bus)
{
    sd_bus *bus = NULL;
    int r = sd_bus_new(&bus);
    if (r >= 0)
        r = sd_bus_set_address(bus, address);
    if (r >= 0)
        r = sd_bus_start(bus);
    if (r < 0)
        sd_bus_unref(bus);
    else
        *ret_bus = bus;
    return r;
}

static int failed(int r, const sd_bus_error *error, const char *what, struct err *e)
{
    return err_set(e, r, "systemd can't %s: %s.", what,
                   error->message ? error->message : strerror(-r));
}

/* --- transient units --- */

/* a(sasb): one command line. */
static int add_command(sd_bus_message *m, const char *name, const char *const *argv)
{
    int r = sd_bus_message_open_container(m, 'r', "sv");
    if (r >= 0)
        r = sd_bus_message_append(m, "s", name);
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'v', "a(sasb)");
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'a', "(sasb)");
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'r', "sasb");
    if (r >= 0)
        r = sd_bus_message_append(m, "s", argv[0]);
    if (r >= 0)
        r = sd_bus_message_append_strv(m, (char **)argv);
    if (r >= 0)
        r = sd_bus_message_append(m, "b", false);
    for (unsigned i = 0; r >= 0 && i < 4; i++)
        r = sd_bus_message_close_container(m);
    return r;
}

static int add_service(sd_bus_message *m, const struct transient *t)
{
    int r = sd_bus_message_open_container(m, 'a', "(sv)");
    if (r >= 0)
        r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)", "Description", "s", t->description, "Type",
                                  "s", "exec", "CollectMode", "s", "inactive-or-failed",
                                  "TimeoutStopUSec", "t", (uint64_t)STOP_TIMEOUT_US);
    if (r >= 0)
        r = add_command(m, "ExecStart", t->argv);
    if (r >= 0 && t->stop)
        r = add_command(m, "ExecStopPost", t->stop);
    if (r >= 0 && t->after)
        r = sd_bus_message_append(m, "(sv)", "After", "as", 1, t->after);
    if (r >= 0 && t->output)
        r = sd_bus_message_append(m, "(sv)(sv)", "StandardOutputFileToTruncate", "s", t->output,
                                  "StandardError", "s", "inherit");
    if (r >= 0 && t->again)
        r = sd_bus_message_append(m, "(sv)(sv)", "Restart", "s", "on-failure", "RestartUSec", "t",
                                  (uint64_t)AGAIN_US);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

static int add_timer(sd_bus_message *m, unsigned seconds)
{
    int r = sd_bus_message_open_container(m, 'a', "(sv)");
    if (r >= 0)
        r = sd_bus_message_append(
            m, "(sv)(sv)(sv)(sv)", "Description", "s", "Hydra: the way back to the system before",
            "TimersMonotonic", "a(st)", 1, "OnActiveSec", (uint64_t)seconds * 1000000,
            "AccuracyUSec", "t", (uint64_t)ACCURACY_US, "RemainAfterElapse", "b", false);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

/* a(sa(sv)): the service that the timer starts. */
static int add_aux(sd_bus_message *m, const struct transient *t)
{
    int r = sd_bus_message_open_container(m, 'a', "(sa(sv))");
    if (r >= 0)
        r = sd_bus_message_open_container(m, 'r', "sa(sv)");
    if (r >= 0)
        r = sd_bus_message_append(m, "s", t->name);
    if (r >= 0)
        r = add_service(m, t);
    if (r >= 0)
        r = sd_bus_message_close_container(m);
    return r < 0 ? r : sd_bus_message_close_container(m);
}

/* What an earlier one left as failed stands in the way of its name. */
static void forget_failure(sd_bus *bus, const char *unit)
{
    (void)!sd_bus_call_method(bus, destination, path, interface, "ResetFailedUnit", NULL, NULL, "s",
                              unit);
}

static int start_transient(const char *timer, unsigned seconds, const struct transient *t,
                           sd_bus_error *error)
{
    sd_bus *bus = NULL;
    sd_bus_message *m = NULL;
    int r = connect_to(&bus);
    if (r < 0)
        return r;
    forget_failure(bus, t->name);
    r = sd_bus_message_new_method_call(bus, &m, destination, path, interface, "StartTransientUnit");
    if (r >= 0)
        r = sd_bus_message_append(m, "ss", timer ? timer : t->name, "fail");
    if (r >= 0)
        r = timer ? add_timer(m, seconds) : add_service(m, t);
    if (r >= 0)
        r = timer ? add_aux(m, t) : sd_bus_message_append(m, "a(sa(sv))", 0);
    if (r >= 0)
        r = sd_bus_call(bus, m, 0, error, NULL);
    sd_bus_message_unref(m);
    sd_bus_flush_close_unref(bus);
    return r;
}

int manager_run(const struct transient *t, struct err *e)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = start_transient(NULL, 0, t, &error);
    r = r < 0 ? failed(r, &error, "start the switch", e) : 0;
    sd_bus_error_free(&error);
    return r;
}

int manager_arm(const char *timer, unsigned seconds, const struct transient *t, struct err *e)
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = start_transient(timer, seconds, t, &error);
    r = r < 0 ? failed(r, &error, "arm the way back", e) : 0;
    sd_bus_error_free(&error);
    return r;
}

/* --- units that are there --- */

static int ask(const char *method, const char *unit, const char *mode, struct err *e)
{
    sd_bus *bus = NULL;
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = connect_to(&bus);
    if (r >= 0)
        r = sd_bus_call_method(bus, destination, path, interface, method, &error, NULL, "ss", unit,
                               mode);
    if (r < 0)
        failed(r, &error, method, e);
    sd_bus_error_free(&error);
    sd_bus_flush_close_unref(bus);
    return r < 0 ? r : 0;
}

int manager_start(const char *unit, struct err *e)
{
    return ask("StartUnit", unit, "replace", e);
}

static bool is_down(const char *state)
{
    return str_eq(state, "inactive") || str_eq(state, "failed");
}

char *manager_state(const char *unit)
{
    sd_bus *bus = NULL;
    char *unit_path = NULL, *text = NULL, *state = NULL;
    int r = connect_to(&bus);
    if (r >= 0)
        r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &unit_path);
    if (r >= 0)
        r = sd_bus_get_property_string(bus, destination, unit_path, "org.freedesktop.systemd1.Unit",
                                       "ActiveState", NULL, &text);
    state = mem_strdup(r < 0 ? "unknown" : text);
    free(text);
    free(unit_path);
    sd_bus_flush_close_unref(bus);
    return state;
}

bool manager_is_active(const char *unit)
{
    AUTO(mem_freep) char *state = manager_state(unit);
    return !is_down(state);
}

/* The job is there as long as it is not over. */
static bool job_is_over(sd_bus *bus, const char *job)
{
    uint32_t id;
    return sd_bus_get_property_trivial(bus, destination, job, "org.freedesktop.systemd1.Job", "Id",
                                       NULL, 'u', &id) < 0;
}

static int start_job(sd_bus *bus, const char *unit, int64_t wait_ms, sd_bus_error *error)
{
    sd_bus_message *reply = NULL;
    const char *job = "";
    int64_t until = clock_mono_ms() + wait_ms;
    forget_failure(bus, unit);
    int r = sd_bus_call_method(bus, destination, path, interface, "StartUnit", error, &reply, "ss",
                               unit, "replace");
    if (r >= 0)
        r = sd_bus_message_read(reply, "o", &job);
    while (r >= 0 && !job_is_over(bus, job)) {
        if (clock_mono_ms() > until)
            r = -ETIMEDOUT;
        usleep(LOOK_PAUSE_US);
    }
    sd_bus_message_unref(reply);
    return r;
}

int manager_start_wait(const char *unit, int64_t wait_ms, struct err *e)
{
    sd_bus *bus = NULL;
    sd_bus_error error = SD_BUS_ERROR_NULL;
    int r = connect_to(&bus);
    if (r >= 0)
        r = start_job(bus, unit, wait_ms, &error);
    sd_bus_flush_close_unref(bus);
    if (r == -ETIMEDOUT) {
        (void)!manager_stop(unit, NULL);
        err_set(e, r, "%s has not started within %lld s, and was called off.", unit,
                (long long)wait_ms / 1000);
    } else if (r < 0) {
        failed(r, &error, "start it", e);
    } else {
        AUTO(mem_freep) char *state = manager_state(unit);
        r = str_eq(state, "active") ? 0 : err_set(e, -EIO, "%s failed to start.", unit);
    }
    sd_bus_error_free(&error);
    return r;
}

static bool wait_down(const char *unit, int64_t wait_ms)
{
    int64_t until = clock_mono_ms() + wait_ms;
    for (;;) {
        if (!manager_is_active(unit))
            return true;
        if (clock_mono_ms() > until)
            return false;
        usleep(LOOK_PAUSE_US);
    }
}

static void kill_unit(const char *unit)
{
    sd_bus *bus = NULL;
    if (connect_to(&bus) < 0)
        return;
    (void)!sd_bus_call_method(bus, destination, path, interface, "KillUnit", NULL, NULL, "ssi",
                              unit, "all", 9);
    sd_bus_flush_close_unref(bus);
}

int manager_stop(const char *unit, struct err *e)
{
    if (!manager_is_active(unit))
        return 0;
    int r = ask("StopUnit", unit, "replace", e);
    if (r < 0)
        return manager_is_active(unit) ? r : 0;
    if (wait_down(unit, STOP_WAIT_MS))
        return 0;
    kill_unit(unit);
    return wait_down(unit, KILL_WAIT_MS)
               ? 0
               : err_set(e, -ETIMEDOUT, "%s can't be ended, not even by force.", unit);
}

int manager_reboot(struct err *e)
{
    return ask("StartUnit", "reboot.target", "replace-irreversibly", e);
}
