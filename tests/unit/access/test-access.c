/* The image: one database, several who change it, many who ask. */
#include "rig.h"

#include <stdatomic.h>

/* A second process, as far as the database can tell. */
struct other {
    struct access *a;
    struct told told;
};

static void other_start(struct rig *g, struct other *o)
{
    struct err e = {0};
    *o = (struct other){0};
    pthread_mutex_init(&o->told.lock, NULL);
    struct access_hooks hooks = told_hooks(&o->told);
    must(access_new(g->f->store, &hooks, &e, &o->a), &e);
}

static void other_refresh(struct rig *g, struct other *o)
{
    struct err e = {0};
    must(access_refresh(o->a, g->db, g->now, &e), &e);
}

static void other_stop(struct other *o)
{
    access_free(o->a);
    forget_told(&o->told);
    pthread_mutex_destroy(&o->told.lock);
}

static void changes_elsewhere_are_noticed(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct other o;
    struct err e = {0};
    struct subject s;
    char secret[64], session[48];
    other_start(g, &o);
    assert_true(access_needs_setup(o.a));
    struct user u = add_user(g, "anna", ROLE_ADMIN);
    struct token t = add_token(g, &u, PERMISSIONS_ALL, 0, secret);
    assert_int_equal(access_peek(o.a, secret, g->now, &s), -ENOENT);
    assert_int_equal(access_find(o.a, g->db, secret, g->now, &s), 0); /* at once */
    assert_string_equal(s.id, t.id);
    assert_false(access_needs_setup(o.a));
    assert_true(was_changed(&o.told, "users"));
    assert_true(was_changed(&o.told, "tokens"));
    assert_false(was_changed(&o.told, "sessions"));
    assert_int_equal(access_find(o.a, g->db, "hyd_unknown", g->now, &s), -ENOENT);

    struct subject of_session = log_in(g, "anna", session);
    other_refresh(g, &o); /* within a second */
    assert_int_equal(access_peek(o.a, session, g->now, &s), 0);
    assert_int_equal(o.told.revoked.n, 0);
    struct actor actor = by(g);
    must(access_token_remove(g->a, g->db, &actor, t.id, &e), &e);
    must(access_session_end(g->a, g->db, &actor, of_session.id, &e), &e);
    assert_int_equal(access_peek(o.a, session, g->now, &s), 0);
    other_refresh(g, &o);
    assert_true(was_revoked(&o.told, t.id));
    assert_true(was_revoked(&o.told, of_session.id));
    assert_int_equal(access_peek(o.a, session, g->now, &s), -ENOENT);
    assert_int_equal(access_peek(o.a, secret, g->now, &s), -ENOENT);
    other_stop(&o);
}

static void nothing_new_reads_nothing(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    add_user(g, "anna", ROLE_ADMIN);
    refresh(g);
    forget_told(&g->told);
    const struct image *before = g->a->image;
    for (int i = 0; i < 10; i++)
        refresh(g);
    assert_ptr_equal(g->a->image, before);
    assert_int_equal(g->told.changed.n, 0);
}

/* A session that is used at another replica only bumps no version, but does not expire here. */
static void use_elsewhere_is_noticed_in_time(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct other o;
    struct subject s;
    char secret[48];
    add_user(g, "anna", ROLE_ADMIN);
    struct subject of_session = log_in(g, "anna", secret);
    other_start(g, &o);
    for (int day = 0; day <= 40; day += 20) {
        g->now = T0 + (int64_t)day * DAY;
        access_touch(g->a, of_session.id, g->now);
        refresh(g);
        other_refresh(g, &o);
    }
    assert_int_equal(access_peek(o.a, secret, g->now, &s), 0);
    assert_int_equal(s.expires_wall_ms, T0 + 70ll * DAY);
    assert_int_equal(o.told.revoked.n + o.told.changed.n, 0);
    other_stop(&o);
}

/* What failed to commit is neither in the image nor in the log. */
static void a_failed_change_leaves_nothing(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct user u = add_user(g, "anna", ROLE_ADMIN), v;
    run_sql(g, "ALTER TABLE audit_log RENAME TO audit_gone");
    struct actor actor = by(g);
    const struct user_change c = {.display_name = "Else"};
    assert_true(access_user_change(g->a, g->db, &actor, u.id, &c, NULL, &e) < 0);
    assert_true(
        access_user_add(g->a, g->db, &actor, "bert", GOOD_PASSWORD, ROLE_VIEWER, NULL, &e, &v) < 0);
    run_sql(g, "ALTER TABLE audit_gone RENAME TO audit_log");
    assert_int_equal(ask(g->db, "SELECT count(*) FROM users WHERE display_name = 'anna'"), 1);
    assert_int_equal(access_user_get(g->a, "bert", &v), -ENOENT);
    must(access_user_change(g->a, g->db, &actor, u.id, &c, NULL, &e), &e);
}

/* Many ask while others change: for the thread sanitizer, and for what may never be seen. */
struct traffic {
    struct rig *g;
    const char *secret;
    const char *id;
    atomic_bool stop;
    atomic_uint wrong, asked;
};

static void *ask_on(void *arg)
{
    struct traffic *t = arg;
    struct subject s;
    while (!atomic_load(&t->stop)) {
        if (access_peek(t->g->a, t->secret, T0, &s) != 0 || !str_eq(s.id, t->id))
            atomic_fetch_add(&t->wrong, 1);
        access_touch(t->g->a, t->id, T0 + 1);
        atomic_fetch_add(&t->asked, 1);
    }
    return NULL;
}

static void *change_on(void *arg)
{
    struct traffic *t = arg;
    AUTO(store_givep) struct db *db = NULL;
    struct err e = {0};
    struct user u;
    must(store_take(t->g->f->store, &e, &db), &e);
    struct actor actor = by(t->g);
    assert_int_equal(access_user_get(t->g->a, "anna", &u), 0);
    for (int i = 0; i < 20; i++) {
        struct token made;
        char secret[64];
        must(
            access_token_add(t->g->a, db, &actor, u.id, "t", PERMISSIONS_ALL, 0, &e, secret, &made),
            &e);
        struct subject s;
        if (access_peek(t->g->a, secret, T0, &s) != 0) /* its maker sees it at once */
            atomic_fetch_add(&t->wrong, 1);
        must(access_token_remove(t->g->a, db, &actor, made.id, &e), &e);
        if (access_peek(t->g->a, secret, T0, &s) != -ENOENT)
            atomic_fetch_add(&t->wrong, 1);
        must(access_refresh(t->g->a, db, T0, &e), &e);
    }
    return NULL;
}

static void many_at_once(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    char secret[48];
    pthread_t askers[2], changers[3];
    add_user(g, "anna", ROLE_ADMIN);
    struct subject s = log_in(g, "anna", secret);
    struct traffic t = {.g = g, .secret = secret, .id = s.id};
    for (size_t i = 0; i < COUNT_OF(askers); i++)
        assert_int_equal(pthread_create(&askers[i], NULL, ask_on, &t), 0);
    for (size_t i = 0; i < COUNT_OF(changers); i++)
        assert_int_equal(pthread_create(&changers[i], NULL, change_on, &t), 0);
    for (size_t i = 0; i < COUNT_OF(changers); i++)
        pthread_join(changers[i], NULL);
    atomic_store(&t.stop, true);
    for (size_t i = 0; i < COUNT_OF(askers); i++)
        pthread_join(askers[i], NULL);
    assert_int_equal(atomic_load(&t.wrong), 0);
    assert_true(atomic_load(&t.asked) > 0);
    int64_t entries = 0, bad = 0;
    struct err e = {0};
    must(audit_verify(g->db, &entries, &bad, &e), &e);
    assert_int_equal(entries, 2 + 3 * 20 * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_elsewhere_are_noticed),
        cmocka_unit_test(nothing_new_reads_nothing),
        cmocka_unit_test(use_elsewhere_is_noticed_in_time),
        cmocka_unit_test(a_failed_change_leaves_nothing),
        cmocka_unit_test(many_at_once),
    };
    return RUN_ON_BOTH(tests);
}
