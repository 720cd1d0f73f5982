#include "rig.h"

#include <stdio.h>

static int lookup(struct rig *g, const char *actor, const char *key, const char *hash, int64_t now,
                  struct idempotency_answer *ret_answer)
{
    struct err e = {0};
    return idempotency_lookup(g->db, actor, key, hash, now, &e, ret_answer);
}

static int remember(struct db *db, const char *actor, const char *key, const char *hash,
                    const char *response, int64_t now)
{
    struct err e = {0};
    must(db_begin(db, &e), &e);
    int r = idempotency_remember(db, actor, key, hash, 201, response, now, &e);
    if (r < 0) {
        db_rollback(db);
        return r;
    }
    return db_commit(db, &e);
}

static void the_same_request_has_the_same_answer(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct idempotency_answer answer = {0};
    assert_int_equal(lookup(g, "anna", "k", "h1", T0, &answer), 0);
    assert_int_equal(remember(g->db, "anna", "k", "h1", "{\"id\":1}", T0), 0);
    assert_int_equal(lookup(g, "anna", "k", "h1", T0 + DAY - 1, &answer), 1);
    assert_int_equal(answer.status, 201);
    assert_string_equal(str_text(&answer.response), "{\"id\":1}");
    str_done(&answer.response);
    assert_int_equal(lookup(g, "anna", "k", "h2", T0, &answer), -EEXIST);
    assert_int_equal(lookup(g, "bert", "k", "h2", T0, &answer), 0); /* keys are one's own */
    assert_int_equal(lookup(g, "anna", "K", "h1", T0, &answer), 0);
    assert_int_equal(remember(g->db, "anna", "k", "h1", "", T0), -EEXIST);
}

static void keys_are_forgotten_after_a_day(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct idempotency_answer answer = {0};
    assert_int_equal(remember(g->db, "anna", "k", "h1", "old", T0), 0);
    assert_int_equal(remember(g->db, "anna", "other", "h1", "old", T0), 0);
    assert_int_equal(lookup(g, "anna", "k", "h2", T0 + DAY, &answer), 0);
    assert_int_equal(remember(g->db, "anna", "k", "h2", "new", T0 + DAY), 0);
    assert_int_equal(lookup(g, "anna", "k", "h2", T0 + DAY, &answer), 1);
    assert_string_equal(str_text(&answer.response), "new");
    str_done(&answer.response);
    g->now = T0 + DAY;
    refresh(g); /* which tidies */
    assert_int_equal(ask(g->db, "SELECT count(*) FROM idempotency_keys"), 1);
}

static void a_change_that_fails_is_not_remembered(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct idempotency_answer answer = {0};
    struct err e = {0};
    must(db_begin(g->db, &e), &e);
    must(idempotency_remember(g->db, "anna", "k", "h", 201, "x", T0, &e), &e);
    db_rollback(g->db);
    assert_int_equal(lookup(g, "anna", "k", "h", T0, &answer), 0);
    static char big[LIMIT_IDEMPOTENCY_RESPONSE + 2];
    memset(big, 'x', sizeof big - 1);
    assert_int_equal(remember(g->db, "anna", "k", "h", big, T0), -E2BIG);
    big[LIMIT_IDEMPOTENCY_RESPONSE] = 0;
    assert_int_equal(remember(g->db, "anna", "k", "h", big, T0), 0);
}

struct racer {
    struct rig *g;
    int result;
};

static void *race(void *arg)
{
    struct racer *racer = arg;
    AUTO(store_givep) struct db *db = NULL;
    racer->result = store_take(racer->g->f->store, NULL, &db);
    if (racer->result == 0)
        racer->result = remember(db, "anna", "k", "h", "{}", T0);
    return NULL;
}

static void only_one_of_many_is_carried_out(void **state)
{
    AUTO(rig_freep) struct rig *g = rig_new(*state);
    struct racer racers[4];
    pthread_t threads[COUNT_OF(racers)];
    int won = 0, lost = 0;
    for (size_t i = 0; i < COUNT_OF(racers); i++) {
        racers[i] = (struct racer){g, 1};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(racers); i++) {
        pthread_join(threads[i], NULL);
        won += racers[i].result == 0;
        lost += racers[i].result == -EEXIST;
    }
    assert_int_equal(won, 1);
    assert_int_equal(lost, COUNT_OF(racers) - 1);
}

static void keys_and_hashes(void **state)
{
    (void)state;
    char key[300], a[IDEMPOTENCY_HASH_SIZE], b[IDEMPOTENCY_HASH_SIZE];
    memset(key, 'k', sizeof key);
    key[256] = 0;
    assert_int_equal(idempotency_key_check(key, NULL), -EINVAL);
    key[255] = 0;
    assert_int_equal(idempotency_key_check(key, NULL), 0);
    static const char *const bad[] = {"", "a b", "a\n", "\x7f", "ä"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(idempotency_key_check(bad[i], NULL), -EINVAL);
    idempotency_hash("POST", "/a", "bc", 2, a);
    idempotency_hash("POST", "/a", "bc", 2, b);
    assert_string_equal(a, b);
    idempotency_hash("POST", "/ab", "c", 1, b);
    assert_string_not_equal(a, b);
    idempotency_hash("PUT", "/a", "bc", 2, b);
    assert_string_not_equal(a, b);
    idempotency_hash("POST", "/a", NULL, 0, b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_request_has_the_same_answer),
        cmocka_unit_test(keys_are_forgotten_after_a_day),
        cmocka_unit_test(a_change_that_fails_is_not_remembered),
        cmocka_unit_test(only_one_of_many_is_carried_out),
        cmocka_unit_test(keys_and_hashes),
    };
    return RUN_ON_BOTH(tests);
}
