/* What the files of access.h share. For siblings and tests. */
#pragma once

#include "access/audit.h"
#include "access/image.h"
#include "access/login-limit.h"
#include "access/password.h"

#include <pthread.h>
#include <sodium.h>

struct access {
    struct access_hooks hooks;
    struct password_gate *gate;
    struct login_limit *limit;
    unsigned char digest_key[crypto_shorthash_siphashx24_KEYBYTES];
    char setup_secret[48]; /* "" when there were users at the start */

    /* One reader of the database at a time; taken before `lock`, never while a write may wait. */
    pthread_mutex_t refreshing;
    atomic_llong tidied_ms; /* when what is long over was last deleted */

    pthread_rwlock_t lock; /* guards the pointer: readers hold it while they look */
    struct image *image;
};

/* Reads the image anew if the database's version is another one. */
int access_sync(struct access *a, struct db *db, struct err *e) MUST_CHECK;

/* Tells of sessions and tokens that expired by now; with `refreshing` held. */
void access_tell_expired(struct access *a, int64_t now_wall_ms);
int access_write_used(struct access *a, struct db *db, struct err *e) MUST_CHECK;
/* Deletes what is long over. */
int access_tidy(struct db *db, int64_t now_wall_ms, struct err *e) MUST_CHECK;

/* SHA-256 of a secret, in hex: what is stored and looked up. */
void secret_digest(const char *secret, char ret_hash[SECRET_HASH_SIZE]);

/* --- changes: begin, statements, record, end ---
 *
 * One transaction. Bumping the version first makes changes wait for one another (on PostgreSQL by
 * the row's lock), so that what was checked inside still holds at the end. */
int change_begin(struct db *db, const struct actor *by, struct err *e) MUST_CHECK;
int change_begin_of(struct db *db, const char *version, int64_t now_wall_ms,
                    struct err *e) MUST_CHECK;
/* The audit record; last before change_end(). `detail` is JSON or "". */
int change_record(struct db *db, const struct actor *by, const char *action, const char *target,
                  const char *detail, struct err *e) MUST_CHECK;
/* Commits when `r` >= 0, else rolls back; then brings the image up to date. Returns what became of
 * it: 0 or negative. */
int change_end(struct access *a, struct db *db, int r, struct err *e) MUST_CHECK;
/* The first half of it: what there is to commit, when `r` >= 0. */
int change_commit(struct db *db, int r, struct err *e) MUST_CHECK;

/* Counters in `settings` that tell whether an image is still true. */
#define ACCESS_VERSION "access_version"
#define FLEET_VERSION "fleet_version"
int version_bump(struct db *db, const char *version, int64_t now_wall_ms, struct err *e) MUST_CHECK;
int version_read(struct db *db, const char *version, struct err *e,
                 int64_t *ret_number) MUST_CHECK; /* 0 = nothing was ever changed */

/* One row of USER_COLUMNS and the password's hash. */
int user_read(struct db *db, const char *where_column, const char *value, struct err *e,
              struct user *ret_user, char ret_hash[PASSWORD_HASH_SIZE]) MUST_CHECK;
/* Inside a change: inserts, with `hash` computed before. */
int user_insert(struct db *db, const struct user *u, const char *hash, struct err *e) MUST_CHECK;
/* A new user's fields from what was asked for; name and password checked. */
int user_prepare(struct access *a, const char *name, const char *password, enum role role,
                 int64_t now_wall_ms, struct err *e, struct user *ret_user,
                 char ret_hash[PASSWORD_HASH_SIZE]) MUST_CHECK;
int display_name_check(const char *text, struct err *e) MUST_CHECK;
int preferences_check(const char *text, struct err *e) MUST_CHECK;
