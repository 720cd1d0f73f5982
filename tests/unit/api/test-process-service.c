/* Whose a process is, by its node's answer. */
#include "../test.h"

#include "api/process-service.h"

static void assert_service(const char *json, const char *want)
{
    AUTO(mem_freep) char *got = process_service_of("tower", "7:70", json, strlen(json));
    if (want)
        assert_string_equal(got, want);
    else
        assert_null(got);
}

static void by_its_target(void **state)
{
    (void)state;
    assert_service("{\"processes\":[{\"target\":\"7:70\",\"service\":\"docker/plex\"}]}",
                   "tower/docker/plex");
    assert_service("{\"processes\":[{\"target\":\"7:70\",\"service\":null}]}", "");
    assert_service("{\"processes\":[{\"target\":\"7:71\",\"service\":\"docker/plex\"}]}", "");
    assert_service("{\"processes\":[],\"cut\":true}", NULL); /* it may be among those left out */
    assert_service("nonsense", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_its_target)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
