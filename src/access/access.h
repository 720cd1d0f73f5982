/* Users, sessions, tokens: kept in the database, answered from memory.
 *
 * `struct access` holds an image of the users, sessions and tokens that are alive, so that a
 * request is let in without touching the database; every change is written to the database first,
 * then the image is read anew. Another process (hydrad token add) or replica that changes the
 * database is noticed within a second (a version counter in `settings`), an unknown token at once.
 * While the database is away the image goes on answering.
 *
 * Functions that take a `struct db *` may block: worker threads; none of them may be called inside
 * an open transaction. Those that don't never block on I/O: any thread. Every change writes its
 * record to the audit log in the transaction that makes it; the caller audits only what it refuses
 * by itself (audit_refused() in audit.h). Passwords: Argon2id, with a bound on how many run at once
 * (others wait; more than LIMIT_PASSWORD_WAITING are refused: -EAGAIN). */
#pragma once

#include "access/policy.h"
#include "store/store.h"

struct access;
struct user;

enum {
    LIMIT_PASSWORD_MIN = 10, /* characters */
    LIMIT_PASSWORD_MAX = 1024,
    LIMIT_PASSWORD_RUNNING = 2, /* Argon2 computations at once, 19 MiB each */
    LIMIT_PASSWORD_WAITING = 4,
    LIMIT_NAME_MAX = 63,
    LIMIT_SESSIONS_PER_USER = 50, /* the oldest goes */
    LIMIT_TOKENS_PER_USER = 100,
    LIMIT_SESSION_IDLE_DAYS = 30, /* unused for so long: ended */
    LIMIT_SESSION_DAYS = 90,      /* however much it is used */
    LIMIT_TOKEN_KEPT_DAYS = 30,   /* an expired token stays in the list for so long */
};

struct access_hooks {
    void *arg;
    /* A subject lost its rights or they changed (logout, revocation, role change, expiry): close
     * its streams. Any thread. */
    void (*revoked)(void *arg, const char *subject_id);
    /* Users, sessions or tokens changed: `what` is "users", "sessions", "tokens". Any thread. */
    void (*changed)(void *arg, const char *what);
};

/* `hooks` (may be NULL) is copied. The hooks may not call back into functions that take a db. */
int access_new(struct store *store, const struct access_hooks *hooks, struct err *e,
               struct access **ret_access) MUST_CHECK;
void access_free(struct access *a);
DEFINE_FREEP(struct access, access_free)

/* Once a second, on a worker: notices changes made elsewhere, ends what expired, writes when
 * sessions and tokens were last used. */
int access_refresh(struct access *a, struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;

/* Who makes a change, from where, when: what the audit log says of it. */
struct actor {
    const char *name;    /* user name, or "local" */
    const char *via;     /* "web", "cli", "api", "local" */
    const char *address; /* the peer's, without port; "" when local */
    int64_t now_ms;      /* wall */
};

/* --- first start --- */
bool access_needs_setup(struct access *a); /* no user yet */
const char *
access_setup_secret(struct access *a); /* made at start when needed; NULL once a user exists */
bool access_setup_matches(struct access *a, const char *secret); /* constant time */
/* Makes the first user, an admin. -EACCES wrong secret, -EEXIST somebody was faster, -EINVAL name
 * or password with what to do. Then sign in with access_login(). */
struct setup {
    const char *secret, *name, *password;
    const char *display_name; /* NULL = the name */
    const char *via, *address;
};
int access_setup(struct access *a, struct db *db, const struct setup *s, int64_t now_wall_ms,
                 struct err *e, struct user *ret_user) MUST_CHECK;

/* --- who is it? --- */
/* From memory: fills the subject and returns 0; -ENOENT unknown (ask access_find() on a worker),
 * -EACCES expired or its user disabled. The secret is a session cookie's or token's text. Any
 * thread, does not block. */
int access_peek(struct access *a, const char *secret, int64_t now_wall_ms,
                struct subject *ret_subject) MUST_CHECK;
/* The same, having looked whether the database changed. Also fails as the database does. */
int access_find(struct access *a, struct db *db, const char *secret, int64_t now_wall_ms,
                struct subject *ret_subject) MUST_CHECK;
/* What a user may do by now in person, or with a token of theirs ("" = none), by ids. From memory.
 * -ENOENT: there is no such user, or token of the user's; -EACCES: disabled, or expired. */
int access_subject(struct access *a, const char *user_id, const char *token_id, int64_t now_wall_ms,
                   struct subject *ret_subject) MUST_CHECK;
/* Marks a session or token as used, by subject id. In memory; access_refresh() writes it at most
 * once a minute for each. */
void access_touch(struct access *a, const char *subject_id, int64_t now_wall_ms);

struct login {
    const char *name, *password;
    const char *address, *agent; /* the peer's; shown in the session list */
    const char *via;             /* for the audit log; NULL = "web" */
};
/* Checks a name and password: the same work whether the name exists or not, limits per account and
 * per network (IPv4 /32, IPv6 /64). 0; -EACCES wrong; -EAGAIN too many tries, with seconds to wait
 * in *ret_wait_s. Wrong ones are audited. */
int access_verify(struct access *a, struct db *db, const struct login *l, int64_t now_wall_ms,
                  struct err *e, struct user *ret_user, unsigned *ret_wait_s) MUST_CHECK;
/* access_verify() and a new session: its secret and subject. */
int access_login(struct access *a, struct db *db, const struct login *l, int64_t now_wall_ms,
                 struct err *e, char ret_secret[48], struct subject *ret_subject,
                 unsigned *ret_wait_s) MUST_CHECK;
/* Checks a signed-in user's own password (before changing it): the limits of access_verify(). */
int access_password_check(struct access *a, struct db *db, const struct actor *by,
                          const char *user_id, const char *password, struct err *e,
                          unsigned *ret_wait_s) MUST_CHECK;

/* --- users --- */
struct user {
    char id[32], name[64], display_name[128];
    enum role role;
    bool disabled;
    int64_t created_ms, last_login_ms; /* 0 = never */
    char preferences[2048];   /* JSON object: theme, temperature unit, time zone; "{}" at first */
    char limits[LIMITS_SIZE]; /* where they may act; "" = everywhere */
};
/* Names are lower case (capitals are lowered): a-z, 0-9, '.', '_', '-', a letter or digit first.
 * -EEXIST, -EINVAL with what to do. `limits` NULL = none. */
int access_user_add(struct access *a, struct db *db, const struct actor *by, const char *name,
                    const char *password, enum role role, const char *limits, struct err *e,
                    struct user *ret_user) MUST_CHECK;
struct user_change {
    const char *display_name; /* NULL = leave */
    const enum role *role;
    const bool *disabled;
    const char *password;
    const char *preferences;
    const char *limits; /* "" = none any more */
};
/* The last enabled admin can be neither removed, disabled nor demoted: -EBUSY. A new password,
 * role or limit, or being disabled, ends the user's sessions (all but `keep_session`, NULL = all).
 */
int access_user_change(struct access *a, struct db *db, const struct actor *by, const char *user_id,
                       const struct user_change *c, const char *keep_session,
                       struct err *e) MUST_CHECK;
int access_user_remove(struct access *a, struct db *db, const struct actor *by, const char *user_id,
                       struct err *e) MUST_CHECK;
int access_user_get(struct access *a, const char *id_or_name,
                    struct user *ret_user) MUST_CHECK;          /* memory; -ENOENT */
size_t access_users(struct access *a, struct user **ret_users); /* sorted by name; mem_free() */

/* --- sessions and tokens --- */
struct session {
    char id[40], user_id[32], user_name[64], address[64], agent[256];
    int64_t created_ms, seen_ms, expires_ms;
};
/* Newest first; mem_free(). `user_id` NULL = all. */
size_t access_sessions(struct access *a, const char *user_id, struct session **ret_sessions);
/* -ENOENT. The owner is the caller's to check: access_session_get(). */
int access_session_end(struct access *a, struct db *db, const struct actor *by, const char *id,
                       struct err *e) MUST_CHECK;
int access_session_get(struct access *a, const char *id,
                       struct session *ret_session) MUST_CHECK; /* memory; -ENOENT */
/* access_session_end() of one's own; 0 also when it had ended already. */
int access_logout(struct access *a, struct db *db, const struct actor *by, const char *session_id,
                  struct err *e) MUST_CHECK;

struct token {
    char id[40], user_id[32], user_name[64], name[64],
        prefix[16]; /* prefix: the first characters, to recognise it */
    uint64_t scopes;
    int64_t created_ms, used_ms, expires_ms; /* used 0 = never; expires 0 = never */
};
/* Newest first; mem_free(). `user_id` NULL = all. */
size_t access_tokens(struct access *a, const char *user_id, struct token **ret_tokens);
/* The secret ("hyd_…") is returned once and stored hashed. Scopes beyond the user's role are
 * refused: -EPERM; PERMISSIONS_ALL means whatever the role allows at the time of use. -EINVAL,
 * -ENOENT no such user. */
int access_token_add(struct access *a, struct db *db, const struct actor *by, const char *user_id,
                     const char *name, uint64_t scopes, int64_t expires_ms, struct err *e,
                     char ret_secret[64], struct token *ret_token) MUST_CHECK;
int access_token_remove(struct access *a, struct db *db, const struct actor *by, const char *id,
                        struct err *e) MUST_CHECK;
int access_token_get(struct access *a, const char *id,
                     struct token *ret_token) MUST_CHECK; /* memory; -ENOENT */
