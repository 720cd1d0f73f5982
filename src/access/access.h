/* Users, sessions, tokens: kept in the database, answered from memory.
 *
 * `struct access` holds an image of the users, sessions and tokens that are alive, so that a
 * request is let in without touching the database; every change is written through first. Another
 * process (hydrad token add) or replica that changes the database is noticed within a second (a
 * version counter in `settings`), an unknown token at once. Functions that take a `struct db *` may
 * block: worker threads. access_peek() does not. Passwords: Argon2id, with a bound on how many run
 * at once (others wait; more than LIMIT_PASSWORD_WAITING are refused: -EAGAIN). */
#pragma once

#include "access/policy.h"
#include "store/store.h"

struct access;

enum {
    LIMIT_PASSWORD_MIN = 10, /* characters */
    LIMIT_PASSWORD_MAX = 1024,
    LIMIT_NAME_MAX = 63,
    LIMIT_SESSIONS_PER_USER = 50, /* the oldest goes */
    LIMIT_TOKENS_PER_USER = 100,
};

struct access_hooks {
    void *arg;
    /* A subject lost its right (logout, revocation, role change, expiry): close its streams. Any
     * thread. */
    void (*revoked)(void *arg, const char *subject_id);
    /* Users, sessions or tokens changed: `what` is "users", "sessions", "tokens". Any thread. */
    void (*changed)(void *arg, const char *what);
};

int access_new(struct store *store, const struct access_hooks *hooks, struct err *e,
               struct access **ret_access) MUST_CHECK;
void access_free(struct access *a);
int access_refresh(struct access *a, struct db *db,
                   struct err *e) MUST_CHECK; /* once a second, on a worker */

/* --- first start
 * -------------------------------------------------------------------------------------------- */
bool access_needs_setup(struct access *a); /* no user yet */
const char *
access_setup_secret(struct access *a); /* made at start when needed; NULL once a user exists */
bool access_setup_matches(struct access *a, const char *secret); /* constant time */

/* --- who is it?
 * -----------------------------------------------------------------------------------------------
 */
/* From memory: fills the subject and returns 0; -ENOENT unknown (ask access_find() on a worker),
 * -EACCES expired. The secret is a session cookie's or token's text. Any thread, does not block. */
int access_peek(struct access *a, const char *secret, int64_t now_wall_ms,
                struct subject *ret_subject) MUST_CHECK;
int access_find(struct access *a, struct db *db, const char *secret, int64_t now_wall_ms,
                struct subject *ret_subject) MUST_CHECK;

struct login {
    const char *name, *password;
    const char *address, *agent; /* the peer's; shown in the session list */
};
/* Checks a password: constant time whether the name exists or not, limits per account and per
 * network (IPv4 /32, IPv6 /64). 0 and the new session's secret; -EACCES wrong; -EAGAIN too many
 * tries, with seconds to wait in *ret_wait_s. */
int access_login(struct access *a, struct db *db, const struct login *l, int64_t now_wall_ms,
                 struct err *e, char ret_secret[48], struct subject *ret_subject,
                 unsigned *ret_wait_s) MUST_CHECK;
int access_logout(struct access *a, struct db *db, const char *session_id,
                  struct err *e) MUST_CHECK;
/* Marks a session as used (at most one write a minute per session). */
void access_touch(struct access *a, const char *session_id, int64_t now_wall_ms);

/* --- users
 * --------------------------------------------------------------------------------------------------
 */
struct user {
    char id[32], name[64], display_name[128];
    enum role role;
    bool disabled;
    int64_t created_ms, last_login_ms;
    char preferences[2048]; /* JSON: theme, temperature unit, time zone */
};
int access_user_add(struct access *a, struct db *db, const char *name, const char *password,
                    enum role role, struct err *e,
                    struct user *ret_user) MUST_CHECK; /* -EEXIST, -EINVAL with what to do */
struct user_change {
    const char *display_name; /* NULL = leave */
    const enum role *role;
    const bool *disabled;
    const char *password;
    const char *preferences;
};
/* The last admin can be neither removed, disabled nor demoted: -EBUSY. A new password or role ends
 * the user's sessions (all but `keep_session`, NULL = all). */
int access_user_change(struct access *a, struct db *db, const char *user_id,
                       const struct user_change *c, const char *keep_session,
                       struct err *e) MUST_CHECK;
int access_user_remove(struct access *a, struct db *db, const char *user_id,
                       struct err *e) MUST_CHECK;
int access_user_get(struct access *a, const char *id_or_name,
                    struct user *ret_user) MUST_CHECK;          /* memory; -ENOENT */
size_t access_users(struct access *a, struct user **ret_users); /* sorted by name; mem_free() */
/* Checks the user's own password (before changing it). 0, -EACCES, -EAGAIN. */
int access_password_check(struct access *a, struct db *db, const char *user_id,
                          const char *password, struct err *e) MUST_CHECK;

/* --- sessions and tokens
 * ------------------------------------------------------------------------------------- */
struct session {
    char id[40], user_id[32], user_name[64], address[64], agent[256];
    int64_t created_ms, seen_ms, expires_ms;
};
size_t access_sessions(struct access *a, const char *user_id /* NULL = all */,
                       struct session **ret_sessions);
int access_session_end(struct access *a, struct db *db, const char *id,
                       struct err *e) MUST_CHECK; /* -ENOENT */

struct token {
    char id[40], user_id[32], user_name[64], name[64],
        prefix[16]; /* prefix: the first characters, to recognise it */
    uint64_t scopes;
    int64_t created_ms, used_ms, expires_ms; /* expires 0 = never */
};
size_t access_tokens(struct access *a, const char *user_id, struct token **ret_tokens);
/* The secret ("hyd_…") is returned once and stored hashed. Scopes beyond the user's role are
 * refused: -EPERM. */
int access_token_add(struct access *a, struct db *db, const char *user_id, const char *name,
                     uint64_t scopes, int64_t expires_ms, struct err *e, char ret_secret[64],
                     struct token *ret_token) MUST_CHECK;
int access_token_remove(struct access *a, struct db *db, const char *id, struct err *e) MUST_CHECK;
