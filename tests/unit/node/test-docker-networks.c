/* What an engine says of its networks, as it is told. */
#include "../test.h"

#include "node/docker-networks.h"

#include <errno.h>

static const char networks[] =
    "[{\"Name\":\"media\",\"Driver\":\"bridge\",\"Scope\":\"local\"},"
    "{\"Name\":\"host\",\"Driver\":\"host\",\"Scope\":\"local\"},"
    "{\"Name\":\"backend\",\"Driver\":\"overlay\",\"Scope\":\"swarm\",\"Internal\":true},"
    "{\"Name\":\"none\",\"Driver\":\"null\"},{\"Driver\":\"bridge\"},7]";
static const char plex[] = "{\"NetworkSettings\":{\"Networks\":{\"media\":{},\"gone\":{}}}}";

static char *told(const char *container)
{
    struct str out = {0};
    struct err e = {0};
    struct jw w = jw_begin(&out);
    jw_object(&w);
    assert_int_equal(docker_networks_print(networks, strlen(networks), container,
                                           container ? strlen(container) : 0, &e, &w),
                     0);
    jw_end_object(&w);
    return str_take(&out);
}

#define NETWORK(name, driver, scope, internal, joinable, joined)                                   \
    "{\"name\":\"" name "\",\"driver\":\"" driver "\",\"scope\":\"" scope                          \
    "\",\"internal\":" internal ",\"joinable\":" joinable ",\"joined\":" joined "}"

static void by_their_names(void **state)
{
    (void)state;
    AUTO(mem_freep) char *of_plex = told(plex);
    assert_string_equal(
        of_plex,
        "{\"networks\":[" NETWORK(
            "backend", "overlay", "swarm", "true", "true",
            "false") "," NETWORK("host", "host", "local", "false", "false",
                                 "false") "," NETWORK("media", "bridge", "local", "false", "true",
                                                      "true") "," NETWORK("none", "null", "local",
                                                                          "false", "false",
                                                                          "false") "]}");
    AUTO(mem_freep) char *of_none = told(NULL);
    assert_non_null(strstr(of_none, NETWORK("media", "bridge", "local", "false", "true", "null")));
    AUTO(mem_freep) char *of_odd = told("{}");
    assert_non_null(strstr(of_odd, NETWORK("media", "bridge", "local", "false", "true", "false")));
}

static void nonsense(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{}", "[", "null"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(str_done) struct str out = {0};
        struct err e = {0};
        struct jw w = jw_begin(&out);
        assert_int_equal(docker_networks_print(bad[i], strlen(bad[i]), NULL, 0, &e, &w), -EINVAL);
        assert_int_equal(out.len, 0);
        assert_true(e.text[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_their_names),
        cmocka_unit_test(nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
