#include "../test.h"

#include "store/store-private.h"

static void masks_passwords(void **state)
{
    (void)state;
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"postgresql://hydra:s3cret@db/hydra", "postgresql://hydra:***@db/hydra"},
        {"postgres://hydra:s3cret@[::1]:5432/hydra", "postgres://hydra:***@[::1]:5432/hydra"},
        {"postgresql://hydra:p@ss/w0rd@db/hydra", "postgresql://hydra:***@db/hydra"},
        {"postgresql://hydra:@db/hydra", "postgresql://hydra:***@db/hydra"},
        {"postgresql://hydra@db:5432/hydra", "postgresql://hydra@db:5432/hydra"},
        {"postgresql://db:5432/hydra", "postgresql://db:5432/hydra"},
        {"postgresql://db/h?user=x&password=s3cret&sslmode=require",
         "postgresql://db/h?user=x&password=***&sslmode=require"},
        {"postgresql://u:a@db/h?password=b&sslpassword=c",
         "postgresql://u:***@db/h?password=***&sslpassword=***"},
        {"postgresql://db/h?PASSWORD=s3cret", "postgresql://db/h?PASSWORD=***"},
        {"redis://:s3cret@cache:6379/0", "redis://:***@cache:6379/0"},
        {"sqlite:/var/lib/hydra/hydra.db", "sqlite:/var/lib/hydra/hydra.db"},
        {"/var/lib/hydra/hydra.db", "/var/lib/hydra/hydra.db"},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep) char *shown = store_mask_url(cases[i].url);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void hides_passwords_in_messages(void **state)
{
    (void)state;
    const char *url = "postgresql://hydra:s%20cret@db/hydra?sslpassword=key";
    char text[] = "invalid token \"s%20cret\" (\"s cret\", key, keykey) for hydra";
    url_hide_passwords(url, text);
    assert_string_equal(text, "invalid token \"***\" (\"***\", ***, ******) for hydra");
    char one[] = "a b a";
    url_hide_passwords("postgresql://u:a@db/h", one);
    assert_string_equal(one, "* b *");
    char none[] = "as it was";
    url_hide_passwords("postgresql://u:@db/h", none);
    assert_string_equal(none, "as it was");
}

static void tells_the_kinds_apart(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        int r;
        enum store_kind kind;
        const char *path;
    } cases[] = {
        {"/srv/x.db", 0, STORE_SQLITE, "/srv/x.db"},
        {"sqlite:/srv/x.db", 0, STORE_SQLITE, "/srv/x.db"},
        {"sqlite:///srv/x.db", 0, STORE_SQLITE, "/srv/x.db"},
        {"sqlite:x.db", 0, STORE_SQLITE, "x.db"},
        {"postgresql://h/d", 0, STORE_POSTGRESQL, NULL},
        {"PostgreS://h/d", 0, STORE_POSTGRESQL, NULL},
        {"sqlite:", -EINVAL, STORE_SQLITE, NULL},
        {"mysql://u:s3cret@h/d", -EINVAL, STORE_SQLITE, NULL},
        {"hydra.db", -EINVAL, STORE_SQLITE, NULL},
        {"", -EINVAL, STORE_SQLITE, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        enum store_kind kind = STORE_SQLITE;
        AUTO(mem_freep) char *path = NULL;
        assert_int_equal(url_parse(cases[i].url, &e, &kind, &path), cases[i].r);
        assert_int_equal(kind, cases[i].kind);
        assert_true(str_eq(path, cases[i].path));
        assert_null(strstr(e.text, "s3cret"));
        assert_true(cases[i].r == 0 || strstr(e.text, "sqlite:/path"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_passwords),
        cmocka_unit_test(hides_passwords_in_messages),
        cmocka_unit_test(tells_the_kinds_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
