#include "rig.h"

static void a_token_lives_and_dies(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    AUTO(mem_freep) struct token *tokens = NULL;
    struct err e = {0};
    struct subject s;
    struct token got;
    char secret[64];
    struct user u = add_user(g, "anna", ROLE_OPERATOR);
    struct token t = add_token(g, &u, permission_bit(PERM_EVENTS_WRITE), 0, secret);
    assert_int_equal(strlen(secret), 47);
    assert_true(str_starts(secret, "hyd_"));
    assert_int_equal(strlen(t.prefix), 12);
    assert_true(str_starts(secret, t.prefix));
    assert_int_equal(access_peek(g->a, secret, g->now, &s), 0);
    assert_int_equal(s.kind, SUBJECT_TOKEN);
    assert_string_equal(s.id, t.id);
    assert_int_equal(s.expires_wall_ms, 0);
    assert_true(policy_allows(&s, PERM_EVENTS_WRITE, NULL));
    assert_false(policy_allows(&s, PERM_EVENTS_READ, NULL));
    assert_int_equal(access_tokens(g->a, u.id, &tokens), 1);
    assert_int_equal(tokens[0].used_ms, 0);
    assert_string_equal(tokens[0].user_name, "anna");
    access_touch(g->a, t.id, g->now + 5);
    refresh(g);
    assert_int_equal(ask(g->db, "SELECT used_ms FROM api_tokens"), T0 + 5);
    assert_int_equal(access_token_get(g->a, t.id, &got), 0);
    assert_int_equal(got.used_ms, T0 + 5);
    struct actor actor = by(g);
    must(access_token_remove(g->a, g->db, &actor, t.id, &e), &e);
    assert_int_equal(access_token_remove(g->a, g->db, &actor, t.id, &e), -ENOENT);
    assert_int_equal(access_token_get(g->a, t.id, &got), -ENOENT);
    assert_int_equal(access_peek(g->a, secret, g->now, &s), -ENOENT);
    assert_true(was_revoked(&g->told, t.id));
    assert_true(was_changed(&g->told, "tokens"));
    assert_int_equal(audited(g, "token.", "done"), 2);
}

/* In person, or with a token: what counts is what is so now. */
static void rights_without_a_secret(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct subject s;
    char secret[64];
    static const bool yes = true;
    static const enum role viewer = ROLE_VIEWER;
    struct actor actor = by(g);
    add_user(g, "boss", ROLE_ADMIN);
    struct user u = add_user(g, "anna", ROLE_OPERATOR), other = add_user(g, "bert", ROLE_OPERATOR);
    struct token t = add_token(g, &u, PERMISSIONS_ALL, g->now + 1000, secret);
    assert_int_equal(access_subject(g->a, u.id, "", g->now, &s), 0);
    assert_string_equal(s.user_name, "anna");
    assert_true(policy_allows(&s, PERM_SERVICE_RESTART, NULL));
    assert_int_equal(access_subject(g->a, u.id, t.id, g->now, &s), 0);
    assert_true(policy_allows(&s, PERM_SERVICE_RESTART, NULL));
    assert_int_equal(access_subject(g->a, u.id, t.id, g->now + 1000, &s), -EACCES);
    assert_int_equal(access_subject(g->a, other.id, t.id, g->now, &s), -ENOENT);
    assert_int_equal(access_subject(g->a, "anna", "", g->now, &s), -ENOENT); /* a name is no id */
    const struct user_change less = {.role = &viewer, .limits = "node:tower"};
    must(access_user_change(g->a, g->db, &actor, u.id, &less, NULL, &e), &e);
    assert_int_equal(access_subject(g->a, u.id, t.id, g->now, &s), 0);
    assert_false(policy_allows_some(&s, PERM_SERVICE_RESTART));
    assert_int_equal(access_subject(g->a, u.id, "", g->now, &s), 0);
    assert_string_equal(s.limits, "node:tower");
    must(access_token_remove(g->a, g->db, &actor, t.id, &e), &e);
    assert_int_equal(access_subject(g->a, u.id, t.id, g->now, &s), -ENOENT);
    const struct user_change off = {.disabled = &yes};
    must(access_user_change(g->a, g->db, &actor, u.id, &off, NULL, &e), &e);
    assert_int_equal(access_subject(g->a, u.id, "", g->now, &s), -EACCES);
    must(access_user_remove(g->a, g->db, &actor, u.id, &e), &e);
    assert_int_equal(access_subject(g->a, u.id, "", g->now, &s), -ENOENT);
}

static int try_add(struct rig *g, const struct user *u, const char *name, uint64_t scopes,
                   int64_t expires_ms, struct err *e)
{
    struct token t;
    char secret[64];
    struct actor actor = by(g);
    return access_token_add(g->a, g->db, &actor, u->id, name, scopes, expires_ms, e, secret, &t);
}

static void what_a_token_may_not_be(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct user u = add_user(g, "anna", ROLE_VIEWER), nobody = {.id = "nobody"};
    uint64_t read = permission_bit(PERM_NODES_READ);
    assert_int_equal(try_add(g, &u, "t", read | permission_bit(PERM_USERS_WRITE), 0, &e), -EPERM);
    assert_non_null(strstr(e.text, "users:write"));
    assert_null(strstr(e.text, "nodes:read"));
    assert_int_equal(try_add(g, &u, "t", 0, 0, &e), -EINVAL);
    assert_int_equal(try_add(g, &u, "", read, 0, &e), -EINVAL);
    assert_int_equal(try_add(g, &u, "a\nb", read, 0, &e), -EINVAL);
    assert_int_equal(try_add(g, &u,
                             "0123456789012345678901234567890123456789012345678901234567890123",
                             read, 0, &e),
                     -EINVAL);
    assert_int_equal(try_add(g, &u, "t", read, T0, &e), -EINVAL); /* over already */
    assert_int_equal(try_add(g, &nobody, "t", read, 0, &e), -ENOENT);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM api_tokens"), 0);
    assert_int_equal(audited(g, "token.", NULL), 0);
}

static void scopes_are_cut_to_the_role_when_used(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    static const enum role viewer = ROLE_VIEWER, operator= ROLE_OPERATOR;
    struct err e = {0};
    struct subject s;
    char some[64], all[64];
    add_user(g, "boss", ROLE_ADMIN);
    struct user u = add_user(g, "anna", ROLE_OPERATOR);
    uint64_t scopes = permission_bit(PERM_NODES_READ) | permission_bit(PERM_SERVICES_WRITE);
    struct token of_some = add_token(g, &u, scopes, 0, some),
                 of_all = add_token(g, &u, PERMISSIONS_ALL, 0, all);
    struct actor actor = by(g);
    forget_told(&g->told);
    must(access_user_change(g->a, g->db, &actor, u.id, &(struct user_change){.role = &viewer}, NULL,
                            &e),
         &e);
    assert_int_equal(access_peek(g->a, some, g->now, &s), 0);
    assert_int_equal(s.permissions, permission_bit(PERM_NODES_READ));
    assert_int_equal(access_peek(g->a, all, g->now, &s), 0);
    assert_int_equal(s.permissions, role_permissions(ROLE_VIEWER));
    assert_true(was_revoked(&g->told, of_some.id));
    assert_true(was_revoked(&g->told, of_all.id));
    must(access_user_change(g->a, g->db, &actor, u.id, &(struct user_change){.role = &operator},
                            NULL, &e),
         &e);
    assert_int_equal(access_peek(g->a, some, g->now, &s), 0);
    assert_int_equal(s.permissions, scopes);
}

static void a_disabled_user_has_no_token(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    static const bool yes = true, no = false;
    struct err e = {0};
    struct subject s;
    char token[64], session[48];
    add_user(g, "boss", ROLE_ADMIN);
    struct user u = add_user(g, "anna", ROLE_OPERATOR);
    struct token t = add_token(g, &u, PERMISSIONS_ALL, 0, token);
    struct subject of_session = log_in(g, "anna", session);
    struct actor actor = by(g);
    must(access_user_change(g->a, g->db, &actor, u.id, &(struct user_change){.disabled = &yes},
                            NULL, &e),
         &e);
    assert_int_equal(access_peek(g->a, token, g->now, &s), -EACCES);
    assert_int_equal(access_peek(g->a, session, g->now, &s), -ENOENT);
    assert_true(was_revoked(&g->told, t.id));
    assert_true(was_revoked(&g->told, of_session.id));
    must(access_user_change(g->a, g->db, &actor, u.id, &(struct user_change){.disabled = &no}, NULL,
                            &e),
         &e);
    assert_int_equal(access_peek(g->a, token, g->now, &s), 0);
    assert_int_equal(access_peek(g->a, session, g->now, &s), -ENOENT);
}

/* The rights stay the same: only where they count differs. */
static void other_limits_revoke(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct subject s;
    char secret[64];
    struct user u = add_user(g, "anna", ROLE_OPERATOR);
    struct actor actor = by(g);
    must(access_user_change(g->a, g->db, &actor, u.id, &(struct user_change){.limits = "node:a"},
                            NULL, &e),
         &e);
    struct token t = add_token(g, &u, PERMISSIONS_ALL, 0, secret);
    assert_false(was_revoked(&g->told, t.id));
    must(access_user_change(g->a, g->db, &actor, u.id, &(struct user_change){.limits = "node:b"},
                            NULL, &e),
         &e);
    assert_true(was_revoked(&g->told, t.id));
    assert_int_equal(access_peek(g->a, secret, g->now, &s), 0);
    assert_string_equal(s.limits, "node:b");
}

static void tokens_expire(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    AUTO(mem_freep) struct token *tokens = NULL;
    struct subject s;
    char secret[64];
    struct user u = add_user(g, "anna", ROLE_ADMIN);
    struct token t = add_token(g, &u, PERMISSIONS_ALL, T0 + DAY, secret);
    g->now = T0 + DAY - 1;
    refresh(g);
    assert_int_equal(access_peek(g->a, secret, g->now, &s), 0);
    assert_int_equal(s.expires_wall_ms, T0 + DAY);
    assert_false(was_revoked(&g->told, t.id));
    g->now = T0 + DAY;
    refresh(g);
    refresh(g);
    assert_int_equal(access_peek(g->a, secret, g->now, &s), -EACCES);
    assert_true(was_revoked(&g->told, t.id));
    assert_int_equal(g->told.revoked.n, 1);                  /* told once */
    assert_int_equal(access_tokens(g->a, NULL, &tokens), 1); /* still in the list */
    g->now = T0 + DAY + 31ll * DAY;
    refresh(g);
    refresh(g);
    assert_int_equal(ask(g->db, "SELECT count(*) FROM api_tokens"), 0);
    assert_int_equal(access_peek(g->a, secret, g->now, &s), -ENOENT);
}

static void there_is_a_most(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct err e = {0};
    struct user u = add_user(g, "anna", ROLE_ADMIN);
    for (int i = 0; i < LIMIT_TOKENS_PER_USER; i++)
        must(try_add(g, &u, "t", PERMISSIONS_ALL, 0, &e), &e);
    assert_int_equal(try_add(g, &u, "t", PERMISSIONS_ALL, 0, &e), -EINVAL);
    assert_non_null(strstr(e.text, "100"));
}

/* A newer hydrad stored a scope that this one does not know. */
static void unknown_scopes_are_no_rights(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct subject s;
    char secret[64];
    struct user u = add_user(g, "anna", ROLE_ADMIN);
    add_token(g, &u, permission_bit(PERM_NODES_READ), 0, secret);
    run_sql(g, "UPDATE api_tokens SET scopes = 'teleport:write,nodes:read'");
    run_sql(g, "UPDATE settings SET value = '999' WHERE key = 'access_version'");
    assert_int_equal(access_find(g->a, g->db, secret, g->now, &s), 0);
    assert_int_equal(s.permissions, permission_bit(PERM_NODES_READ));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_lives_and_dies),
        cmocka_unit_test(rights_without_a_secret),
        cmocka_unit_test(what_a_token_may_not_be),
        cmocka_unit_test(scopes_are_cut_to_the_role_when_used),
        cmocka_unit_test(a_disabled_user_has_no_token),
        cmocka_unit_test(other_limits_revoke),
        cmocka_unit_test(tokens_expire),
        cmocka_unit_test(there_is_a_most),
        cmocka_unit_test(unknown_scopes_are_no_rights),
    };
    return RUN_ON_BOTH(tests);
}
