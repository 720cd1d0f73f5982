#include "../test.h"

#include "access/policy.h"

/* Who may what, spelled out by name: a change of rights has to be made here too. */
static const struct {
    const char *permission;
    bool admin, operator, viewer;
} table[] = {
    {"nodes:read", true, true, true},          {"services:read", true, true, true},
    {"services:write", true, true, false},     {"events:read", true, true, true},
    {"events:write", true, true, false},       {"processes:read", true, true, false},
    {"users:read", true, false, false},        {"users:write", true, false, false},
    {"tokens:write", true, true, true},        {"tokens:admin", true, false, false},
    {"sessions:admin", true, false, false},    {"audit:read", true, false, false},
    {"settings:read", true, true, false},      {"settings:write", true, false, false},
    {"metrics:read", true, true, true},        {"nodes:write", true, false, false},
    {"service:restart", true, true, false},    {"service:update", true, false, false},
    {"node:reboot", true, false, false},       {"process:signal", true, false, false},
    {"generation:switch", true, false, false}, {"logs:read", true, true, false},
    {"node:reach", true, true, false},         {"self:write", true, true, true},
};

static struct subject of_role(enum role r)
{
    return (struct subject){.kind = SUBJECT_SESSION, .role = r, .permissions = role_permissions(r)};
}

static void every_role_and_permission(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(table), PERM_COUNT);
    struct subject admin = of_role(ROLE_ADMIN), operator= of_role(ROLE_OPERATOR),
                   viewer = of_role(ROLE_VIEWER);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        enum permission p;
        assert_int_equal(permission_parse(table[i].permission, &p), 0);
        assert_int_equal(policy_allows(&admin, p, NULL), table[i].admin);
        assert_int_equal(policy_allows(&operator, p, NULL), table[i].operator);
        assert_int_equal(policy_allows(&viewer, p, &(struct resource){.node = "hydra-ai"}),
                         table[i].viewer);
    }
}

static void limits_cut_what_is_done_and_the_whole(void **state)
{
    (void)state;
    static const char limits[] = "node:attic";
    struct subject s = of_role(ROLE_ADMIN);
    s.permissions = policy_limited(s.permissions, limits);
    str_copy(s.limits, sizeof s.limits, limits);
    const struct resource inside = {.node = "attic"}, outside = {.node = "cellar"};
    static const enum permission done[] = {
        PERM_SERVICE_RESTART,   PERM_SERVICE_UPDATE, PERM_NODE_REBOOT,
        PERM_GENERATION_SWITCH, PERM_PROCESS_SIGNAL, PERM_LOGS_READ,
        PERM_PROCESSES_READ,    PERM_SERVICES_WRITE, PERM_NODE_REACH};
    for (size_t i = 0; i < COUNT_OF(done); i++) {
        assert_true(policy_is_limitable(done[i]));
        assert_true(policy_allows(&s, done[i], &inside));
        assert_false(policy_allows(&s, done[i], &outside));
        assert_false(policy_allows(&s, done[i], NULL));
        assert_true(policy_allows_some(&s, done[i]));
    }
    static const enum permission whole[] = {PERM_USERS_READ,     PERM_USERS_WRITE,
                                            PERM_SETTINGS_WRITE, PERM_AUDIT_READ,
                                            PERM_TOKENS_ADMIN,   PERM_SESSIONS_ADMIN};
    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        assert_false(policy_allows(&s, whole[i], &inside));
        assert_false(policy_allows_some(&s, whole[i]));
    }
    assert_true(policy_allows(&s, PERM_SERVICES_READ, NULL));
    assert_true(policy_allows(&s, PERM_NODES_READ, &outside));
}

static void nobody_may_nothing(void **state)
{
    (void)state;
    struct subject nobody = {0}, local = subject_local();
    for (unsigned p = 0; p < PERM_COUNT; p++) {
        assert_false(policy_allows(NULL, (enum permission)p, NULL));
        assert_false(policy_allows(&nobody, (enum permission)p, NULL));
        assert_true(policy_allows(&local, (enum permission)p, NULL));
    }
    assert_false(policy_allows(&local, PERM_COUNT, NULL));
}

static void names_are_whole(void **state)
{
    (void)state;
    for (unsigned p = 0; p < PERM_COUNT; p++) {
        enum permission back;
        assert_non_null(strchr(permission_name((enum permission)p), ':'));
        assert_true(strlen(permission_description((enum permission)p)) > 5);
        assert_int_equal(permission_parse(permission_name((enum permission)p), &back), 0);
        assert_int_equal(back, p);
    }
    enum permission p;
    assert_int_equal(permission_parse("services", &p), -ENOENT);
    assert_int_equal(permission_parse("", &p), -ENOENT);
    assert_int_equal(permission_parse(NULL, &p), -ENOENT);
}

static void lists_of_permissions(void **state)
{
    (void)state;
    uint64_t bits = 7;
    struct err e = {0};
    assert_int_equal(permissions_parse("services:read, events:write", &bits, &e), 0);
    assert_int_equal(bits, permission_bit(PERM_SERVICES_READ) | permission_bit(PERM_EVENTS_WRITE));
    struct str s = {0};
    permissions_print(bits, &s);
    assert_string_equal(str_text(&s), "services:read,events:write");
    str_done(&s);
    assert_int_equal(permissions_parse("*", &bits, &e), 0);
    assert_int_equal(bits, PERMISSIONS_ALL);
    assert_int_equal(permissions_parse("services:raed", &bits, &e), -EINVAL);
    assert_non_null(strstr(e.text, "\"services:raed\""));
    assert_non_null(strstr(e.text, "services:read"));
    assert_int_equal(bits, PERMISSIONS_ALL); /* untouched on failure */
    assert_int_equal(permissions_parse("", &bits, &e), -EINVAL);
    assert_int_equal(permissions_parse(" , ", &bits, NULL), -EINVAL);
    assert_int_equal(permissions_parse(NULL, &bits, NULL), -EINVAL);
}

static void roles_by_name(void **state)
{
    (void)state;
    enum role r;
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        assert_int_equal(role_parse(role_name((enum role)i), &r), 0);
        assert_int_equal(r, i);
    }
    assert_int_equal(role_parse("Operator", &r), 0);
    assert_int_equal(r, ROLE_OPERATOR);
    assert_int_equal(role_parse("root", &r), -ENOENT);
    assert_int_equal(role_parse("", &r), -ENOENT);
    assert_int_equal(role_parse(NULL, &r), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_and_permission),
        cmocka_unit_test(limits_cut_what_is_done_and_the_whole),
        cmocka_unit_test(nobody_may_nothing),
        cmocka_unit_test(names_are_whole),
        cmocka_unit_test(lists_of_permissions),
        cmocka_unit_test(roles_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
