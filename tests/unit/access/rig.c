#include "rig.h"

#include <stdlib.h>

static void on_revoked(void *arg, const char *subject_id)
{
    struct told *t = arg;
    pthread_mutex_lock(&t->lock);
    str_list_add(&t->revoked, subject_id);
    pthread_mutex_unlock(&t->lock);
}

static void on_changed(void *arg, const char *what)
{
    struct told *t = arg;
    pthread_mutex_lock(&t->lock);
    str_list_add(&t->changed, what);
    pthread_mutex_unlock(&t->lock);
}

struct access_hooks told_hooks(struct told *t)
{
    return (struct access_hooks){.arg = t, .revoked = on_revoked, .changed = on_changed};
}

bool was_revoked(struct told *t, const char *subject_id)
{
    return str_list_has(&t->revoked, subject_id);
}

bool was_changed(struct told *t, const char *what)
{
    return str_list_has(&t->changed, what);
}

void forget_told(struct told *t)
{
    str_list_done(&t->revoked);
    str_list_done(&t->changed);
}

struct rig *rig_new(const bool *postgresql)
{
    struct rig *g = mem_alloc(sizeof *g);
    struct err e = {0};
    g->now = T0;
    g->f = fixture_new(*postgresql, true);
    pthread_mutex_init(&g->told.lock, NULL);
    struct access_hooks hooks = told_hooks(&g->told);
    must(access_new(g->f->store, &hooks, &e, &g->a), &e);
    must(store_take(g->f->store, &e, &g->db), &e);
    return g;
}

void rig_free(struct rig *g)
{
    if (!g)
        return;
    store_give(g->db);
    access_free(g->a);
    fixture_free(g->f);
    forget_told(&g->told);
    pthread_mutex_destroy(&g->told.lock);
    mem_free(g);
}

struct actor by(const struct rig *g)
{
    return (struct actor){"boss", "web", "192.0.2.1", g->now};
}

struct user add_user(struct rig *g, const char *name, enum role role)
{
    struct err e = {0};
    struct user u;
    struct actor actor = by(g);
    must(access_user_add(g->a, g->db, &actor, name, GOOD_PASSWORD, role, NULL, &e, &u), &e);
    return u;
}

struct subject log_in(struct rig *g, const char *name, char ret_secret[48])
{
    struct err e = {0};
    struct subject s;
    unsigned wait = 0;
    const struct login l = {name, GOOD_PASSWORD, "192.0.2.1", "test/1.0", "web"};
    must(access_login(g->a, g->db, &l, g->now, &e, ret_secret, &s, &wait), &e);
    return s;
}

struct token add_token(struct rig *g, const struct user *u, uint64_t scopes, int64_t expires_ms,
                       char ret_secret[64])
{
    struct err e = {0};
    struct token t;
    struct actor actor = by(g);
    must(access_token_add(g->a, g->db, &actor, u->id, "test", scopes, expires_ms, &e, ret_secret,
                          &t),
         &e);
    return t;
}

void refresh(struct rig *g)
{
    struct err e = {0};
    must(access_refresh(g->a, g->db, g->now, &e), &e);
}

void run_sql(struct rig *g, const char *sql)
{
    struct err e = {0};
    must(db_exec(g->db, &e, sql, ""), &e);
}

static bool count_one(void *arg, const struct audit_entry *entry)
{
    (void)entry;
    ++*(unsigned *)arg;
    return true;
}

unsigned audited(struct rig *g, const char *action, const char *outcome)
{
    struct err e = {0};
    unsigned n = 0;
    const struct audit_filter f = {.action = action, .outcome = outcome};
    must(audit_read(g->db, &f, count_one, &n, &e), &e);
    return n;
}

int run_on(bool postgresql, const struct CMUnitTest *tests, size_t n)
{
    static bool kinds[] = {false, true};
    struct CMUnitTest *mine = mem_dup(tests, n * sizeof *tests);
    if (postgresql && !getenv("TEST_POSTGRES_URL")) {
        mem_free(mine);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        mine[i].initial_state = &kinds[postgresql];
    int failed = _cmocka_run_group_tests(postgresql ? "postgresql" : "sqlite", mine, n, NULL, NULL);
    mem_free(mine);
    return failed;
}
