/* Jobs in the database. */
#include "rig.h"

static struct job a_job(const char *id, const char *service, int64_t ended_ms)
{
    struct job j = {.verb = COMMAND_UNIT_RESTART,
                    .state = ended_ms ? JOB_DONE : JOB_RUNNING,
                    .node = mem_strdup("tower"),
                    .service = mem_strdup(service),
                    .target = mem_strdup("systemd/x"),
                    .argument = mem_strdup(""),
                    .step = mem_strdup(""),
                    .text = mem_strdup(""),
                    .output = mem_strdup(""),
                    .actor = mem_strdup("ada"),
                    .via = mem_strdup("web"),
                    .created_ms = 1,
                    .ended_ms = ended_ms};
    str_copy(j.id, sizeof j.id, id);
    return j;
}

static void insert(struct db *db, const char *id, const char *service, int64_t ended_ms)
{
    struct err e = {0};
    struct job j = a_job(id, service, ended_ms);
    must(job_db_insert(db, &j, &e), &e);
    job_done(&j);
}

static void lists_in_pages(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    struct job_list l = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(g->f->store, &e, &db), &e);
    insert(db, "0a", "tower/systemd/x", 5);
    insert(db, "0b", "tower/systemd/y", 5);
    insert(db, "0c", "tower/systemd/x", 0);
    struct job_filter f = {.limit = 2};
    assert_int_equal(must(job_db_list(db, &f, &e, &l), &e), 2);
    assert_string_equal(l.v[0].id, "0c");
    assert_string_equal(l.v[1].id, "0b");
    job_list_done(&l);
    f.before = "0b";
    assert_int_equal(must(job_db_list(db, &f, &e, &l), &e), 1);
    assert_string_equal(l.v[0].id, "0a");
    job_list_done(&l);
    f = (struct job_filter){.limit = 9, .service = "tower/systemd/x"};
    assert_int_equal(must(job_db_list(db, &f, &e, &l), &e), 2);
    job_list_done(&l);
    f = (struct job_filter){.limit = 9, .node = "shed"};
    assert_int_equal(must(job_db_list(db, &f, &e, &l), &e), 0);
    job_list_done(&l);
    struct job j = a_job("0d", "", 0);
    str_copy(j.by_user, sizeof j.by_user, "u-ada");
    str_copy(j.by_token, sizeof j.by_token, "t-1");
    must(job_db_insert(db, &j, &e), &e);
    job_done(&j);
    must(job_db_get(db, "0d", &e, &j), &e);
    assert_string_equal(j.by_user, "u-ada");
    assert_string_equal(j.by_token, "t-1");
    job_done(&j);
    assert_int_equal(job_db_get(db, "none", &e, &j), -ENOENT);
}

static void prunes_what_is_long_over(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(g->f->store, &e, &db), &e);
    const int64_t day = 24 * 3600 * 1000, now = 100 * day;
    insert(db, "0a", "s", now - 31 * day);
    insert(db, "0b", "s", now - 29 * day);
    insert(db, "0c", "s", 0);
    assert_int_equal(must(job_db_prune(db, now, &e), &e), 1);
    assert_int_equal(ask(db, "SELECT COUNT(*) FROM jobs"), 2);
}

static void what_is_over_stays_over(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(g->f->store, &e, &db), &e);
    insert(db, "0a", "s", 5);
    struct job late = a_job("0a", "s", 0);
    assert_int_equal(must(job_db_update(db, &late, &e), &e), 0);
    job_done(&late);
    struct job j;
    must(job_db_get(db, "0a", &e, &j), &e);
    assert_int_equal(j.state, JOB_DONE);
    job_done(&j);
}

static void all_that_is_not_over_is_recalled(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    struct job_list l = {0};
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(g->f->store, &e, &db), &e);
    must(db_begin(db, &e), &e);
    enum { FAMILIES = 12, CHILDREN = 50 };
    for (int i = 0; i < FAMILIES; i++) {
        char parent[RAND_ID_SIZE], child[RAND_ID_SIZE];
        snprintf(parent, sizeof parent, "p%02d", i);
        struct job j = a_job(parent, "", 0);
        mem_set_str(&j.target, "");
        must(job_db_insert(db, &j, &e), &e);
        job_done(&j);
        for (int k = 0; k < CHILDREN; k++) {
            snprintf(child, sizeof child, "c%02d-%02d", i, k);
            j = a_job(child, "s", k < CHILDREN - 1);
            str_copy(j.parent, sizeof j.parent, parent);
            must(job_db_insert(db, &j, &e), &e);
            job_done(&j);
        }
    }
    must(db_commit(db, &e), &e);
    assert_int_equal(must(job_db_unfinished(db, &e, &l), &e), FAMILIES * (CHILDREN + 1));
    for (int i = 0; i < FAMILIES; i++)
        assert_int_equal(l.v[i].children.n, CHILDREN);
    job_list_done(&l);
}

static void the_ceiling_only_rises(void **state)
{
    struct rig *g = *state;
    struct err e = {0};
    int64_t ceiling;
    AUTO(store_givep) struct db *db = NULL;
    must(store_take(g->f->store, &e, &db), &e);
    must(job_db_ceiling(db, &e, &ceiling), &e);
    assert_true(ceiling == 0);
    must(job_db_raise_ceiling(db, 1764000000000, &e), &e);
    must(job_db_raise_ceiling(db, 5, &e), &e);
    must(job_db_ceiling(db, &e, &ceiling), &e);
    assert_true(ceiling == 1764000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_in_pages),
        cmocka_unit_test(prunes_what_is_long_over),
        cmocka_unit_test(what_is_over_stays_over),
        cmocka_unit_test(all_that_is_not_over_is_recalled),
        cmocka_unit_test(the_ceiling_only_rises),
    };
    return RUN_ON_BOTH(tests);
}
