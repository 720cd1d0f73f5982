#include "../test.h"

#include "access/user-limits.h"
#include "base/str.h"

static const char *label_of(const void *of, const char *key)
{
    return str_eq(key, "team") ? of : NULL;
}

static void tidies_what_a_person_wrote(void **state)
{
    (void)state;
    static const struct {
        const char *text, *limits; /* NULL = refused */
    } cases[] = {
        {"", ""},
        {" , ", ""},
        {"node:attic", "node:attic"},
        {" node:attic , group:Media server,label:team=ops*",
         "node:attic,group:Media server,label:team=ops*"},
        {"attic", NULL},
        {"node:", NULL},
        {":attic", NULL},
        {"host:attic", NULL},
        {"label:team", NULL},
        {"label:=ops", NULL},
        {"label:team=", NULL},
        {"node:\xff", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char limits[LIMITS_SIZE];
        struct err e = {0};
        int r = limits_normal(cases[i].text, limits, &e);
        assert_int_equal(r, cases[i].limits ? 0 : -EINVAL);
        if (cases[i].limits)
            assert_string_equal(limits, cases[i].limits);
        else
            assert_true(e.text[0] != 0);
    }
}

static void has_bounds(void **state)
{
    (void)state;
    char limits[LIMITS_SIZE];
    struct err e = {0};
    AUTO(str_done) struct str many = {0}, longer = {0};
    for (int i = 0; i < LIMIT_LIMITS; i++)
        str_addf(&many, "node:n%d,", i);
    assert_int_equal(limits_normal(str_text(&many), limits, &e), 0);
    str_add(&many, "node:more");
    assert_int_equal(limits_normal(str_text(&many), limits, &e), -EINVAL);
    for (int i = 0; i < LIMITS_SIZE / 64; i++)
        str_addf(&longer, "group:%060d,", i);
    assert_int_equal(limits_normal(str_text(&longer), limits, &e), -EINVAL);
}

static void fits_what_it_names(void **state)
{
    (void)state;
    static const char ops[] = "ops";
    const struct resource of = {.node = "gpu-1",
                                .group = "Media server",
                                .label = label_of,
                                .of = ops},
                          bare = {.node = "attic"}, nothing = {0};
    static const struct {
        const char *limits;
        bool of, bare;
    } cases[] = {
        {"", true, true},
        {"node:gpu-1", true, false},
        {"node:gpu-*", true, false},
        {"node:GPU-1", false, false},
        {"node:gpu", false, false},
        {"node:*", true, true},
        {"group:Media*", true, false},
        {"group:media*", false, false},
        {"label:team=ops", true, false},
        {"label:team=*", true, false},
        {"label:team=dev", false, false},
        {"label:other=*", false, false},
        {"node:nowhere,label:team=dev,group:Media server", true, false},
        {"node:nowhere,node:attic", false, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(limits_fit(cases[i].limits, &of), cases[i].of);
        assert_int_equal(limits_fit(cases[i].limits, &bare), cases[i].bare);
        assert_int_equal(limits_fit(cases[i].limits, &nothing), i == 0);
        assert_int_equal(limits_fit(cases[i].limits, NULL), i == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tidies_what_a_person_wrote),
        cmocka_unit_test(has_bounds),
        cmocka_unit_test(fits_what_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
