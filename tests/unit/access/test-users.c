#include "rig.h"

static void names_are_unique_in_any_case(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct user u = add_user(g, "Anna", ROLE_ADMIN), again, got;
    struct actor actor = by(g);
    assert_string_equal(u.name, "anna");
    assert_string_equal(u.display_name, "Anna");
    assert_int_equal(
        access_user_add(g->a, g->db, &actor, "ANNA", GOOD_PASSWORD, ROLE_VIEWER, NULL, &e, &again),
        -EEXIST);
    assert_non_null(strstr(e.text, "\"anna\""));
    assert_int_equal(
        access_user_add(g->a, g->db, &actor, "an na", GOOD_PASSWORD, ROLE_VIEWER, NULL, &e, &again),
        -EINVAL);
    assert_int_equal(
        access_user_add(g->a, g->db, &actor, "bert", "short", ROLE_VIEWER, NULL, &e, &again),
        -EINVAL);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM users"), 1);
    assert_int_equal(access_user_get(g->a, u.id, &got), 0);
    assert_int_equal(access_user_get(g->a, "aNNa", &got), 0);
    assert_string_equal(got.id, u.id);
    assert_int_equal(got.role, ROLE_ADMIN);
    assert_int_equal(got.created_ms, T0);
    assert_string_equal(got.preferences, "{}");
    assert_int_equal(access_user_get(g->a, "bert", &got), -ENOENT);
    assert_int_equal(audited(g, "user.add", "done"), 1); /* what failed left nothing */
    assert_true(was_changed(&g->told, "users"));
}

static void lists_are_sorted(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    AUTO(mem_freep) struct user *users = NULL;
    add_user(g, "zoe", ROLE_ADMIN);
    add_user(g, "anna", ROLE_VIEWER);
    add_user(g, "m-1", ROLE_OPERATOR);
    assert_int_equal(access_users(g->a, &users), 3);
    assert_string_equal(users[0].name, "anna");
    assert_string_equal(users[1].name, "m-1");
    assert_string_equal(users[2].name, "zoe");
}

static void first_start(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct user u;
    assert_true(access_needs_setup(g->a));
    AUTO(mem_freep) char *secret = mem_strdup(access_setup_secret(g->a));
    assert_int_equal(strlen(secret), 43);
    assert_true(access_setup_matches(g->a, secret));
    assert_false(access_setup_matches(g->a, "guess"));
    assert_false(access_setup_matches(g->a, ""));
    assert_false(access_setup_matches(g->a, NULL));
    struct setup s = {"guess", "Anna", GOOD_PASSWORD, "Anna B.", "web", "192.0.2.1"};
    assert_int_equal(access_setup(g->a, g->db, &s, T0, &e, &u), -EACCES);
    s.secret = secret;
    s.password = "anna";
    assert_int_equal(access_setup(g->a, g->db, &s, T0, &e, &u), -EINVAL);
    s.password = GOOD_PASSWORD;
    must(access_setup(g->a, g->db, &s, T0, &e, &u), &e);
    assert_int_equal(u.role, ROLE_ADMIN);
    assert_string_equal(u.display_name, "Anna B.");
    assert_false(access_needs_setup(g->a));
    assert_null(access_setup_secret(g->a));
    assert_false(access_setup_matches(g->a, secret));
    assert_false(access_setup_matches(g->a, ""));
    s.name = "bert";
    assert_int_equal(access_setup(g->a, g->db, &s, T0, &e, &u), -EEXIST);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM users"), 1);
    assert_int_equal(audited(g, "setup", "done"), 1);
}

/* Another process made the first user: this one's link is void although it has not looked yet. */
static void setup_loses_a_race(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    AUTO(access_freep) struct access *other = NULL;
    struct err e = {0};
    struct user u;
    must(access_new(g->f->store, NULL, &e, &other), &e);
    add_user(g, "anna", ROLE_ADMIN);
    assert_true(access_needs_setup(other));
    const struct setup s = {access_setup_secret(other), "bert", GOOD_PASSWORD, NULL, "web", ""};
    assert_int_equal(access_setup(other, g->db, &s, T0, &e, &u), -EEXIST);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM users"), 1);
}

static int change(struct rig *g, const struct user *u, const struct user_change *c, struct err *e)
{
    struct actor actor = by(g);
    return access_user_change(g->a, g->db, &actor, u->id, c, NULL, e);
}

static void changes_are_kept(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct user u = add_user(g, "anna", ROLE_ADMIN), got;
    const struct user_change c = {.display_name = "Änne", .preferences = "{\"theme\":\"dark\"}"};
    must(change(g, &u, &c, &e), &e);
    assert_int_equal(access_user_get(g->a, "anna", &got), 0);
    assert_string_equal(got.display_name, "Änne");
    assert_string_equal(got.preferences, "{\"theme\":\"dark\"}");
    assert_int_equal(got.role, ROLE_ADMIN);
    assert_int_equal(audited(g, "user.change", "done"), 1);
}

static void changes_are_checked(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct user u = add_user(g, "anna", ROLE_ADMIN);
    char big[2100];
    memset(big, ' ', sizeof big);
    big[0] = '{', big[sizeof big - 2] = '}', big[sizeof big - 1] = 0;
    const struct user_change bad[] = {
        {.preferences = "[]"},      {.preferences = "{"},     {.preferences = big},
        {.display_name = "a\n"},    {.display_name = "\xff"}, {.password = "anna"},
        {.password = "1234567890"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        e.text[0] = 0;
        assert_int_equal(change(g, &u, &bad[i], &e), -EINVAL);
        assert_true(e.text[0] != 0);
    }
    struct user nobody = {.id = "nobody"};
    assert_int_equal(change(g, &nobody, &(struct user_change){.display_name = "x"}, &e), -ENOENT);
    assert_int_equal(audited(g, "user.change", NULL), 0);
}

static const enum role viewer = ROLE_VIEWER;
static const bool yes = true, no = false;

static void the_last_admin_stays(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct user anna = add_user(g, "anna", ROLE_ADMIN), bert = add_user(g, "bert", ROLE_ADMIN);
    add_user(g, "carl", ROLE_OPERATOR);
    struct actor actor = by(g);
    const struct user_change demote = {.role = &viewer}, disable = {.disabled = &yes},
                             enable = {.disabled = &no};
    must(change(g, &bert, &disable, &e), &e);
    assert_int_equal(change(g, &anna, &demote, &e), -EBUSY); /* a disabled admin does not count */
    assert_non_null(strstr(e.text, "anna"));
    assert_int_equal(change(g, &anna, &disable, &e), -EBUSY);
    assert_int_equal(access_user_remove(g->a, g->db, &actor, anna.id, &e), -EBUSY);
    must(change(g, &bert, &enable, &e), &e);
    must(change(g, &anna, &demote, &e), &e);
    assert_int_equal(access_user_remove(g->a, g->db, &actor, bert.id, &e), -EBUSY);
    must(access_user_remove(g->a, g->db, &actor, anna.id, &e), &e);
    assert_int_equal(access_user_remove(g->a, g->db, &actor, anna.id, &e), -ENOENT);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM users"), 2);
}

struct demotion {
    struct rig *g;
    const struct user *u;
    int result;
};

static void *demote(void *arg)
{
    struct demotion *d = arg;
    AUTO(store_givep) struct db *db = NULL;
    struct actor actor = by(d->g);
    const struct user_change c = {.role = &viewer};
    d->result = store_take(d->g->f->store, NULL, &db);
    if (d->result >= 0)
        d->result = access_user_change(d->g->a, db, &actor, d->u->id, &c, NULL, NULL);
    return NULL;
}

static void two_admins_cannot_demote_each_other(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct user users[] = {add_user(g, "anna", ROLE_ADMIN), add_user(g, "bert", ROLE_ADMIN)};
    struct demotion d[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        d[i] = (struct demotion){g, &users[i], 1};
        assert_int_equal(pthread_create(&threads[i], NULL, demote, &d[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_true((d[0].result == 0 && d[1].result == -EBUSY) ||
                (d[1].result == 0 && d[0].result == -EBUSY));
    assert_int_equal(ask(g->db, "SELECT count(*) FROM users WHERE role = 'admin'"), 1);
}

static void a_removed_user_takes_everything_along(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    char session[48], token[64];
    struct subject s;
    add_user(g, "anna", ROLE_ADMIN);
    struct user bert = add_user(g, "bert", ROLE_OPERATOR);
    struct subject of_session = log_in(g, "bert", session);
    struct token t = add_token(g, &bert, PERMISSIONS_ALL, 0, token);
    struct actor actor = by(g);
    must(access_user_remove(g->a, g->db, &actor, bert.id, &e), &e);
    assert_int_equal(access_peek(g->a, session, T0, &s), -ENOENT);
    assert_int_equal(access_peek(g->a, token, T0, &s), -ENOENT);
    assert_true(was_revoked(&g->told, of_session.id));
    assert_true(was_revoked(&g->told, t.id));
    assert_int_equal(ask(g->db, "SELECT count(*) FROM sessions"), 0);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM api_tokens"), 0);
}

static void no_secret_is_stored_or_recorded(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    char session[48], token[64];
    struct err e = {0};
    struct user u = add_user(g, "anna", ROLE_ADMIN);
    log_in(g, "anna", session);
    add_token(g, &u, PERMISSIONS_ALL, 0, token);
    must(change(g, &u, &(struct user_change){.password = "another good one"}, &e), &e);
    const char *secrets[] = {session, token, GOOD_PASSWORD, "another good one"};
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        unsigned n = 0;
        AUTO(rows_freep) struct rows *rows = NULL;
        must(db_query(
                 g->db, &e,
                 "SELECT secret_hash FROM sessions UNION ALL SELECT secret_hash FROM api_tokens "
                 "UNION ALL SELECT password_hash FROM users UNION ALL "
                 "SELECT detail || target || actor FROM audit_log",
                 &rows, ""),
             &e);
        while (rows_next(rows, &e) == 1) {
            assert_null(strstr(rows_text(rows, 0), secrets[i]));
            n++;
        }
        assert_true(n >= 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique_in_any_case),
        cmocka_unit_test(lists_are_sorted),
        cmocka_unit_test(first_start),
        cmocka_unit_test(setup_loses_a_race),
        cmocka_unit_test(changes_are_kept),
        cmocka_unit_test(changes_are_checked),
        cmocka_unit_test(the_last_admin_stays),
        cmocka_unit_test(two_admins_cannot_demote_each_other),
        cmocka_unit_test(a_removed_user_takes_everything_along),
        cmocka_unit_test(no_secret_is_stored_or_recorded),
    };
    return RUN_ON_BOTH(tests);
}
