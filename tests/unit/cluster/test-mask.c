#include "../test.h"

#include "cluster/model.h"

static void test_labels(void **state)
{
    static const struct {
        const char *key, *value;
        bool secret;
    } cases[] = {
        {"com.docker.compose.project", "media", false},
        {"ADMIN_TOKEN", "x", true},
        {"homepage.widget.key", "abc", true},
        {"homepage.widget.password", "abc", true},
        {"DB_PASS", "x", true},
        {"traefik.http.middlewares.a.basicauth.users", "u:h", true},
        {"monkey", "banana", false},
        {"compass", "north", false},
        {"anything", "sk-abcdefgh", true},
        {"anything", "ghp_abcdefgh", true},
        {"anything", "eyJhbGciOiJIUzI1NiJ9", true},
        {"db", "postgres://u:pw@db/x", true},
        {"db", "postgres://db/x", false},
        {"link", "http://host/a:b@c", false},
        {"password", "", false},
        {"org.opencontainers.image.version", "1.2", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (mask_is_secret(cases[i].key, cases[i].value) != cases[i].secret)
            fail_msg("%s=%s", cases[i].key, cases[i].value);
}

static void test_commands(void **state)
{
    static const struct {
        const char *command, *masked;
    } cases[] = {
        {"nginx -g daemon", "nginx -g daemon"},
        {"app --password=x y", "app --password=*** y"},
        {"app --api-key hunter2 run", "app --api-key *** run"},
        {"app --token --verbose", "app --token --verbose"},
        {"TOKEN=x app", "TOKEN=*** app"},
        {"app postgres://u:pw@db/x", "app postgres://u:***@db/x"},
        {"curl -H sk-abcdefghij", "curl -H ***"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *masked = mask_command(cases[i].command);
        assert_string_equal(masked, cases[i].masked);
        mem_free(masked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
