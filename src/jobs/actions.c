#include "jobs/actions.h"

#include <stdio.h>

static const char *kind_prefix(const struct service_look *look)
{
    return look->kind == OBSERVED_CONTAINER ? "container"
           : look->kind == OBSERVED_UNIT    ? "unit"
                                            : "process";
}

static int check_kind(const struct service_look *look, const char *name, struct err *e)
{
    const char *prefix = kind_prefix(look);
    bool project = str_starts(name, "project.");
    if (project && str_is_empty(look->project))
        return err_set(e, -EINVAL, "%s is part of no compose project.", look->name);
    if (!project && (!str_starts(name, prefix) || name[strlen(prefix)] != '.'))
        return err_set(e, -EINVAL, "%s is a %s: %s can't be done to it.", look->name, prefix, name);
    return 0;
}

int action_verb(const struct service_look *look, const char *word, struct err *e,
                enum command_verb *ret_verb)
{
    char name[64];
    if (!*look->node)
        return err_set(e, -EINVAL,
                       "%s was added by hand: Hydra checks it and can't tell what runs it.",
                       look->name);
    if (look->kind == OBSERVED_PROCESS)
        return err_set(e, -EINVAL,
                       "%s is a bare process: nothing manages it that could be told to do that.",
                       look->name);
    if (strchr(word, '.'))
        str_copy(name, sizeof name, word);
    else
        snprintf(name, sizeof name, "%s.%s", kind_prefix(look), word);
    enum command_verb verb;
    if (command_verb_parse(name, &verb) < 0)
        return err_field(e,
                         err_set(e, -EINVAL, "%s is a %s: there is no %.60s for it.", look->name,
                                 kind_prefix(look), name),
                         "verb");
    int r = err_field(e, check_kind(look, name, e), "verb");
    if (r >= 0)
        *ret_verb = verb;
    return r;
}

/* --- what fits --- */

enum { ON = 1, OFF = 2, PAUSED = 4, FAILED = 8, LOOPING = 16, ALWAYS = 31 };

/* In the order in which they are offered. */
static const struct {
    enum command_verb verb;
    unsigned when; /* any of these */
    bool danger;
    const char *effect; /* "%s" is its name */
} offers[] = {
    {COMMAND_UNIT_START, OFF | FAILED, false, "%s will be started."},
    {COMMAND_CONTAINER_START, OFF | FAILED, false, "%s will be started."},
    {COMMAND_CONTAINER_UNPAUSE, PAUSED, false, "%s will run on."},
    {COMMAND_UNIT_STOP, LOOPING, true, "%s will be stopped, and with it the restart loop."},
    {COMMAND_CONTAINER_STOP, LOOPING, true, "%s will be stopped, and with it the restart loop."},
    {COMMAND_UNIT_RESTART, ON | FAILED | LOOPING, false, "%s will be away for a moment."},
    {COMMAND_CONTAINER_RESTART, ON | PAUSED | FAILED | LOOPING, false,
     "%s will be away for a moment."},
    {COMMAND_UNIT_RELOAD, ON, false, "%s will read its settings anew."},
    {COMMAND_UNIT_STOP, ON, true, "%s will be off until somebody starts it."},
    {COMMAND_CONTAINER_STOP, ON | PAUSED, true, "%s will be off until somebody starts it."},
    {COMMAND_UNIT_RESET_FAILED, FAILED | LOOPING, false,
     "systemd will forget that %s failed. Nothing is started."},
    {COMMAND_CONTAINER_UPDATE, ON | OFF | FAILED | LOOPING, false,
     "The newest image is pulled and %s made anew from it; if it does not get well, the old one is "
     "put back."},
    {COMMAND_CONTAINER_PAUSE, ON, false, "%s will stand still, with all it holds in memory."},
    {COMMAND_CONTAINER_KILL, ON | LOOPING, true,
     "%s will be ended at once, without time to save anything."},
    {COMMAND_UNIT_MASK, OFF | FAILED | LOOPING, true,
     "Nothing can start %s until it is unmasked or the machine starts anew."},
    {COMMAND_UNIT_UNMASK, OFF | FAILED, false, "%s can be started again, if it was masked."},
    {COMMAND_CONTAINER_RENAME, ON | OFF | FAILED, false,
     "%s will get another name; others that reach it by name must know."},
    {COMMAND_CONTAINER_REMOVE, OFF | FAILED, true,
     "%s will be removed. Volumes stay; what it kept inside itself is lost."},
};

static unsigned condition_of(const struct service_look *look)
{
    if (look->looping)
        return LOOPING;
    switch (look->run) {
    case RUN_RUNNING:
    case RUN_STARTING:
    case RUN_STOPPING:
        return ON;
    case RUN_STOPPED:
        return OFF;
    case RUN_FAILED:
        return FAILED;
    case RUN_RESTARTING:
        return LOOPING;
    case RUN_PAUSED:
        return PAUSED;
    }
    return ON;
}

static void say_dependents(const struct service_look *look, struct str *out)
{
    enum { SHOWN = 5 };
    size_t n = look->needed_by.n;
    if (!n)
        return;
    str_addf(out, n == 1 ? " 1 service depends on it: " : " %zu services depend on it: ", n);
    for (size_t i = 0; i < n && i < SHOWN; i++)
        str_addf(out, "%s%s", i ? ", " : "", look->needed_by.v[i]);
    if (n > SHOWN)
        str_addf(out, " and %zu more", n - SHOWN);
    str_add_char(out, '.');
}

static void print_action(struct jw *w, enum command_verb verb, const char *label, bool danger,
                         const char *why, const char *confirm)
{
    jw_object(w);
    jw_key_str(w, "verb", command_verb_name(verb));
    jw_key_str(w, "label", label);
    jw_key_str(w, "permission", permission_name(verb_permission(verb)));
    jw_key_bool(w, "allowed", !why);
    jw_key_str(w, "why", why);
    jw_key_bool(w, "danger", danger);
    jw_key_str(w, "confirm", confirm);
    jw_end_object(w);
}

static bool may(uint64_t permissions, enum command_verb verb)
{
    return permissions & permission_bit(verb_permission(verb));
}

static const char *short_label(enum command_verb v)
{
    return v == COMMAND_UNIT_RESET_FAILED ? "Reset failure" : verb_label(v);
}

static void print_effect(const char *effect, const char *name, struct str *out)
{
    const char *at = strstr(effect, "%s");
    str_add_n(out, effect, (size_t)(at - effect));
    str_addf(out, "%s%s", name, at + 2);
}

/* A node as it stands to commands. */
struct taker {
    char *away;                  /* why it gets none; NULL = it is there */
    const struct policy *policy; /* NULL = not told yet */
};

/* NULL = it can be done. The text lasts as long as `e` and `t`. */
static const char *why_not(const struct taker *t, enum command_verb verb, const char *target,
                           struct err *e)
{
    if (t->away)
        return t->away;
    return t->policy && policy_check(t->policy, command_verb_name(verb), target, e) < 0 ? e->text
                                                                                        : NULL;
}

static void print_for_service(const struct service_look *look, uint64_t permissions,
                              const struct taker *t, struct jw *w)
{
    unsigned now = condition_of(look);
    size_t prefix = strlen(kind_prefix(look));
    for (size_t i = 0; i < COUNT_OF(offers); i++) {
        const char *name = command_verb_name(offers[i].verb);
        if (!(offers[i].when & now) || !may(permissions, offers[i].verb) ||
            strncmp(name, kind_prefix(look), prefix) != 0)
            continue;
        struct str confirm = {0};
        struct err e = {0};
        print_effect(offers[i].effect, look->name, &confirm);
        if (verb_interrupts(offers[i].verb))
            say_dependents(look, &confirm);
        print_action(w, offers[i].verb, short_label(offers[i].verb), offers[i].danger,
                     why_not(t, offers[i].verb, look->observed, &e), str_text(&confirm));
        str_done(&confirm);
    }
}

static void print_for_node(const char *node, const struct node_look *look, uint64_t permissions,
                           const struct taker *t, struct jw *w)
{
    static const struct {
        enum command_verb verb;
        const char *effect;
    } both[] = {{COMMAND_MACHINE_REBOOT, "will be away for some minutes"},
                {COMMAND_MACHINE_POWER_OFF, "will be off until somebody switches it on"}};
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        if (!may(permissions, both[i].verb))
            continue;
        struct err e = {0};
        AUTO(mem_freep)
        char *confirm = mem_printf("%s %s, and with it the %u services on it.", node,
                                   both[i].effect, look->services);
        print_action(w, both[i].verb, verb_label(both[i].verb), true,
                     why_not(t, both[i].verb, "", &e), confirm);
    }
}

static struct taker taker_of(struct cluster *c, const struct jobs *j, const char *node)
{
    struct node_look look;
    bool away = cluster_look_node(c, node, NULL, &look) >= 0 && look.away;
    return (struct taker){.away = away ? mem_printf("%s is away.", node) : NULL,
                          .policy = j ? jobs_policy(j, node) : NULL};
}

int actions_print(struct cluster *c, const struct jobs *j, const char *id, uint64_t permissions,
                  int64_t mono_ms, struct jw *w, struct err *e)
{
    struct node_look node;
    struct service_look service = {0};
    bool is_node = cluster_look_node(c, id, NULL, &node) >= 0;
    int r = is_node ? 0 : cluster_look(c, id, mono_ms, e, &service);
    if (r < 0)
        return err_set(e, r, "There is no service or node with the id %.200s.", id);
    struct taker t = taker_of(c, j, is_node ? id : service.node);
    jw_object(w);
    jw_key(w, "actions");
    jw_array(w);
    if (is_node)
        print_for_node(id, &node, permissions, &t, w);
    else if (*service.node && service.kind != OBSERVED_PROCESS)
        print_for_service(&service, permissions, &t, w);
    jw_end_array(w);
    jw_end_object(w);
    service_look_done(&service);
    mem_free(t.away);
    return 0;
}
