#include "node/policy-private.h"

#include "node/command.h"
#include "node/mount-config.h"

/* A rule of the program's own: its words are separated by blanks. */
struct built_in {
    bool deny;
    const char *verbs, *targets;
};

static const struct built_in usual[] = {
    {false, "unit.start unit.stop unit.restart unit.reload unit.reset-failed", ""},
    {false,
     "container.start container.stop container.restart container.pause container.unpause "
     "project.restart logs",
     ""},
};

/* Who can stop these locks everybody out, Hydra first. Starting the others ends the machine, which
 * machine.reboot and machine.power-off are for with rights of their own, or opens it to anybody: a
 * root shell without a password, its disks on the network, its data gone. */
static const struct built_in fixed[] = {
    {true, "unit.stop unit.mask",
     "hydra-agent.service hydrad.service dbus.service dbus.socket dbus-broker.service "
     "dbus-org.* systemd-* ssh.service ssh.socket sshd.service sshd.socket "
     "NetworkManager.service networking.service *.target *.slice *.scope -.mount"},
    {true, "unit.restart",
     "dbus.service dbus.socket dbus-broker.service dbus-org.* systemd-logind.service *.target "
     "*.slice "
     "*.scope -.mount"},
    {true, "unit.start unit.restart",
     "poweroff.target reboot.target halt.target kexec.target soft-reboot.target shutdown.target "
     "final.target umount.target exit.target emergency.* rescue.* sleep.target suspend*.target "
     "hibernate.target hybrid-sleep.target ctrl-alt-del.target runlevel?.target "
     "systemd-poweroff.service systemd-reboot.service systemd-halt.service "
     "systemd-kexec.service systemd-soft-reboot.service systemd-exit.service "
     "systemd-suspend*.service systemd-hibernate.service systemd-hybrid-sleep.service "
     "systemd-sysupdate-reboot.* sigpwr.target system-update* initrd* "
     "debug-shell.service storage-target-mode.target systemd-storagetm.service "
     "factory-reset* systemd-factory-reset*"},
    /* What the helper does is asked for by other names, with rules of their own. */
    {true, "unit.*",
     "hydra-generation@* hydra-generation-boot* hydra-rollback.* hydra-activate.* "
     "hydra-settle.* hydra-root@*"},
    /* The machine stands on these. */
    {true, "mount.remount",
     "/ /boot /boot/* /dev /dev/* /etc /nix /nix/* /proc /proc/* /run /sys /sys/* /usr /usr/* "
     "/var"},
};

/* --- life --- */

static void add_built_in(struct policy *p, const struct built_in *b, size_t n, bool is_fixed)
{
    for (size_t i = 0; i < n; i++) {
        struct policy_rule *r = vec_add(&p->rules);
        r->deny = b[i].deny;
        r->fixed = is_fixed;
        str_list_split(&r->verbs, b[i].verbs, ' ');
        str_list_split(&r->targets, b[i].targets, ' ');
    }
}

struct policy *policy_new(const char *path)
{
    struct policy *p = mem_alloc(sizeof *p);
    p->path = mem_strdup(path);
    add_built_in(p, fixed, COUNT_OF(fixed), true);
    return p;
}

struct policy *policy_default(void)
{
    struct policy *p = policy_new("");
    add_built_in(p, usual, COUNT_OF(usual), false);
    return p;
}

struct policy *policy_copy(const struct policy *from)
{
    struct policy *p = mem_alloc(sizeof *p);
    p->path = mem_strdup(from->path);
    p->trouble = mem_strdup(from->trouble);
    for (size_t i = 0; i < from->rules.n; i++) {
        const struct policy_rule *rule = &from->rules.v[i];
        struct policy_rule *r = vec_add(&p->rules);
        r->deny = rule->deny;
        r->fixed = rule->fixed;
        str_list_copy(&r->verbs, &rule->verbs);
        str_list_copy(&r->targets, &rule->targets);
    }
    return p;
}

void policy_free(struct policy *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->rules.n; i++) {
        str_list_done(&p->rules.v[i].verbs);
        str_list_done(&p->rules.v[i].targets);
    }
    vec_done(&p->rules);
    mem_free(p->path);
    mem_free(p->trouble);
    mem_free(p);
}

/* --- the verdict --- */

static const char kept[] = "-before-update"; /* what container.update keeps of "NAME" */

static bool names_literally(const char *pattern, const char *target)
{
    const char *slash = strchr(target, '/'), *name = slash ? slash + 1 : target;
    if (strchr(pattern, '/'))
        name = target;
    if (str_glob(pattern, name))
        return true;
    if (!str_ends(name, ".service"))
        return false;
    AUTO(mem_freep) char *bare = mem_strndup(name, strlen(name) - strlen(".service"));
    return str_glob(pattern, bare);
}

static bool names(const char *pattern, const char *target)
{
    if (names_literally(pattern, target))
        return true;
    if (!str_ends(target, kept))
        return false;
    AUTO(mem_freep) char *base = mem_strndup(target, strlen(target) - strlen(kept));
    return names_literally(pattern, base);
}

static bool applies(const struct policy_rule *r, const char *verb, const char *target)
{
    bool about = false, on = r->targets.n == 0;
    for (size_t i = 0; i < r->verbs.n && !about; i++)
        about = str_glob(r->verbs.v[i], verb);
    for (size_t i = 0; about && i < r->targets.n && !on; i++)
        on = names(r->targets.v[i], target);
    return about && on;
}

static const struct policy_rule *find(const struct policy *p, bool deny, const char *verb,
                                      const char *target)
{
    for (size_t i = 0; i < p->rules.n; i++)
        if (p->rules.v[i].deny == deny && applies(&p->rules.v[i], verb, target))
            return &p->rules.v[i];
    return NULL;
}

bool policy_denies(const struct policy *p, const char *verb, const char *target)
{
    return p->trouble || find(p, true, verb, target);
}

int policy_check(const struct policy *p, const char *verb, const char *target, struct err *e)
{
    const char *on = *target ? " on " : "", *path = *p->path ? p->path : POLICY_USUAL_PATH;
    if (p->trouble)
        return err_set(e, -EACCES, "This node allows nothing until its policy is mended: %s",
                       p->trouble);
    const struct policy_rule *deny = find(p, true, verb, target);
    if (deny && deny->fixed)
        return err_set(e, -EACCES,
                       "%s%s%s is never done from here: Hydra or the way into the node needs it. "
                       "Do it on the node itself.",
                       verb, on, target);
    if (deny)
        return err_set(e, -EACCES,
                       "The policy of this node does not allow %s%s%s: it is under deny in %s.",
                       verb, on, target, path);
    if (find(p, false, verb, target))
        return 0;
    return err_set(e, -EACCES,
                   "The policy of this node does not allow %s%s%s: add it to allow in %s.", verb,
                   on, target, path);
}

/* --- what has to be named letter by letter --- */

static int check_named(const struct policy *p, enum command_verb v, const char *what,
                       const char *name, struct err *e)
{
    const char *verb = command_verb_name(v);
    int r = policy_check(p, verb, name, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < p->rules.n; i++) {
        const struct policy_rule *rule = &p->rules.v[i];
        if (!rule->deny && !strpbrk(name, "*?") && applies(rule, verb, name) &&
            str_list_has(&rule->targets, name))
            return 0;
    }
    return err_set(e, -EACCES,
                   "The policy of this node does not name the %s %.200s: add it, letter by letter, "
                   "to allow in %s.",
                   what, name, *p->path ? p->path : POLICY_USUAL_PATH);
}

int policy_check_flake(const struct policy *p, const char *flake, struct err *e)
{
    return check_named(p, COMMAND_GENERATION_REBUILD, "flake", flake, e);
}

int policy_check_mount(const struct policy *p, const char *point, struct err *e)
{
    if (!mount_point_is_valid(point))
        return err_set(e, -EINVAL, "%.200s is no mount point: say it as /mnt/name.", point);
    return check_named(p, COMMAND_MOUNT_REMOUNT, "mount", point, e);
}

/* --- a rename --- */

static bool is_of_containers(const struct policy_rule *r)
{
    for (unsigned v = COMMAND_CONTAINER_START; v <= COMMAND_CONTAINER_TRUNCATE_LOG; v++)
        for (size_t i = 0; i < r->verbs.n; i++)
            if (str_glob(r->verbs.v[i], command_verb_name((enum command_verb)v)))
                return true;
    return false;
}

static bool is_denied_by_name(const struct policy *p, const char *id)
{
    for (size_t i = 0; i < p->rules.n; i++) {
        const struct policy_rule *r = &p->rules.v[i];
        for (size_t k = 0; r->deny && is_of_containers(r) && k < r->targets.n; k++)
            if (names(r->targets.v[k], id))
                return true;
    }
    return false;
}

static bool is_allowed(const struct policy *p, enum command_verb v, const char *id)
{
    return policy_check(p, command_verb_name(v), id, NULL) == 0;
}

int policy_check_rename(const struct policy *p, const char *id, const char *name, struct err *e)
{
    const char *slash = strchr(id, '/');
    AUTO(mem_freep)
    char *to = mem_printf("%.*s%s", slash ? (int)(slash + 1 - id) : 0, id, name);
    if (is_denied_by_name(p, id) || is_denied_by_name(p, to))
        return err_set(e, -EACCES,
                       "The policy of this node denies something for %s by its name: no container "
                       "gets that name or loses it from here.",
                       is_denied_by_name(p, id) ? id : to);
    for (unsigned v = COMMAND_CONTAINER_START; v <= COMMAND_CONTAINER_TRUNCATE_LOG; v++)
        if (is_allowed(p, (enum command_verb)v, to) && !is_allowed(p, (enum command_verb)v, id))
            return err_set(e, -EACCES,
                           "The policy of this node allows %s on %s, but not on %s: a rename would "
                           "get round it.",
                           command_verb_name((enum command_verb)v), to, id);
    return 0;
}
