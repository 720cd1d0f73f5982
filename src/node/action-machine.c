/* The machine: reboot and power off, by logind, which asks those who hold it back. */
#include "node/commands-private.h"

#include "node/line.h"
#include "node/systemd-private.h"

enum { MACHINE_MS = 60000 };

static const char destination[] = "org.freedesktop.login1";
static const char manager_path[] = "/org/freedesktop/login1";
static const char manager[] = "org.freedesktop.login1.Manager";

struct machine_action {
    struct action *a;
    sd_bus_slot *call;
    bool asked; /* whatever ends the connection now is the node's going down */
};

static void end_well(struct machine_action *m)
{
    action_end(m->a, OUTCOME_DONE, NULL,
               m->a->command.verb == COMMAND_MACHINE_REBOOT
                   ? "The node is going down, and will be up again."
                   : "The node is powering off.");
}

static void end_refused(struct machine_action *m, const sd_bus_error *e)
{
    bool denied = sd_bus_error_has_name(e, SD_BUS_ERROR_ACCESS_DENIED) ||
                  sd_bus_error_has_name(e, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED);
    bool absent = sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
                  sd_bus_error_has_name(e, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
    const char *words = e->message ? e->message : e->name;
    if (denied)
        action_end(m->a, OUTCOME_FAILED, NULL,
                   "logind does not let the agent's user do this (%s). Run the agent as root, or "
                   "let polkit allow that user org.freedesktop.login1.reboot and power-off: "
                   "docs/actions.md has the rule.",
                   words);
    else if (absent)
        action_end(m->a, OUTCOME_FAILED, NULL,
                   "systemd-logind does not run on this node, so nobody can be asked: %s", words);
    else
        action_end(m->a, OUTCOME_FAILED, NULL, "logind refused: %s", words);
}

static int on_done(sd_bus_message *message, void *arg, sd_bus_error *error)
{
    (void)error;
    struct machine_action *m = arg;
    m->call = sd_bus_slot_unref(m->call);
    if (sd_bus_message_is_method_error(message, NULL) &&
        !sd_bus_message_is_method_error(message, SD_BUS_ERROR_NO_REPLY))
        end_refused(m, sd_bus_message_get_error(message));
    else
        end_well(m);
    return 0;
}

/* Who blocks the shutdown: "NAME: WHY"; NULL = nobody. a(ssssuu): what, who, why, mode, uid, pid.
 */
static char *find_block(sd_bus_message *message)
{
    const char *what, *who, *why, *mode;
    int r = sd_bus_message_enter_container(message, 'a', "(ssssuu)");
    while (r >= 0 && (r = sd_bus_message_read(message, "(ssssuu)", &what, &who, &why, &mode, NULL,
                                              NULL)) > 0) {
        struct str_list whats = {0};
        str_list_split(&whats, what, ':');
        bool blocks = str_starts(mode, "block") && str_list_has(&whats, "shutdown");
        str_list_done(&whats);
        if (!blocks)
            continue;
        AUTO(mem_freep) char *text = mem_printf("%s: %s", who, why);
        return one_line(text, strlen(text));
    }
    return NULL;
}

static int on_inhibitors(sd_bus_message *message, void *arg, sd_bus_error *error)
{
    (void)error;
    struct machine_action *m = arg;
    m->call = sd_bus_slot_unref(m->call);
    if (sd_bus_message_is_method_error(message, NULL)) {
        end_refused(m, sd_bus_message_get_error(message));
        return 0;
    }
    AUTO(mem_freep) char *block = find_block(message);
    bool reboot = m->a->command.verb == COMMAND_MACHINE_REBOOT;
    if (block)
        action_end(m->a, OUTCOME_FAILED, NULL,
                   "Something on the node holds the shutdown back (%s). Nothing was done; wait for "
                   "it, or do it on the node itself.",
                   block);
    else if (sd_bus_call_method_async(sd_bus_message_get_bus(message), &m->call, destination,
                                      manager_path, manager, reboot ? "Reboot" : "PowerOff",
                                      on_done, m, "b", false) < 0)
        action_end(m->a, OUTCOME_FAILED, NULL, "The connection to D-Bus broke off.");
    else
        m->asked = true;
    return 0;
}

static void start(struct action *a)
{
    struct bus *b = systemd_bus(a->node);
    struct machine_action *m = a->state = mem_alloc(sizeof *m);
    m->a = a;
    if (!b) {
        action_end(a, OUTCOME_FAILED, NULL,
                   "D-Bus can't be reached on this node; its source \"systemd\" says why.");
        return;
    }
    action_step(a, "asking who holds it back");
    int r = sd_bus_call_method_async(bus_sd(b), &m->call, destination, manager_path, manager,
                                     "ListInhibitors", on_inhibitors, m, NULL);
    if (r < 0)
        action_end(a, OUTCOME_FAILED, NULL, "logind can't be asked: %s.", strerror(-r));
    else
        bus_flush(b);
}

static void stop(struct action *a)
{
    struct machine_action *m = TAKE(a->state);
    if (m)
        sd_bus_slot_unref(m->call);
    mem_free(m);
}

static void bus_lost(struct action *a)
{
    struct machine_action *m = a->state;
    if (m->asked)
        end_well(m);
    else
        action_end(a, OUTCOME_FAILED, NULL,
                   "The connection to D-Bus broke off before anything was asked for.");
}

const struct action_ops machine_action = {
    .deadline_ms = MACHINE_MS,
    .late = "logind has not answered within a minute; look at the node.",
    .start = start,
    .stop = stop,
    .bus_lost = bus_lost,
};
