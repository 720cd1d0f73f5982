/* Passwords: what is acceptable, and Argon2id with a bound on how much runs at once.
 *
 * Parameters after OWASP's password storage cheat sheet (m = 19 MiB, t = 2, p = 1): the most
 * memory-thrifty of its equal choices. Any thread; hashing takes some 30 ms. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum { PASSWORD_HASH_SIZE = 128, LIMIT_USER_NAME = 63 };

/* At most `running` computations at once, `waiting` callers in line; more get -EAGAIN. */
struct password_gate;
struct password_gate *password_gate_new(unsigned running, unsigned waiting);
void password_gate_free(struct password_gate *g);
/* Taken around each computation; tests take it to hold the gate. */
int password_gate_enter(struct password_gate *g) MUST_CHECK;
void password_gate_leave(struct password_gate *g);
struct password_gate_stats {
    uint64_t computed, refused;
    unsigned running, waiting, most_running;
};
struct password_gate_stats password_gate_stats(struct password_gate *g);

/* The text to store: algorithm, parameters, salt and hash. -EAGAIN; -ENOMEM. */
int password_hash(struct password_gate *g, const char *password, struct err *e,
                  char ret_hash[PASSWORD_HASH_SIZE]) MUST_CHECK;
/* 0 right, -EACCES wrong, -EAGAIN, -ENOMEM. `hash` NULL or "" (no such user) costs the same and is
 * wrong. */
int password_verify(struct password_gate *g, const char *hash, const char *password) MUST_CHECK;
const char *password_of_nobody(void); /* the hash that is computed then; for tests */

/* 0, or -EINVAL with what to do: length, not the user's name, not one of the commonest. */
int password_acceptable(const char *password, const char *user_name, struct err *e) MUST_CHECK;

/* Lower case into `ret_name`: a-z, 0-9, '.', '_', '-', a letter or digit first, at most 63, none
 * that the audit log uses for something else. -EINVAL. */
int user_name_normal(const char *name, struct err *e,
                     char ret_name[LIMIT_USER_NAME + 1]) MUST_CHECK;
