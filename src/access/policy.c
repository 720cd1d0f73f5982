#include "access/policy.h"

#include <assert.h>

#define BIT(p) (1ull << (p))

_Static_assert(PERM_COUNT < 64, "a set of permissions is one word");

static const struct {
    const char *name, *description;
} permissions[PERM_COUNT] = {
    [PERM_NODES_READ] = {"nodes:read", "See nodes and their numbers"},
    [PERM_SERVICES_READ] = {"services:read", "See services, their health and facts"},
    [PERM_SERVICES_WRITE] = {"services:write", "Add, edit, hide, check and remove services"},
    [PERM_EVENTS_READ] = {"events:read", "See what happened"},
    [PERM_EVENTS_WRITE] = {"events:write", "Publish events"},
    [PERM_PROCESSES_READ] = {"processes:read", "See processes and their command lines"},
    [PERM_USERS_READ] = {"users:read", "See who has access"},
    [PERM_USERS_WRITE] = {"users:write", "Add, change, disable and remove users"},
    [PERM_TOKENS_WRITE] = {"tokens:write", "Make and revoke one's own API tokens"},
    [PERM_TOKENS_ADMIN] = {"tokens:admin", "See and revoke everybody's API tokens"},
    [PERM_SESSIONS_ADMIN] = {"sessions:admin", "See and end everybody's sessions"},
    [PERM_AUDIT_READ] = {"audit:read", "Read, download and verify the audit log"},
    [PERM_SETTINGS_READ] = {"settings:read", "See how Hydra is set up and how it is doing"},
    [PERM_SETTINGS_WRITE] = {"settings:write", "Change how Hydra is set up"},
    [PERM_METRICS_READ] = {"metrics:read", "Read metrics in Prometheus form"},
    [PERM_NODES_WRITE] = {"nodes:write", "Add and remove nodes"},
    [PERM_SERVICE_RESTART] = {"service:restart", "Start, stop and restart services"},
    [PERM_SERVICE_UPDATE] = {"service:update", "Update, rename, remove and mask services"},
    [PERM_NODE_REBOOT] = {"node:reboot", "Reboot, power off and wake nodes"},
    [PERM_PROCESS_SIGNAL] = {"process:signal", "Send signals to processes"},
    [PERM_GENERATION_SWITCH] = {"generation:switch", "Switch and roll back NixOS generations"},
    [PERM_LOGS_READ] = {"logs:read", "Read the logs of services and nodes"},
    [PERM_NODE_REACH] = {"node:reach", "Let nodes ping hosts and try ports"},
    [PERM_SELF] = {"self:write", "One's own profile, password, sessions and preferences"},
};

/* Command lines can carry secrets: reading processes is not for viewers. */
static const uint64_t viewer_permissions = BIT(PERM_NODES_READ) | BIT(PERM_SERVICES_READ) |
                                           BIT(PERM_EVENTS_READ) | BIT(PERM_METRICS_READ) |
                                           BIT(PERM_TOKENS_WRITE) | BIT(PERM_SELF);
static const uint64_t operator_permissions = BIT(PERM_SERVICES_WRITE) | BIT(PERM_EVENTS_WRITE) |
                                             BIT(PERM_PROCESSES_READ) | BIT(PERM_SETTINGS_READ) |
                                             BIT(PERM_SERVICE_RESTART) | BIT(PERM_LOGS_READ) |
                                             BIT(PERM_NODE_REACH);

/* What is done to one thing, or tells of it what not everybody sees. */
static const uint64_t limitable = BIT(PERM_SERVICES_WRITE) | BIT(PERM_PROCESSES_READ) |
                                  BIT(PERM_NODES_WRITE) | BIT(PERM_SERVICE_RESTART) |
                                  BIT(PERM_SERVICE_UPDATE) | BIT(PERM_NODE_REBOOT) |
                                  BIT(PERM_PROCESS_SIGNAL) | BIT(PERM_GENERATION_SWITCH) |
                                  BIT(PERM_LOGS_READ) | BIT(PERM_NODE_REACH);
/* With these one could lift one's own limits, or reach around them. */
static const uint64_t of_the_whole =
    BIT(PERM_EVENTS_WRITE) | BIT(PERM_USERS_READ) | BIT(PERM_USERS_WRITE) | BIT(PERM_TOKENS_ADMIN) |
    BIT(PERM_SESSIONS_ADMIN) | BIT(PERM_AUDIT_READ) | BIT(PERM_SETTINGS_WRITE);

const char *permission_name(enum permission p)
{
    assert(p < PERM_COUNT);
    return permissions[p].name;
}

const char *permission_description(enum permission p)
{
    assert(p < PERM_COUNT);
    return permissions[p].description;
}

int permission_parse(const char *name, enum permission *ret_p)
{
    for (unsigned p = 0; p < PERM_COUNT; p++) {
        if (str_eq(name, permissions[p].name)) {
            *ret_p = (enum permission)p;
            return 0;
        }
    }
    return -ENOENT;
}

static int unknown_permission(const char *name, struct err *e)
{
    const char *names[PERM_COUNT + 1] = {0};
    for (unsigned p = 0; p < PERM_COUNT; p++)
        names[p] = permissions[p].name;
    const char *near = str_nearest(name, names);
    if (near)
        return err_set(e, -EINVAL, "There is no permission \"%s\". Did you mean \"%s\"?", name,
                       near);
    return err_set(e, -EINVAL, "There is no permission \"%s\". Permissions look like \"%s\".", name,
                   permissions[PERM_SERVICES_READ].name);
}

static int add_permission(const char *name, uint64_t *bits, struct err *e)
{
    enum permission p;
    if (str_eq(name, "*")) {
        *bits |= PERMISSIONS_ALL;
        return 0;
    }
    if (permission_parse(name, &p) < 0)
        return unknown_permission(name, e);
    *bits |= permission_bit(p);
    return 0;
}

int permissions_parse(const char *text, uint64_t *ret_bits, struct err *e)
{
    struct str_list names = {0};
    str_list_split(&names, text ? text : "", ',');
    uint64_t bits = 0;
    int r = 0;
    for (size_t i = 0; i < names.n && r == 0; i++)
        r = add_permission(names.v[i], &bits, e);
    str_list_done(&names);
    if (r < 0)
        return r;
    if (!bits)
        return err_set(e, -EINVAL, "Name at least one permission, or \"*\" for all of the role's.");
    *ret_bits = bits;
    return 0;
}

void permissions_print(uint64_t bits, struct str *out)
{
    bool first = true;
    for (unsigned p = 0; p < PERM_COUNT; p++) {
        if (!(bits & BIT(p)))
            continue;
        if (!first)
            str_add_char(out, ',');
        str_add(out, permissions[p].name);
        first = false;
    }
}

static const char *const roles[ROLE_COUNT] = {
    [ROLE_ADMIN] = "admin",
    [ROLE_OPERATOR] = "operator",
    [ROLE_VIEWER] = "viewer",
};

const char *role_name(enum role r)
{
    assert((unsigned)r < ROLE_COUNT);
    return roles[r];
}

int role_parse(const char *name, enum role *ret_r)
{
    for (unsigned r = 0; name && r < ROLE_COUNT; r++) {
        if (str_eq_nocase(name, roles[r])) {
            *ret_r = (enum role)r;
            return 0;
        }
    }
    return -ENOENT;
}

uint64_t role_permissions(enum role r)
{
    switch (r) {
    case ROLE_ADMIN:
        return PERMISSIONS_ALL;
    case ROLE_OPERATOR:
        return viewer_permissions | operator_permissions;
    case ROLE_VIEWER:
        return viewer_permissions;
    }
    return 0; /* default-deny for what is no role */
}

struct subject subject_local(void)
{
    return (struct subject){
        .kind = SUBJECT_LOCAL,
        .id = "local",
        .user_id = "local",
        .user_name = "local",
        .role = ROLE_ADMIN,
        .permissions = PERMISSIONS_ALL,
    };
}

bool policy_is_limitable(enum permission p)
{
    return p < PERM_COUNT && (limitable & permission_bit(p)) != 0;
}

uint64_t policy_limited(uint64_t bits, const char *limits)
{
    return *limits ? bits & ~of_the_whole : bits;
}

uint64_t policy_permissions(const struct subject *s, const struct resource *r)
{
    if (!s)
        return 0;
    return limits_fit(s->limits, r) ? s->permissions : s->permissions & ~limitable;
}

bool policy_allows(const struct subject *s, enum permission p, const struct resource *r)
{
    return p < PERM_COUNT && (policy_permissions(s, r) & permission_bit(p)) != 0;
}

bool policy_allows_some(const struct subject *s, enum permission p)
{
    return s && p < PERM_COUNT && (s->permissions & permission_bit(p)) != 0;
}
