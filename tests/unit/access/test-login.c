#include "rig.h"

#include <stdio.h>

static int try_password(struct rig *g, const char *name, const char *password, const char *address,
                        unsigned *ret_wait_s)
{
    struct err e = {0};
    struct subject s;
    char secret[48];
    const struct login l = {name, password, address, "test/1.0", "cli"};
    int r = access_login(g->a, g->db, &l, g->now, &e, secret, &s, ret_wait_s);
    assert_int_equal(e.text[0] != 0, r < 0);
    return r;
}

static void a_session_begins_and_ends(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    AUTO(mem_freep) struct session *sessions = NULL;
    struct err e = {0};
    char secret[48], second[48];
    struct subject s;
    struct user u = add_user(g, "anna", ROLE_OPERATOR), got;
    struct subject made = log_in(g, "Anna", secret);
    assert_int_equal(strlen(secret), 43);
    assert_int_equal(access_peek(g->a, secret, g->now, &s), 0);
    assert_string_equal(s.id, made.id);
    assert_string_equal(s.user_id, u.id);
    assert_string_equal(s.user_name, "anna");
    assert_int_equal(s.kind, SUBJECT_SESSION);
    assert_int_equal(s.permissions, role_permissions(ROLE_OPERATOR));
    assert_int_equal(made.permissions, s.permissions);
    log_in(g, "anna", second);
    assert_string_not_equal(secret, second); /* rotated at login */
    assert_int_equal(access_sessions(g->a, u.id, &sessions), 2);
    assert_string_equal(sessions[0].address, "192.0.2.1");
    assert_string_equal(sessions[0].agent, "test/1.0");
    assert_int_equal(access_user_get(g->a, "anna", &got), 0);
    assert_int_equal(got.last_login_ms, T0);
    struct actor actor = by(g);
    must(access_logout(g->a, g->db, &actor, made.id, &e), &e);
    must(access_logout(g->a, g->db, &actor, made.id, &e), &e);
    assert_int_equal(access_session_end(g->a, g->db, &actor, made.id, &e), -ENOENT);
    assert_true(was_revoked(&g->told, made.id));
    assert_true(was_changed(&g->told, "sessions"));
    assert_int_equal(access_peek(g->a, secret, g->now, &s), -ENOENT);
    assert_int_equal(access_peek(g->a, second, g->now, &s), 0);
    assert_int_equal(access_peek(g->a, "", g->now, &s), -ENOENT);
    assert_int_equal(access_peek(g->a, NULL, g->now, &s), -ENOENT);
    assert_int_equal(audited(g, "login", "done"), 2);
    assert_int_equal(audited(g, "logout", "done"), 1);
}

/* The same answer and the same work for wrong passwords, unknown names, names that can't be, and
 * disabled users. */
static void nothing_tells_whether_a_user_exists(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    static const bool yes = true;
    struct err e = {0};
    unsigned wait = 0;
    add_user(g, "boss", ROLE_ADMIN);
    add_user(g, "anna", ROLE_VIEWER);
    struct user off = add_user(g, "off", ROLE_VIEWER);
    struct actor actor = by(g);
    must(access_user_change(g->a, g->db, &actor, off.id, &(struct user_change){.disabled = &yes},
                            NULL, &e),
         &e);
    char sentence[ERR_TEXT_MAX] = "";
    static const struct {
        const char *name, *password;
    } tries[] = {{"anna", "wrong"},      {"nobody", "wrong"}, {"no body", GOOD_PASSWORD},
                 {"off", GOOD_PASSWORD}, {"off", "wrong"},    {"", ""}};
    for (size_t i = 0; i < COUNT_OF(tries); i++) {
        uint64_t before = password_gate_stats(g->a->gate).computed;
        const struct login l = {tries[i].name, tries[i].password, "192.0.2.9", "", NULL};
        struct user u;
        assert_int_equal(access_verify(g->a, g->db, &l, g->now, &e, &u, &wait), -EACCES);
        assert_int_equal(password_gate_stats(g->a->gate).computed, before + 1);
        assert_true(!sentence[0] || str_eq(sentence, e.text));
        str_copy(sentence, sizeof sentence, e.text);
    }
    assert_int_equal(audited(g, "login", "refused"), COUNT_OF(tries));
    assert_int_equal(ask(g->db, "SELECT count(*) FROM audit_log WHERE target = 'no body'"), 0);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM sessions"), 0);
}

static void too_many_tries_wait(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    unsigned wait = 0;
    add_user(g, "anna", ROLE_ADMIN);
    for (int i = 0; i < LIMIT_LOGIN_NETWORK_FREE + 1; i++)
        assert_int_equal(try_password(g, "anna", "wrong", "198.51.100.1", &wait), -EACCES);
    uint64_t before = password_gate_stats(g->a->gate).computed;
    assert_int_equal(try_password(g, "anna", GOOD_PASSWORD, "198.51.100.1", &wait), -EAGAIN);
    assert_int_equal(wait, 1);
    assert_int_equal(password_gate_stats(g->a->gate).computed, before); /* not even looked at */
    /* Elsewhere, and here after the wait, the right password is right. */
    assert_int_equal(try_password(g, "anna", GOOD_PASSWORD, "198.51.100.2", &wait), 0);
    g->now += 1000;
    assert_int_equal(try_password(g, "anna", GOOD_PASSWORD, "198.51.100.1", &wait), 0);
}

/* What a botnet does to an account does not reach the network its owner is signed in from. */
static void a_known_network_does_not_wait(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    unsigned wait = 0;
    char secret[48], address[32];
    add_user(g, "anna", ROLE_ADMIN);
    log_in(g, "anna", secret);
    for (int i = 0; i < LIMIT_LOGIN_ACCOUNT_FREE + 1; i++) {
        snprintf(address, sizeof address, "198.51.100.%d", i);
        assert_int_equal(try_password(g, "anna", "wrong", address, &wait), -EACCES);
    }
    assert_int_equal(try_password(g, "anna", GOOD_PASSWORD, "203.0.113.1", &wait), -EAGAIN);
    assert_int_equal(try_password(g, "anna", GOOD_PASSWORD, "192.0.2.1", &wait), 0);
}

static void sessions_slide_and_end(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    char idle[48], busy[48];
    struct subject s;
    add_user(g, "anna", ROLE_ADMIN);
    struct subject of_idle = log_in(g, "anna", idle), of_busy = log_in(g, "anna", busy);
    assert_int_equal(of_idle.expires_wall_ms, T0 + 30ll * DAY);
    assert_int_equal(access_peek(g->a, idle, T0 + 30ll * DAY - 1, &s), 0);
    assert_int_equal(access_peek(g->a, idle, T0 + 30ll * DAY, &s), -EACCES);
    for (int day = 10; day <= 80; day += 10) {
        g->now = T0 + (int64_t)day * DAY;
        access_touch(g->a, of_busy.id, g->now);
        refresh(g);
    }
    assert_true(was_revoked(&g->told, of_idle.id));
    assert_int_equal(access_peek(g->a, busy, T0 + 90ll * DAY - 1, &s), 0);
    assert_int_equal(s.expires_wall_ms, T0 + 90ll * DAY);
    assert_int_equal(access_peek(g->a, busy, T0 + 90ll * DAY, &s), -EACCES);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM sessions"), 1); /* the idle one is gone */
    assert_false(was_revoked(&g->told, of_busy.id));
    g->now = T0 + 90ll * DAY;
    refresh(g);
    assert_true(was_revoked(&g->told, of_busy.id));
    AUTO(mem_freep) struct session *left = NULL;
    assert_int_equal(access_sessions(g->a, NULL, &left), 0);
}

static void use_is_written_once_a_minute(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    char secret[48];
    struct session got;
    add_user(g, "anna", ROLE_ADMIN);
    struct subject s = log_in(g, "anna", secret);
    refresh(g);
    forget_told(&g->told);
    for (int second = 1; second <= 61; second++) {
        g->now = T0 + second * 1000;
        access_touch(g->a, s.id, g->now);
        refresh(g);
        assert_int_equal(ask(g->db, "SELECT seen_ms FROM sessions"),
                         second < 60 ? T0 : T0 + 60 * 1000);
    }
    assert_int_equal(access_session_get(g->a, s.id, &got), 0);
    assert_int_equal(got.seen_ms, g->now);
    /* Reading the image anew keeps what is not written yet. */
    add_user(g, "bert", ROLE_VIEWER);
    assert_int_equal(access_session_get(g->a, s.id, &got), 0);
    assert_int_equal(got.seen_ms, g->now);
    assert_false(was_changed(&g->told, "sessions"));
    assert_int_equal(g->told.revoked.n, 0);
    access_touch(g->a, "nothing", g->now);
}

static void a_new_password_ends_other_sessions(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    char here[48], there[48];
    struct subject s;
    struct err e = {0};
    unsigned wait = 0;
    struct user u = add_user(g, "anna", ROLE_ADMIN);
    struct subject of_here = log_in(g, "anna", here), of_there = log_in(g, "anna", there);
    struct actor actor = by(g);
    assert_int_equal(access_password_check(g->a, g->db, &actor, u.id, "wrong", &e, &wait), -EACCES);
    must(access_password_check(g->a, g->db, &actor, u.id, GOOD_PASSWORD, &e, &wait), &e);
    must(access_user_change(g->a, g->db, &actor, u.id,
                            &(struct user_change){.password = "another good one"}, of_here.id, &e),
         &e);
    assert_int_equal(access_peek(g->a, here, g->now, &s), 0);
    assert_int_equal(access_peek(g->a, there, g->now, &s), -ENOENT);
    assert_true(was_revoked(&g->told, of_there.id));
    assert_false(was_revoked(&g->told, of_here.id));
    assert_int_equal(try_password(g, "anna", GOOD_PASSWORD, "192.0.2.1", &wait), -EACCES);
    assert_int_equal(try_password(g, "anna", "another good one", "192.0.2.1", &wait), 0);
}

static void the_oldest_session_makes_room(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    char secret[48], first[48];
    struct err e = {0};
    struct subject s;
    struct user u = add_user(g, "anna", ROLE_ADMIN);
    struct subject of_first = log_in(g, "anna", first);
    for (int i = 1; i < LIMIT_SESSIONS_PER_USER; i++) {
        AUTO(mem_freep) char *id = mem_printf("s%d", i);
        must(db_exec(g->db, &e,
                     "INSERT INTO sessions (id, user_id, secret_hash, created_ms, seen_ms, "
                     "expires_ms) VALUES ($1, $2, $3, $4, $5, $6)",
                     "sssiii", id, u.id, id, (int64_t)T0 + i, (int64_t)T0 + i,
                     (int64_t)T0 + 30ll * DAY),
             &e);
    }
    g->now = T0 + 1000;
    log_in(g, "anna", secret);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM sessions"), LIMIT_SESSIONS_PER_USER);
    assert_int_equal(access_peek(g->a, first, g->now, &s), -ENOENT);
    assert_true(was_revoked(&g->told, of_first.id));
    assert_int_equal(access_peek(g->a, secret, g->now, &s), 0);
}

/* A peer's texts are stored as text, whatever they are. */
static void strange_agents(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    AUTO(mem_freep) struct session *sessions = NULL;
    struct err e = {0};
    struct subject s;
    char secret[48], agent[400];
    unsigned wait = 0;
    add_user(g, "anna", ROLE_ADMIN);
    for (size_t i = 0; i + 2 < sizeof agent; i += 2)
        memcpy(agent + i, "ä", 3);
    const struct login l = {"anna", GOOD_PASSWORD, "\xff\xfe", agent, NULL};
    must(access_login(g->a, g->db, &l, g->now, &e, secret, &s, &wait), &e);
    assert_int_equal(access_sessions(g->a, NULL, &sessions), 1);
    assert_string_equal(sessions[0].address, "");
    assert_true(str_is_utf8(sessions[0].agent, strlen(sessions[0].agent)));
    assert_in_range(strlen(sessions[0].agent), 253, 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_begins_and_ends),
        cmocka_unit_test(nothing_tells_whether_a_user_exists),
        cmocka_unit_test(too_many_tries_wait),
        cmocka_unit_test(a_known_network_does_not_wait),
        cmocka_unit_test(sessions_slide_and_end),
        cmocka_unit_test(use_is_written_once_a_minute),
        cmocka_unit_test(a_new_password_ends_other_sessions),
        cmocka_unit_test(the_oldest_session_makes_room),
        cmocka_unit_test(strange_agents),
    };
    return RUN_ON_BOTH(tests);
}
