#include "node/root-call.h"

#include "base/clock.h"
#include "node/systemd-private.h"

#include <stdlib.h>

enum {
    ANSWER_LOOK_MS = 500,        /* a signal may be lost while systemd starts itself anew */
    ANSWER_GRACE = 4,            /* looks after its unit ended */
    BUS_WAIT_MS = 2 * 60 * 1000, /* for D-Bus, after it or the agent was started anew */
};

static const char destination[] = "org.freedesktop.systemd1";
static const char manager_path[] = "/org/freedesktop/systemd1";
static const char unit_prefix[] = "/org/freedesktop/systemd1/unit";
static const char manager[] = "org.freedesktop.systemd1.Manager";

struct root_call {
    struct node *node;
    char *unit, *file; /* its name; where the answer will be */
    root_fn *done;
    void *arg;
    sd_bus_slot *match, *call;
    struct loop_timer *look;
    unsigned grace;     /* looks left; 0 = the unit is not known to have ended */
    int64_t waiting_ms; /* since when it waits for D-Bus, to be watched; mono; 0 = it does not */
    bool is_lost;
    char *trouble;
    root_step_fn *on_step; /* NULL */
    char *step;            /* as last told; NULL */
};

static void let_go(struct root_call *c)
{
    c->match = sd_bus_slot_unref(c->match);
    c->call = sd_bus_slot_unref(c->call);
}

static void end(struct root_call *c, const struct root_answer *a, const char *trouble)
{
    loop_timer_free(TAKE(c->look));
    let_go(c);
    c->done(c->arg, a, trouble);
}

static void end_silent(struct root_call *c)
{
    AUTO(mem_freep)
    char *text = mem_printf("hydra-agent-helper ended without an answer; the journal of %s says "
                            "why.",
                            c->unit);
    end(c, NULL, text);
}

static void end_lost(struct root_call *c)
{
    c->is_lost = true;
    end(c, NULL,
        "hydra-agent-helper was at it when the agent lost sight of it, and systemd can't be asked "
        "what became of it; look at the node.");
}

static void tell_step(struct root_call *c, const char *step)
{
    if (!c->on_step || str_eq(c->step, step))
        return;
    mem_set_str(&c->step, step);
    c->on_step(c->arg, step);
}

static void watch(struct root_call *c);

static void on_look(void *arg)
{
    struct root_call *c = arg;
    struct root_answer a = {0};
    if (c->trouble) {
        AUTO(mem_freep) char *text = TAKE(c->trouble);
        end(c, NULL, text);
    } else if (root_answer_read(c->file, &a) >= 0 && a.state != ROOT_RUNNING) {
        end(c, &a, NULL);
    } else if (c->grace && --c->grace == 0) {
        end_silent(c);
    } else {
        if (a.text)
            tell_step(c, a.text);
        if (c->waiting_ms)
            watch(c);
    }
    root_answer_done(&a);
}

static void look_often(struct root_call *c, uint64_t first_ms)
{
    loop_timer_free(c->look);
    c->look = loop_timer_new(c->node->loop, first_ms, ANSWER_LOOK_MS, on_look, c);
}

/* Its end is near: what it wrote is there. */
static void unit_ended(struct root_call *c)
{
    c->grace = ANSWER_GRACE;
    look_often(c, 0);
}

static void fail(struct root_call *c, char *trouble)
{
    mem_free(c->trouble);
    c->trouble = trouble;
    look_often(c, 0);
}

/* --- D-Bus --- */

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    struct root_call *c = arg;
    const char *unit = "";
    (void)error;
    if (sd_bus_message_read(m, "uoss", NULL, NULL, &unit, NULL) >= 0 && str_eq(unit, c->unit))
        unit_ended(c);
    return 0;
}

static char *refusal_of(const struct root_call *c, const sd_bus_error *e)
{
    const char *words = e->message ? e->message : e->name;
    if (sd_bus_error_has_name(e, SD_BUS_ERROR_ACCESS_DENIED) ||
        sd_bus_error_has_name(e, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED))
        return mem_printf("systemd does not let the agent's user start %s (%s). polkit has to be "
                          "installed, with the rule of Hydra's package: docs/nixos.md.",
                          c->unit, words);
    if (sd_bus_error_has_name(e, "org.freedesktop.systemd1.NoSuchUnit"))
        return mem_printf("hydra-agent-helper is not installed on this node: it comes with the "
                          "package hydra-agent, and on NixOS with services.hydra-agent.");
    return mem_printf("systemd refused: %s", words);
}

/* Nobody says no: the connection, or systemd, went away before it answered. */
static bool is_unanswered(sd_bus_message *m)
{
    const sd_bus_error *e = sd_bus_message_get_error(m);
    return sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY) ||
           sd_bus_error_has_name(e, SD_BUS_ERROR_DISCONNECTED);
}

static int on_started(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    struct root_call *c = arg;
    (void)error;
    c->call = sd_bus_slot_unref(c->call);
    if (is_unanswered(m))
        c->waiting_ms = clock_mono_ms();
    else if (sd_bus_message_is_method_error(m, NULL))
        fail(c, refusal_of(c, sd_bus_message_get_error(m)));
    return 0;
}

/* Of a unit that nobody knows any more there is an error, or "inactive". */
static int on_state(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    struct root_call *c = arg;
    const char *state = "";
    (void)error;
    c->call = sd_bus_slot_unref(c->call);
    if (is_unanswered(m))
        c->waiting_ms = clock_mono_ms();
    else if (sd_bus_message_is_method_error(m, NULL) ||
             sd_bus_message_read(m, "v", "s", &state) < 0 ||
             (!str_eq(state, "activating") && !str_eq(state, "active")))
        unit_ended(c);
    return 0;
}

static int listen_for_end(struct root_call *c, sd_bus *sd)
{
    return sd_bus_match_signal_async(sd, &c->match, destination, manager_path, manager,
                                     "JobRemoved", on_job_removed, NULL, c);
}

static int ask_start(struct root_call *c, sd_bus *sd)
{
    int r = listen_for_end(c, sd);
    return r < 0 ? r
                 : sd_bus_call_method_async(sd, &c->call, destination, manager_path, manager,
                                            "StartUnit", on_started, c, "ss", c->unit, "fail");
}

static int ask_state(struct root_call *c, sd_bus *sd)
{
    char *path = NULL;
    int r = listen_for_end(c, sd);
    if (r >= 0)
        r = sd_bus_path_encode(unit_prefix, c->unit, &path);
    if (r >= 0)
        r = sd_bus_call_method_async(sd, &c->call, destination, path,
                                     "org.freedesktop.DBus.Properties", "Get", on_state, c, "ss",
                                     "org.freedesktop.systemd1.Unit", "ActiveState");
    free(path);
    return r;
}

static void watch(struct root_call *c)
{
    struct bus *b = systemd_bus(c->node);
    let_go(c);
    if (b && ask_state(c, bus_sd(b)) >= 0) {
        c->waiting_ms = 0;
        bus_flush(b);
    } else if (clock_mono_ms() - c->waiting_ms > BUS_WAIT_MS) {
        end_lost(c);
    }
}

/* --- life --- */

static struct root_call *new_call(struct node *n, const struct root_request *r, root_fn *done,
                                  void *arg)
{
    struct root_call *c = mem_alloc(sizeof *c);
    *c = (struct root_call){.node = n, .unit = root_request_unit(r), .done = done, .arg = arg};
    c->file = root_answer_file(r);
    return c;
}

struct root_call *root_call_start(struct node *n, const struct root_request *r, root_fn *done,
                                  void *arg)
{
    struct bus *b = systemd_bus(n);
    struct root_call *c = new_call(n, r, done, arg);
    look_often(c, ANSWER_LOOK_MS);
    int status = b ? ask_start(c, bus_sd(b)) : -ENOTCONN;
    if (status >= 0)
        bus_flush(b);
    else
        fail(c, b ? mem_printf("systemd can't be asked: %s.", strerror(-status))
                  : mem_strdup("systemd can't be reached on this node; its source \"systemd\" says "
                               "why."));
    return c;
}

struct root_call *root_call_watch(struct node *n, const struct root_request *r, root_fn *done,
                                  void *arg)
{
    struct root_call *c = new_call(n, r, done, arg);
    c->waiting_ms = clock_mono_ms();
    look_often(c, 0);
    return c;
}

void root_call_bus_lost(struct root_call *c)
{
    if (!c || !c->look) /* it is over */
        return;
    let_go(c);
    if (!c->grace && !c->trouble)
        c->waiting_ms = clock_mono_ms();
}

bool root_call_is_lost(const struct root_call *c)
{
    return c->is_lost;
}

void root_call_on_step(struct root_call *c, root_step_fn *fn)
{
    c->on_step = fn;
}

void root_call_free(struct root_call *c)
{
    if (!c)
        return;
    loop_timer_free(c->look);
    let_go(c);
    mem_free(c->unit);
    mem_free(c->file);
    mem_free(c->trouble);
    mem_free(c->step);
    mem_free(c);
}
