#include "access/access-private.h"

#include "access/network.h"
#include "base/log.h"
#include "base/rand.h"

#include <stdio.h>

/* One try of a password, on its way through the limits. */
struct
try {
    const char *name;  /* normal form; "" for what can't be a user's name */
    const char *actor; /* who is signed in already; "" = nobody */
    const char *address, *via;
    int64_t now;
    char network[NETWORK_KEY_SIZE];
    bool known; /* the account has a live session from this network */
};

static bool has_session_from(struct access *a, const char *user_name, const char *network)
{
    bool found = false;
    char other[NETWORK_KEY_SIZE];
    pthread_rwlock_rdlock(&a->lock);
    for (size_t n = 0; n < a->image->n_credentials && !found; n++) {
        const struct credential *c = &a->image->credentials[n];
        if (c->kind != SUBJECT_SESSION || !str_eq(c->user->name, user_name))
            continue;
        network_key(c->address, other);
        found = str_eq(other, network);
    }
    pthread_rwlock_unlock(&a->lock);
    return found;
}

static void audit_try(struct db *db, const struct try *t, const char *reason)
{
    char detail[64];
    struct err trouble = {0};
    snprintf(detail, sizeof detail, "{\"reason\":\"%s\"}", reason);
    const struct audit_entry entry = {
        .time_ms = t->now,
        .actor = t->actor,
        .via = t->via,
        .address = t->address,
        .action = "login",
        .target = t->name,
        .outcome = "refused",
        .detail = detail,
    };
    /* The answer is no, whether it can be written down or not. */
    if (audit_refused(db, &entry, &trouble) < 0)
        log_debug("access", "refusal not recorded", "error=%s", LOG_Q(trouble.text));
}

static int too_many(struct db *db, const struct try *t, int64_t wait_ms, struct err *e,
                    unsigned *ret_wait_s)
{
    *ret_wait_s = (unsigned)((wait_ms + 999) / 1000);
    audit_try(db, t, "too many tries");
    return err_set(e, -EAGAIN, "Too many wrong passwords. Try again in %u s.", *ret_wait_s);
}

/* Looks at the password. The same work whether there is such a user or not, disabled or not. */
static int look(struct access *a, struct db *db, const struct try *t, const char *password,
                struct err *e, struct user *ret_user, char ret_hash[PASSWORD_HASH_SIZE])
{
    struct user u = {0};
    char hash[PASSWORD_HASH_SIZE] = "";
    int r = user_read(db, "name", t->name, e, &u, hash);
    if (r < 0 && r != -ENOENT)
        return r;
    r = password_verify(a->gate, hash, password);
    if (r == -EAGAIN)
        return err_set(e, r, "Too many passwords are being checked. Try again in a moment.");
    if (r == -ENOMEM)
        return err_set(e, r, "There is not enough memory to check a password (19 MiB).");
    if (r < 0 || u.disabled)
        return err_set(e, -EACCES, "The name or the password is wrong.");
    *ret_user = u;
    str_copy(ret_hash, PASSWORD_HASH_SIZE, hash);
    return 0;
}

static int run_try(struct access *a, struct db *db, struct try *t, const char *password,
                   struct err *e, struct user *ret_user, char ret_hash[PASSWORD_HASH_SIZE],
                   unsigned *ret_wait_s)
{
    network_key(t->address, t->network);
    t->known = has_session_from(a, t->name, t->network);
    int64_t wait = login_limit_try(a->limit, t->name, t->network, t->known, t->now);
    if (wait)
        return too_many(db, t, wait, e, ret_wait_s);
    if (strlen(password) > LIMIT_PASSWORD_MAX)
        password = ""; /* nobody's: wrong, at the usual price */
    int r = look(a, db, t, password, e, ret_user, ret_hash);
    if (r == -EACCES)
        audit_try(db, t, "wrong name or password");
    else
        login_limit_refund(a->limit, t->name, t->network, t->known, t->now);
    if (r == -EAGAIN)
        *ret_wait_s = 1;
    return r;
}

static int verify(struct access *a, struct db *db, const struct login *l, int64_t now_wall_ms,
                  struct err *e, struct user *ret_user, char ret_hash[PASSWORD_HASH_SIZE],
                  unsigned *ret_wait_s)
{
    char name[LIMIT_NAME_MAX + 1] = "";
    if (user_name_normal(l->name, NULL, name) < 0)
        name[0] = 0; /* not recorded either: people type passwords into the wrong field */
    struct try t = {
        .name = name,
        .actor = "",
        .address = l->address ? l->address : "",
        .via = l->via ? l->via : "web",
        .now = now_wall_ms,
    };
    return run_try(a, db, &t, l->password, e, ret_user, ret_hash, ret_wait_s);
}

int access_verify(struct access *a, struct db *db, const struct login *l, int64_t now_wall_ms,
                  struct err *e, struct user *ret_user, unsigned *ret_wait_s)
{
    char hash[PASSWORD_HASH_SIZE];
    return verify(a, db, l, now_wall_ms, e, ret_user, hash, ret_wait_s);
}

int access_password_check(struct access *a, struct db *db, const struct actor *by,
                          const char *user_id, const char *password, struct err *e,
                          unsigned *ret_wait_s)
{
    struct user u, same;
    char hash[PASSWORD_HASH_SIZE];
    if (access_user_get(a, user_id, &u) < 0)
        return err_set(e, -EACCES, "There is no such user.");
    struct try t = {.name = u.name,
                    .actor = by->name,
                    .address = by->address,
                    .via = by->via,
                    .now = by->now_ms};
    return run_try(a, db, &t, password, e, &same, hash, ret_wait_s);
}

/* --- a new session --- */

/* What the password was checked against must still hold: it may have changed, and its sessions
 * ended, while it was hashed. */
static int mark_login(struct db *db, const struct user *u, const char *hash, int64_t now,
                      struct err *e)
{
    int r = db_exec(db, e,
                    "UPDATE users SET last_login_ms = $1 WHERE id = $2 AND disabled = 0 AND "
                    "password_hash = $3",
                    "iss", now, u->id, hash);
    return r == 0 ? err_set(e, -EACCES, "The name or the password is wrong.") : r;
}

static int make_room(struct db *db, const struct user *u, struct err *e)
{
    return db_exec(db, e,
                   "DELETE FROM sessions WHERE user_id = $1 AND id NOT IN (SELECT id FROM sessions "
                   "WHERE user_id = $2 ORDER BY seen_ms DESC, id DESC LIMIT $3)",
                   "ssi", u->id, u->id, (int64_t)LIMIT_SESSIONS_PER_USER - 1);
}

static int insert_session(struct db *db, const struct credential *c, const char *address,
                          const char *agent, struct err *e)
{
    return db_exec(db, e,
                   "INSERT INTO sessions (id, user_id, secret_hash, address, agent, created_ms, "
                   "seen_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                   "sssssiii", c->id, c->user->id, c->secret_hash, address, agent, c->created_ms,
                   c->created_ms, credential_expires(c));
}

/* A peer's text as it may be stored: valid, no longer than what shows it. */
static void copy_text(char *dst, size_t size, const char *text)
{
    str_copy(dst, size, text ? text : "");
    while (*dst && !str_is_utf8(dst, strlen(dst)))
        dst[strlen(dst) - 1] = 0; /* cut in the middle of a character, or no text at all */
}

static int start_session(struct db *db, const struct login *l, const struct actor *by,
                         const struct credential *c, const char *hash, struct err *e)
{
    char address[64], agent[256];
    copy_text(address, sizeof address, l->address);
    copy_text(agent, sizeof agent, l->agent);
    int r = mark_login(db, c->user, hash, by->now_ms, e);
    if (r >= 0)
        r = make_room(db, c->user, e);
    if (r >= 0)
        r = insert_session(db, c, address, agent, e);
    if (r >= 0)
        r = change_record(db, by, "login", c->id, "", e);
    return r;
}

static void new_credential(struct credential *c, const struct user *u, int64_t now,
                           char ret_secret[48])
{
    char id[RAND_ID_SIZE], secret[RAND_SECRET_SIZE];
    *c = (struct credential){.kind = SUBJECT_SESSION, .user = u, .scopes = PERMISSIONS_ALL};
    c->created_ms = now;
    atomic_init(&c->used_ms, now);
    str_copy(c->id, sizeof c->id, rand_id(id));
    str_copy(ret_secret, 48, rand_secret(secret));
    secret_digest(ret_secret, c->secret_hash);
    credential_prepare(c);
}

int access_login(struct access *a, struct db *db, const struct login *l, int64_t now_wall_ms,
                 struct err *e, char ret_secret[48], struct subject *ret_subject,
                 unsigned *ret_wait_s)
{
    struct user u;
    struct credential c;
    char hash[PASSWORD_HASH_SIZE], secret[48];
    int r = verify(a, db, l, now_wall_ms, e, &u, hash, ret_wait_s);
    if (r < 0)
        return r;
    const struct actor by = {u.name, l->via ? l->via : "web", l->address, now_wall_ms};
    new_credential(&c, &u, now_wall_ms, secret);
    r = change_begin(db, &by, e);
    if (r >= 0)
        r = change_end(a, db, start_session(db, l, &by, &c, hash, e), e);
    if (r < 0)
        return r;
    str_copy(ret_secret, sizeof secret, secret);
    credential_subject(&c, ret_subject);
    return 0;
}
