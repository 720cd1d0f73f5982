/* Who may do what: the one place where a right is decided.
 *
 * A permission is a `noun:verb`; a role is a set of them. Pure: no I/O, no clock. */
#pragma once

#include "access/user-limits.h"
#include "base/err.h"
#include "base/str.h"

/* The order is the bit; it is part of no contract (names are). At most 63. */
enum permission {
    PERM_NODES_READ,     /* nodes and their numbers */
    PERM_SERVICES_READ,  /* services, their health and facts */
    PERM_SERVICES_WRITE, /* add, edit, hide, remove manual services and overrides */
    PERM_EVENTS_READ,    /* what happened */
    PERM_EVENTS_WRITE,   /* publish events */
    PERM_PROCESSES_READ, /* command lines of processes */
    PERM_USERS_READ,
    PERM_USERS_WRITE,
    PERM_TOKENS_WRITE,   /* own tokens */
    PERM_TOKENS_ADMIN,   /* everybody's tokens */
    PERM_SESSIONS_ADMIN, /* everybody's sessions */
    PERM_AUDIT_READ,
    PERM_SETTINGS_READ,
    PERM_SETTINGS_WRITE,
    PERM_METRICS_READ,      /* /metrics */
    PERM_NODES_WRITE,       /* add, rename, remove nodes */
    PERM_SERVICE_RESTART,   /* start, stop, restart … what runs on a node */
    PERM_SERVICE_UPDATE,    /* new images, remove, rename, mask */
    PERM_NODE_REBOOT,       /* reboot, power off, wake */
    PERM_PROCESS_SIGNAL,    /* signals to processes */
    PERM_GENERATION_SWITCH, /* switch and roll back NixOS generations */
    PERM_LOGS_READ,         /* logs of services and nodes */
    PERM_NODE_REACH,        /* let nodes ping and connect to hosts */
    PERM_SELF, /* own profile, password, sessions, preferences: every signed-in person */
    PERM_COUNT,
};

/* Every permission there is; as a token's scopes: whatever its user's role allows. */
#define PERMISSIONS_ALL ((1ull << PERM_COUNT) - 1)

const char *permission_name(enum permission p);                            /* "services:write" */
const char *permission_description(enum permission p);                     /* for people */
int permission_parse(const char *name, enum permission *ret_p) MUST_CHECK; /* -ENOENT */
static inline uint64_t permission_bit(enum permission p)
{
    return 1ull << p;
}

/* "services:read,events:write" or "*" to bits; white space around names is ignored. -EINVAL names
 * the unknown one and the nearest; an empty list is -EINVAL too. */
int permissions_parse(const char *text, uint64_t *ret_bits, struct err *e) MUST_CHECK;
void permissions_print(uint64_t bits, struct str *out); /* comma-separated names, in enum order */

enum role { ROLE_ADMIN, ROLE_OPERATOR, ROLE_VIEWER };
enum { ROLE_COUNT = ROLE_VIEWER + 1 };
const char *role_name(enum role r);                            /* "admin" */
int role_parse(const char *name, enum role *ret_r) MUST_CHECK; /* any case; -ENOENT */
uint64_t role_permissions(enum role r);

enum subject_kind {
    SUBJECT_SESSION,
    SUBJECT_TOKEN,
    SUBJECT_LOCAL /* the command line on the machine itself */
};

/* Who asks. Immutable once made. */
struct subject {
    enum subject_kind kind;
    char id[40]; /* of the session or token; what fanout_revoke() names */
    char user_id[32];
    char user_name[64];
    enum role role;
    uint64_t permissions;     /* the role's, for a token cut down to its scopes */
    int64_t expires_wall_ms;  /* 0 = never; a session's slides while it is used */
    int64_t used_wall_ms;     /* when it was last marked as used; 0 = never */
    char limits[LIMITS_SIZE]; /* where it may act; "" = everywhere */
};

/* Whoever has a shell on the machine as hydrad's own user: id and name "local", every right. */
struct subject subject_local(void);

/* The policy function. A right that can be limited (policy_is_limitable()) is one on a resource: of
 * somebody with limits it is allowed only where they fit; without a resource (NULL) it is asked
 * for everywhere, which he is not allowed. Other rights are everywhere or not at all, and whoever
 * has limits has none over the cluster as a whole (users, settings, the audit log). A NULL subject
 * may do nothing. */
bool policy_allows(const struct subject *s, enum permission p, const struct resource *r);
/* The same of all rights at once. */
uint64_t policy_permissions(const struct subject *s, const struct resource *r);
/* Is there anything that the right may be used on? For those who ask about the resource next. */
bool policy_allows_some(const struct subject *s, enum permission p);
bool policy_is_limitable(enum permission p);
/* What is left of a role's rights for a user with these limits. */
uint64_t policy_limited(uint64_t permissions, const char *limits);
