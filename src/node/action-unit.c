/* Units: a job of systemd's, and how it ended. */
#include "node/commands-private.h"

#include "node/systemd-private.h"

#include <stdlib.h>

enum {
    UNIT_MS = 5 * 60000,
    SETTLE_MS = 500,       /* a service that fails at once does so after its job is done */
    LIMIT_JOBS_HEARD = 64, /* ended ones, before we know which is ours */
};

static const char destination[] = "org.freedesktop.systemd1";
static const char manager_path[] = "/org/freedesktop/systemd1";
static const char unit_prefix[] = "/org/freedesktop/systemd1/unit";
static const char manager[] = "org.freedesktop.systemd1.Manager";

struct unit_action {
    struct action *a;
    const char *name; /* "nginx.service", of the command */
    sd_bus_slot *match, *call;
    char *job;             /* its path; NULL = not known yet */
    struct str_list heard; /* "PATH RESULT" of jobs that ended before */
    const char *trouble;   /* how the job ended; NULL = well */
    struct loop_timer *settle;
    struct unit *unit; /* as it is after that */
    struct journal_search *search;
    char *failure; /* what is told when the journal was read */
};

/* What is asked for, and what is told of it. */
static const struct {
    const char *method, *doing, *done;
} words[] = {
    [COMMAND_UNIT_START] = {"StartUnit", "starting", "Started"},
    [COMMAND_UNIT_STOP] = {"StopUnit", "stopping", "Stopped"},
    [COMMAND_UNIT_RESTART] = {"RestartUnit", "restarting", "Restarted"},
    [COMMAND_UNIT_RELOAD] = {"ReloadUnit", "reloading", "Reloaded"},
    [COMMAND_UNIT_RESET_FAILED] = {"ResetFailedUnit", "forgetting its failure",
                                   "Its failure is forgotten"},
    [COMMAND_UNIT_MASK] = {"MaskUnitFiles", "masking", "Masked until the next boot"},
    [COMMAND_UNIT_UNMASK] = {"UnmaskUnitFiles", "unmasking", "Unmasked"},
};

static void end_well(struct unit_action *u)
{
    char took[ACTION_TOOK_SIZE];
    struct action *a = u->a;
    action_end(a, OUTCOME_DONE, NULL, "%s in %s.", words[a->command.verb].done,
               action_took(a, took));
}

/* --- what went wrong --- */

static void end_refused(struct unit_action *u, const sd_bus_error *e)
{
    bool denied = sd_bus_error_has_name(e, SD_BUS_ERROR_ACCESS_DENIED) ||
                  sd_bus_error_has_name(e, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED);
    if (denied)
        action_end(u->a, OUTCOME_FAILED, NULL,
                   "systemd does not let the agent's user do this (%s). Run the agent as root, or "
                   "let polkit allow that user org.freedesktop.systemd1.manage-units and "
                   "manage-unit-files: docs/actions.md has the rule.",
                   e->message ? e->message : e->name);
    else
        action_end(u->a, OUTCOME_FAILED, NULL, "systemd refused: %s",
                   e->message ? e->message : e->name);
}

static void on_lines(void *arg, char *lines)
{
    struct unit_action *u = arg;
    u->search = NULL;
    char *text = TAKE(u->failure);
    action_end(u->a, OUTCOME_FAILED, lines, "%s", text);
    mem_free(text);
}

static void end_badly(struct unit_action *u, char *failure)
{
    u->failure = failure;
    if (!u->unit || !*u->unit->invocation) {
        on_lines(u, NULL);
        return;
    }
    struct journal_run run = unit_run(u->unit);
    u->search = journal_tail(u->a->node->loop, u->a->node->settings.journal, &run, on_lines, u);
}

static char *failure_of(const struct unit_action *u)
{
    AUTO(mem_freep) char *why = u->unit ? unit_failure(u->unit) : NULL;
    const char *trouble = u->trouble ? u->trouble : "It runs no more";
    return why ? mem_printf("%s: %s.", trouble, why) : mem_printf("%s.", trouble);
}

static bool runs_badly(const struct unit_action *u)
{
    const struct unit *unit = u->unit;
    return unit && (str_eq(unit->active, "failed") || str_eq(unit->sub, "auto-restart"));
}

/* What runs once and is over is inactive, too. systemd forgets such units at once, and whether
 * their conditions were met. */
static bool is_idle(const struct unit_action *u)
{
    const struct unit *unit = u->unit;
    return unit && str_eq(unit->active, "inactive") && !str_eq(unit->service_type, "oneshot");
}

/* --- the job's end --- */

static void judge(struct unit_action *u)
{
    if (u->trouble || runs_badly(u))
        end_badly(u, failure_of(u));
    else if (is_idle(u))
        end_badly(u, mem_strdup("It does not run: a condition in its unit file (Condition…=) is "
                                "not met, or it ended at once without an error."));
    else
        end_well(u);
}

static int on_properties(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct unit_action *u = arg;
    u->call = sd_bus_slot_unref(u->call);
    if (!sd_bus_message_is_method_error(m, NULL)) {
        u->unit = unit_new(NULL, u->name, "");
        if (unit_read_properties(u->unit, m) < 0) {
            unit_free(TAKE(u->unit));
        }
    }
    judge(u);
    return 0;
}

static void look(void *arg)
{
    struct unit_action *u = arg;
    struct bus *b = systemd_bus(u->a->node);
    char *path = NULL;
    loop_timer_free(TAKE(u->settle));
    int r = sd_bus_path_encode(unit_prefix, u->name, &path);
    if (r >= 0)
        r = sd_bus_call_method_async(bus_sd(b), &u->call, destination, path,
                                     "org.freedesktop.DBus.Properties", "GetAll", on_properties, u,
                                     "s", "");
    free(path);
    if (r < 0)
        judge(u);
    else
        bus_flush(b);
}

static const char *trouble_of(const char *result)
{
    static const struct {
        const char *result, *text;
    } texts[] = {
        {"done", NULL},
        {"failed", "It failed"},
        {"timeout", "It did not come to an end in the time that its unit file allows"},
        {"dependency", "Something that it needs could not be started"},
        {"canceled", "Another request to systemd came in between"},
        {"skipped", "systemd skipped it: in its state it can't be done"},
        {"invalid", "systemd can't do this to it"},
        {"unsupported", "systemd can't do this to such a unit here"},
        {"assert", "An assertion in its unit file (Assert…=) is not met"},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (str_eq(result, texts[i].result))
            return texts[i].text;
    return "systemd gave up";
}

static void take_result(struct unit_action *u, const char *result)
{
    enum command_verb v = u->a->command.verb;
    bool starts = v == COMMAND_UNIT_START || v == COMMAND_UNIT_RESTART;
    u->match = sd_bus_slot_unref(u->match);
    u->trouble = trouble_of(result);
    if (!starts && !u->trouble)
        end_well(u);
    else if (u->trouble)
        look(u);
    else {
        action_step(u->a, "runs; looking whether it stays");
        u->settle = loop_timer_new(u->a->node->loop, SETTLE_MS, 0, look, u);
    }
}

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct unit_action *u = arg;
    const char *job, *result;
    if (sd_bus_message_read(m, "uoss", NULL, &job, NULL, &result) < 0)
        return 0;
    if (!u->job && u->heard.n < LIMIT_JOBS_HEARD)
        str_list_take(&u->heard, mem_printf("%s %s", job, result));
    else if (str_eq(job, u->job))
        take_result(u, result);
    return 0;
}

/* The answer names the job; it may have ended already. */
static void take_job(struct unit_action *u, const char *job)
{
    size_t n = strlen(job);
    u->job = mem_strdup(job);
    for (size_t i = 0; i < u->heard.n; i++)
        if (str_starts(u->heard.v[i], job) && u->heard.v[i][n] == ' ') {
            take_result(u, u->heard.v[i] + n + 1);
            return;
        }
}

static int on_job(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct unit_action *u = arg;
    const char *job;
    u->call = sd_bus_slot_unref(u->call);
    if (sd_bus_message_is_method_error(m, NULL))
        end_refused(u, sd_bus_message_get_error(m));
    else if (sd_bus_message_read(m, "o", &job) < 0)
        action_end(u->a, OUTCOME_FAILED, NULL, "systemd's answer can't be read.");
    else
        take_job(u, job);
    return 0;
}

static int ask_job(struct unit_action *u, sd_bus *sd)
{
    int r = sd_bus_match_signal_async(sd, &u->match, destination, manager_path, manager,
                                      "JobRemoved", on_job_removed, NULL, u);
    return r < 0 ? r
                 : sd_bus_call_method_async(sd, &u->call, destination, manager_path, manager,
                                            words[u->a->command.verb].method, on_job, u, "ss",
                                            u->name, "replace");
}

/* --- what has no job --- */

static int on_done(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct unit_action *u = arg;
    u->call = sd_bus_slot_unref(u->call);
    if (sd_bus_message_is_method_error(m, NULL))
        end_refused(u, sd_bus_message_get_error(m));
    else
        end_well(u);
    return 0;
}

static int ask_reset(struct unit_action *u, sd_bus *sd)
{
    return sd_bus_call_method_async(sd, &u->call, destination, manager_path, manager,
                                    "ResetFailedUnit", on_done, u, "s", u->name);
}

/* A unit file in /etc is stronger than a mask that holds until the next boot. */
static int on_masked(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct unit_action *u = arg;
    const char *state = "";
    u->call = sd_bus_slot_unref(u->call);
    (void)!sd_bus_message_read(m, "s", &state);
    if (sd_bus_message_is_method_error(m, NULL) || str_starts(state, "masked"))
        end_well(u);
    else
        action_end(u->a, OUTCOME_FAILED, NULL,
                   "It is not masked: its unit file in /etc/systemd/system is stronger than a mask "
                   "until the next boot. Disable it on the node itself.");
    return 0;
}

static int on_reloaded(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    struct unit_action *u = arg;
    if (u->a->command.verb != COMMAND_UNIT_MASK)
        return on_done(m, arg, error);
    u->call = sd_bus_slot_unref(u->call);
    if (sd_bus_call_method_async(sd_bus_message_get_bus(m), &u->call, destination, manager_path,
                                 manager, "GetUnitFileState", on_masked, u, "s", u->name) < 0)
        end_well(u);
    return 0;
}

static int on_files(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct unit_action *u = arg;
    sd_bus *sd = sd_bus_message_get_bus(m);
    u->call = sd_bus_slot_unref(u->call);
    if (sd_bus_message_is_method_error(m, NULL))
        end_refused(u, sd_bus_message_get_error(m));
    else if (sd_bus_call_method_async(sd, &u->call, destination, manager_path, manager, "Reload",
                                      on_reloaded, u, NULL) < 0)
        end_well(u); /* systemd looks again at the next occasion */
    return 0;
}

static int ask_mask(struct unit_action *u, sd_bus *sd)
{
    return sd_bus_call_method_async(sd, &u->call, destination, manager_path, manager,
                                    "MaskUnitFiles", on_files, u, "asbb", 1, u->name, true, false);
}

static int ask_unmask(struct unit_action *u, sd_bus *sd, bool runtime,
                      sd_bus_message_handler_t then)
{
    return sd_bus_call_method_async(sd, &u->call, destination, manager_path, manager,
                                    "UnmaskUnitFiles", then, u, "asb", 1, u->name, runtime);
}

/* A mask may be for this boot, or for good. */
static int on_unmasked_once(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    (void)error;
    struct unit_action *u = arg;
    u->call = sd_bus_slot_unref(u->call);
    if (sd_bus_message_is_method_error(m, NULL))
        end_refused(u, sd_bus_message_get_error(m));
    else if (ask_unmask(u, sd_bus_message_get_bus(m), false, on_files) < 0)
        action_end(u->a, OUTCOME_FAILED, NULL, "The connection to systemd broke off.");
    return 0;
}

/* --- life --- */

static int ask(struct unit_action *u, sd_bus *sd)
{
    switch ((int)u->a->command.verb) {
    case COMMAND_UNIT_RESET_FAILED:
        return ask_reset(u, sd);
    case COMMAND_UNIT_MASK:
        return ask_mask(u, sd);
    case COMMAND_UNIT_UNMASK:
        return ask_unmask(u, sd, true, on_unmasked_once);
    default:
        return ask_job(u, sd);
    }
}

/* systemd.unit(5): letters, digits, ":-_.\@", and a known ending. */
static bool is_unit_name(const char *name)
{
    static const char *const endings[] = {".service", ".socket",    ".timer", ".mount",
                                          ".path",    ".target",    ".slice", ".scope",
                                          ".swap",    ".automount", ".device"};
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            ":-_.\\@");
    bool known = false;
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        known = known || str_ends(name, endings[i]);
    return n > 0 && name[n] == 0 && n < UNIT_NAME_SIZE && known;
}

static void start(struct action *a)
{
    struct bus *b = systemd_bus(a->node);
    struct unit_action *u = a->state = mem_alloc(sizeof *u);
    u->a = a;
    u->name = a->command.target + strlen("systemd/");
    if (!str_starts(a->command.target, "systemd/") || !is_unit_name(u->name)) {
        action_end(a, OUTCOME_FAILED, NULL, "%s is no unit: say systemd/NAME.service.",
                   a->command.target);
        return;
    }
    if (!b) {
        action_end(a, OUTCOME_FAILED, NULL,
                   "systemd can't be reached on this node; its source \"systemd\" says why.");
        return;
    }
    action_step(a, "%s", words[a->command.verb].doing);
    int r = ask(u, bus_sd(b));
    if (r < 0)
        action_end(a, OUTCOME_FAILED, NULL, "systemd can't be asked: %s.", strerror(-r));
    else
        bus_flush(b);
}

static void stop(struct action *a)
{
    struct unit_action *u = TAKE(a->state);
    if (!u)
        return;
    sd_bus_slot_unref(u->match);
    sd_bus_slot_unref(u->call);
    loop_timer_free(u->settle);
    journal_cancel(u->search);
    unit_free(u->unit);
    str_list_done(&u->heard);
    mem_free(u->job);
    mem_free(u->failure);
    mem_free(u);
}

static void bus_lost(struct action *a)
{
    const struct unit_action *u = a->state;
    if (!u->search)
        action_end(a, OUTCOME_FAILED, NULL,
                   "The connection to systemd broke off before it told how this ended; look at the "
                   "service.");
}

const struct action_ops unit_action = {
    .deadline_ms = UNIT_MS,
    .late = "systemd has not brought it to an end within 5 minutes; it may go on trying: look at "
            "the service.",
    .start = start,
    .stop = stop,
    .bus_lost = bus_lost,
};
