/* What the tests of src/access share: a migrated database of the kind under test, an access object
 * on it whose hooks write down what they are told, and short words for what every test does. */
#pragma once

#include "../store/store-test.h"

#include "access/access-private.h"
#include "access/idempotency.h"

#define GOOD_PASSWORD "correct horse battery"

enum { DAY = 24 * 3600 * 1000, T0 = 1000000000 };

struct told {
    pthread_mutex_t lock;
    struct str_list revoked, changed;
};

struct rig {
    struct fixture *f;
    struct access *a;
    struct db *db;
    struct told told;
    int64_t now; /* what by() says */
};

struct rig *rig_new(const bool *postgresql);
void rig_free(struct rig *g);
DEFINE_FREEP(struct rig, rig_free)

struct access_hooks told_hooks(struct told *t);
bool was_revoked(struct told *t, const char *subject_id);
bool was_changed(struct told *t, const char *what);
void forget_told(struct told *t);

struct actor by(const struct rig *g);
struct user add_user(struct rig *g, const char *name, enum role role);
struct subject log_in(struct rig *g, const char *name, char ret_secret[48]);
struct token add_token(struct rig *g, const struct user *u, uint64_t scopes, int64_t expires_ms,
                       char ret_secret[64]);
void refresh(struct rig *g);
void run_sql(struct rig *g, const char *sql);
unsigned audited(struct rig *g, const char *action, const char *outcome);

/* Runs the tests against SQLite, and against PostgreSQL when TEST_POSTGRES_URL is set. */
#define RUN_ON_BOTH(tests)                                                                         \
    (run_on(false, (tests), COUNT_OF(tests)) + run_on(true, (tests), COUNT_OF(tests)))
int run_on(bool postgresql, const struct CMUnitTest *tests, size_t n);
