#include "../test.h"

#include "access/password.h"

#include <pthread.h>
#include <sched.h>
#include <sodium.h>

static void right_and_wrong(void **state)
{
    (void)state;
    struct password_gate *g = password_gate_new(2, 4);
    char hash[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];
    assert_int_equal(password_hash(g, "correct horse", NULL, hash), 0);
    assert_int_equal(password_hash(g, "correct horse", NULL, again), 0);
    assert_string_not_equal(hash, again); /* salted */
    assert_non_null(strstr(hash, "$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_int_equal(password_verify(g, hash, "correct horse"), 0);
    assert_int_equal(password_verify(g, hash, "correct Horse"), -EACCES);
    assert_int_equal(password_verify(g, hash, ""), -EACCES);
    assert_int_equal(password_verify(g, "nonsense", "correct horse"), -EACCES);
    password_gate_free(g);
}

/* An unknown user costs one computation with the same parameters; no timing is measured. */
static void nobody_costs_as_much_as_somebody(void **state)
{
    (void)state;
    struct password_gate *g = password_gate_new(2, 4);
    char hash[PASSWORD_HASH_SIZE];
    assert_int_equal(password_hash(g, "correct horse", NULL, hash), 0);
    uint64_t before = password_gate_stats(g).computed;
    assert_int_equal(password_verify(g, hash, "wrong"), -EACCES);
    assert_int_equal(password_gate_stats(g).computed, before + 1);
    assert_int_equal(password_verify(g, NULL, "wrong"), -EACCES);
    assert_int_equal(password_gate_stats(g).computed, before + 2);
    assert_int_equal(password_verify(g, "", "wrong"), -EACCES);
    assert_int_equal(password_gate_stats(g).computed, before + 3);
    /* A real computation: the text is whole and its parameters are those of new hashes. */
    const char *nobody = password_of_nobody();
    assert_int_equal(crypto_pwhash_str_needs_rehash(nobody, 2, 19 * 1024 * 1024), 0);
    assert_int_equal(strlen(nobody), strlen(hash));
    password_gate_free(g);
}

static void *enter_and_leave(void *arg)
{
    struct password_gate *g = arg;
    assert_int_equal(password_gate_enter(g), 0);
    password_gate_leave(g);
    return NULL;
}

static void the_gate_is_bounded(void **state)
{
    (void)state;
    enum { RUNNING = 2, WAITING = 4 };
    struct password_gate *g = password_gate_new(RUNNING, WAITING);
    pthread_t threads[WAITING];
    for (int i = 0; i < RUNNING; i++)
        assert_int_equal(password_gate_enter(g), 0);
    for (int i = 0; i < WAITING; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, enter_and_leave, g), 0);
    while (password_gate_stats(g).waiting < WAITING)
        sched_yield();
    struct err e = {0};
    char hash[PASSWORD_HASH_SIZE];
    assert_int_equal(password_gate_enter(g), -EAGAIN);
    assert_int_equal(password_hash(g, "correct horse", &e, hash), -EAGAIN);
    assert_int_equal(password_verify(g, NULL, "x"), -EAGAIN);
    assert_int_equal(password_gate_stats(g).refused, 3);
    for (int i = 0; i < RUNNING; i++)
        password_gate_leave(g);
    for (int i = 0; i < WAITING; i++)
        pthread_join(threads[i], NULL);
    struct password_gate_stats stats = password_gate_stats(g);
    assert_int_equal(stats.most_running, RUNNING);
    assert_int_equal(stats.running + stats.waiting, 0);
    assert_int_equal(stats.computed, RUNNING + WAITING);
    password_gate_free(g);
}

static void rules_of_passwords(void **state)
{
    (void)state;
    static const struct {
        const char *password, *name;
        bool good;
        const char *says;
    } cases[] = {
        {"nine char", "anna", false, "at least 10"},
        {"ten charac", "anna", true, NULL},
        {"äöüäöüßßx", "anna", false, "at least 10"}, /* nine characters, more bytes */
        {"äöüäöüßßxy", "anna", true, NULL},
        {"alexandra.b", "alexandra.b", false, "user name"},
        {"Alexandra.B1", "alexandra.b", false, "user name"},
        {"alexandra.b likes tea", "alexandra.b", true, NULL},
        {"Password123", "anna", false, "tries first"},
        {"1234567890", "anna", false, "tries first"},
        {"aaaaaaaaaaaaaaa", "anna", false, "tries first"},
        {"abababababab", "anna", false, "tries first"},
        {"correct horse battery staple", "anna", true, NULL},
        {"\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff", "anna", false, "UTF-8"},
        {"long enough", NULL, true, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        int r = password_acceptable(cases[i].password, cases[i].name, &e);
        assert_int_equal(r, cases[i].good ? 0 : -EINVAL);
        if (cases[i].says)
            assert_non_null(strstr(e.text, cases[i].says));
    }
    char longest[1026];
    for (size_t i = 0; i < sizeof longest - 1; i++)
        longest[i] = (char)('a' + i % 26);
    longest[1025] = 0;
    assert_int_equal(password_acceptable(longest, "anna", NULL), -EINVAL);
    longest[1024] = 0;
    assert_int_equal(password_acceptable(longest, "anna", NULL), 0);
}

static void rules_of_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *normal; /* NULL = refused */
    } cases[] = {
        {"anna", "anna"},
        {"Anna.B-c_9", "anna.b-c_9"},
        {"9lives", "9lives"},
        {"", NULL},
        {NULL, NULL},
        {".anna", NULL},
        {"-anna", NULL},
        {"_anna", NULL},
        {"an na", NULL},
        {"änna", NULL},
        {"anna\n", NULL},
        {"a/b", NULL},
        {"LOCAL", NULL},
        {"system", NULL},
        {"an'na", NULL},
        {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg",
         "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"},
        {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        char normal[LIMIT_USER_NAME + 1] = "untouched";
        int r = user_name_normal(cases[i].name, &e, normal);
        assert_int_equal(r, cases[i].normal ? 0 : -EINVAL);
        assert_string_equal(normal, cases[i].normal ? cases[i].normal : "untouched");
        assert_int_equal(e.text[0] != 0, !cases[i].normal);
    }
}

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_and_wrong),     cmocka_unit_test(nobody_costs_as_much_as_somebody),
        cmocka_unit_test(the_gate_is_bounded), cmocka_unit_test(rules_of_passwords),
        cmocka_unit_test(rules_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
