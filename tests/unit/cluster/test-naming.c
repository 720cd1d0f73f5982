/* Names, addresses, ports, and what the catalogue makes of images. */
#include "../test.h"

#include "cluster/naming.h"

static void test_scripts(void **state)
{
    static const struct {
        const char *process, *command, *name;
    } cases[] = {
        {"python3", "/usr/bin/python3 -m http.server 80", "http.server"},
        {"python3", "python3 /opt/tabbyapi/main.py --port 1", "tabbyapi"},
        {"python3", "python3 main.py", NULL},
        {"python3", "python3 -u tool.py", "tool"},
        {"python3", "python3 -c 'import x'", NULL},
        {"node", "node --inspect /srv/web/server.js", "web"},
        {"java", "java -Xmx1g -jar jenkins.war", "jenkins.war"},
        {"python3", "python3", NULL},
        {"python3", NULL, NULL},
        {"redis-server", "redis-server x.conf", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *name = naming_script(cases[i].process, cases[i].command);
        if (!str_eq(name, cases[i].name))
            fail_msg("%s: %s", cases[i].command, name ? name : "NULL");
        mem_free(name);
    }
}

static void test_addresses(void **state)
{
    static const struct {
        const char *addresses, *best;
    } cases[] = {
        {"lo 127.0.0.1/8,eno1 192.168.1.5/24", "192.168.1.5"},
        {"docker0 172.17.0.1/16,eno1 192.168.1.5/24", "192.168.1.5"},
        {"eno1 fe80::1/64,eno1 2001:db8::1/64", "2001:db8::1"},
        {"eno1 2001:db8::1/64,eno1 10.0.0.1/8", "10.0.0.1"},
        {"eno1 169.254.3.4/16", NULL},
        {"lo 127.0.0.1/8", NULL},
        {"", NULL},
        {"broken", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str_list l = {0};
        str_list_split(&l, cases[i].addresses, ',');
        char *best = naming_address(&l);
        assert_true(str_eq(best, cases[i].best));
        mem_free(best);
        str_list_done(&l);
    }
}

static void test_image_paths(void **state)
{
    static const struct {
        const char *image, *path;
    } cases[] = {
        {"redis", "redis"},
        {"redis:7-alpine", "redis"},
        {"docker.io/library/redis:7", "redis"},
        {"ghcr.io/Foo/Bar:1@sha256:abc", "foo/bar"},
        {"localhost:5000/x/y:1", "x/y"},
        {"localhost/x", "x"},
        {"lscr.io/linuxserver/plex", "linuxserver/plex"},
        {"sha256:abcdef", "sha256"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char path[IMAGE_PATH_SIZE];
        assert_string_equal(catalogue_image_path(cases[i].image, path), cases[i].path);
    }
}

static void test_what_it_is(void **state)
{
    static const struct {
        enum observed_kind kind;
        const char *name, *image, *id;
        bool strong;
    } cases[] = {
        {OBSERVED_CONTAINER, "db", "postgres:16", "postgres", true},
        {OBSERVED_CONTAINER, "hydra-grafana", "my/own:1", "grafana", false},
        {OBSERVED_CONTAINER, "grafana-1", "my/own:1", "grafana", false},
        {OBSERVED_CONTAINER, "grafanax", "my/own:1", NULL, false},
        {OBSERVED_CONTAINER, "postgres-backup", "my/own:1", NULL, false},
        {OBSERVED_UNIT, "ssh.service", NULL, "ssh", true},
        {OBSERVED_UNIT, "postgresql@15-main.service", NULL, "postgres", true},
        {OBSERVED_UNIT, "mine.service", NULL, NULL, false},
        {OBSERVED_PROCESS, "redis-server", NULL, "redis", true},
        {OBSERVED_PROCESS, "plex", NULL, NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct observed o = {.kind = cases[i].kind,
                             .name = (char *)(uintptr_t)cases[i].name,
                             .image = (char *)(uintptr_t)cases[i].image};
        bool strong;
        const struct integration *found = catalogue_find(&o, &strong);
        if (!str_eq(found ? found->id : NULL, cases[i].id) || strong != cases[i].strong)
            fail_msg("%s is %s", cases[i].name, found ? found->id : "nothing");
    }
}

/* Every entry of the catalogue can be found by what it says of itself. */
static void test_catalogue_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < integrations_n; i++) {
        const struct integration *in = &integrations[i];
        assert_ptr_equal(catalogue_by_id(in->id), in);
        for (const char *const *image = in->images; image && *image; image++) {
            struct observed o = {.kind = OBSERVED_CONTAINER,
                                 .name = (char *)(uintptr_t) "x",
                                 .image = (char *)(uintptr_t)*image};
            bool strong;
            if (catalogue_find(&o, &strong) != in)
                fail_msg("image %s of %s belongs to another, too", *image, in->id);
        }
        if (in->health_path && !in->ports)
            fail_msg("%s has a health path but no port", in->id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_image_paths),
        cmocka_unit_test(test_what_it_is),
        cmocka_unit_test(test_catalogue_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
