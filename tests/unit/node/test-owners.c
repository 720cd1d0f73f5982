#include "../test.h"

#include "node/owners.h"

static void test_cgroup_line_that_tells_most(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path;
    } cases[] = {
        {"0::/system.slice/nginx.service\n", "/system.slice/nginx.service"},
        {"0::/\n", "/"},
        {"", "/"},
        {"rubbish", "/"},
        {"9:name=systemd:/\n4:memory:/docker/abc\n0::/\n", "/docker/abc"},
        {"9:name=systemd:/system.slice/a.service\n4:memory:/system.slice\n0::/\n",
         "/system.slice/a.service"},
        {"4:memory:/docker/abc/deeper\n0::/docker/abc", "/docker/abc"},
        {"3:cpu,cpuacct:/a\n2:memory:/a/b\n", "/a/b"},
        {"0::/with:colon/x", "/with:colon/x"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep) char *text = mem_strdup(cases[i].text);
        assert_string_equal(cgroup_parse(text), cases[i].path);
    }
}

static void announce(struct owners *o, const char *id, const char *cgroup, int pid,
                     enum observed_run run)
{
    owners_set(o, &(struct observed){
                      .id = (char *)id, .cgroup = (char *)cgroup, .main_pid = pid, .run = run});
}

static void test_deepest_owner_wins(void **state)
{
    (void)state;
    struct owners *o = owners_new();
    announce(o, "systemd/docker.service", "/system.slice/docker.service", 10, RUN_RUNNING);
    announce(o, "docker/plex", "/system.slice/docker.service/abc", 11, RUN_RUNNING);
    announce(o, "process/redis:6379", "/", 12, RUN_RUNNING);
    assert_string_equal(owners_by_cgroup(o, "/system.slice/docker.service/abc/x")->id,
                        "docker/plex");
    assert_string_equal(owners_by_cgroup(o, "/system.slice/docker.service/abcd")->id,
                        "systemd/docker.service");
    assert_null(owners_by_cgroup(o, "/system.slice/docker"));
    assert_null(owners_by_cgroup(o, "/user.slice"));
    assert_string_equal(owners_by_pid(o, 12)->id, "process/redis:6379");
    assert_null(owners_by_pid(o, 0));
    owners_free(o);
}

static void test_generation_grows_with_attributions_only(void **state)
{
    (void)state;
    struct owners *o = owners_new();
    announce(o, "docker/a", "/docker/1", 5, RUN_RUNNING);
    unsigned g = o->generation;
    announce(o, "docker/a", "/docker/1", 5, RUN_STARTING);
    assert_int_equal(o->generation, g);
    announce(o, "docker/a", "/docker/1", 5, RUN_STOPPED);
    assert_int_not_equal(o->generation, g);
    assert_null(owners_by_cgroup(o, "/docker/1"));
    assert_null(owners_by_pid(o, 5));
    announce(o, "docker/a", "/docker/2", 6, RUN_RUNNING);
    g = o->generation;
    owners_remove(o, "docker/a");
    assert_int_not_equal(o->generation, g);
    assert_null(owners_by_cgroup(o, "/docker/2"));
    announce(o, "docker/a", "/docker/3", 7, RUN_RUNNING);
    assert_int_equal(o->v.n, 1);
    owners_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cgroup_line_that_tells_most),
        cmocka_unit_test(test_deepest_owner_wins),
        cmocka_unit_test(test_generation_grows_with_attributions_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
