#include "../test.h"

#include "hub/config-file.h"
#include "hub/config.h"
#include "hub/hosts.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char file[] = "/tmp/hydra-config-XXXXXX";

static int write_file(void **state)
{
    (void)state;
    int fd = mkstemp(file);
    static const char text[] =
        "# settings\nlisten: [127.0.0.1:1, 127.0.0.1:2]\nlog-level: debug\nworkers: 3\n";
    ssize_t n = write(fd, text, sizeof text - 1);
    close(fd);
    return n == (ssize_t)sizeof text - 1 ? 0 : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file);
}

static void command_line_beats_environment_beats_file(void **state)
{
    (void)state;
    char option[64];
    snprintf(option, sizeof option, "--config=%s", file);
    char *argv[] = {(char *)"hydrad", option,        (char *)"--workers", (char *)"5",
                    (char *)"token",  (char *)"add", (char *)"--scope=x"};
    static const char *const extra[] = {"scope", NULL};
    setenv("HYDRA_WORKERS", "9", 1);
    setenv("HYDRA_LOG_LEVEL", "warn", 1);
    struct config c = {0};
    struct err e = {0};
    assert_int_equal(config_load(&c, 7, argv, extra, &e), 0);
    assert_string_equal(c.value[SETTING_WORKERS], "5");
    assert_string_equal(c.value[SETTING_LOG_LEVEL], "warn");
    assert_string_equal(c.value[SETTING_LISTEN], "127.0.0.1:1,127.0.0.1:2");
    assert_int_equal(c.source[SETTING_LISTEN], FROM_FILE);
    assert_int_equal(c.source[SETTING_HOSTS], FROM_DEFAULT);
    assert_string_equal(config_option(&c, "scope"), "x");
    assert_string_equal(c.rest.v[0], "token");
    config_done(&c);
    unsetenv("HYDRA_WORKERS");
    unsetenv("HYDRA_LOG_LEVEL");
}

static void options_of_verbs(void **state)
{
    (void)state;
    static const char *const extra[] = {"ttl", "replace!", NULL};
    char *good[] = {(char *)"hydrad", (char *)"--replace", (char *)"node", (char *)"--ttl",
                    (char *)"5m"};
    char *with_value[] = {(char *)"hydrad", (char *)"--replace=yes"};
    char *half[] = {(char *)"hydrad", (char *)"--replac"};
    struct config c = {0};
    struct err e = {0};
    assert_int_equal(config_load(&c, 5, good, extra, &e), 0);
    assert_string_equal(config_option(&c, "replace"), "");
    assert_string_equal(config_option(&c, "ttl"), "5m");
    assert_null(config_option(&c, "tt"));
    assert_string_equal(c.rest.v[1], "node"); /* a flag takes nothing that follows */
    config_done(&c);
    assert_int_equal(config_load(&c, 2, with_value, extra, &e), -EINVAL);
    assert_non_null(strstr(e.text, "no value"));
    config_done(&c);
    assert_int_equal(config_load(&c, 2, half, extra, &e), -EINVAL);
    config_done(&c);
}

static void wrong_names_suggest_the_nearest(void **state)
{
    (void)state;
    struct config c = {0};
    struct err e = {0};
    char *argv[] = {(char *)"hydrad", (char *)"--lisen", (char *)"x"};
    assert_int_equal(config_load(&c, 3, argv, NULL, &e), -EINVAL);
    assert_non_null(strstr(e.text, "listen"));
    config_done(&c);
    setenv("HYDRA_DATABSE", "x", 1);
    assert_int_equal(config_load(&c, 1, argv, NULL, &e), -EINVAL);
    assert_non_null(strstr(e.text, "database"));
    unsetenv("HYDRA_DATABSE");
    config_done(&c);
}

static void values_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"--workers=0", "--workers=many", "--log-level=loud",
                                      "--log-format=xml"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct config c = {0};
        struct err e = {0};
        char *argv[] = {(char *)"hydrad", (char *)bad[i]};
        assert_int_equal(config_load(&c, 2, argv, NULL, &e), -EINVAL);
        config_done(&c);
    }
}

static int ignore_pair(void *arg, const char *name, const char *value, unsigned line, struct err *e)
{
    (void)arg, (void)name, (void)value, (void)line, (void)e;
    return 0;
}

static void a_bad_file_is_named_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {{"- a\n", "line 1"},
                 {"a: b\nc: {d: e}\n", "line 2"},
                 {"a: [b, [c]]\n", "line 1"},
                 {"a: \"b\n", "not valid YAML"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = {0};
        assert_true(config_text_read("x.yaml", cases[i].text, strlen(cases[i].text), ignore_pair,
                                     NULL, &e) < 0);
        assert_non_null(strstr(e.text, cases[i].expected));
    }
    assert_int_equal(config_text_read("x.yaml", "", 0, ignore_pair, NULL, NULL), 0);
}

static void passwords_in_urls_are_masked(void **state)
{
    (void)state;
    struct config c = {0};
    struct err e = {0};
    struct str out = {0};
    char *argv[] = {(char *)"hydrad", (char *)"--database=postgresql://me:s3cr@t@db/hydra"};
    assert_int_equal(config_load(&c, 2, argv, NULL, &e), 0);
    config_print(&c, &out);
    assert_null(strstr(out.p, "s3cr"));
    assert_non_null(strstr(out.p, "postgresql://me:***@db/hydra"));
    str_done(&out);
    config_done(&c);
}

static void exposure(void **state)
{
    (void)state;
    assert_false(hosts_is_exposed("127.0.0.1:1"));
    assert_false(hosts_is_exposed("[::1]:1"));
    assert_false(hosts_is_exposed("localhost:1"));
    assert_true(hosts_is_exposed("0.0.0.0:1"));
    assert_true(hosts_is_exposed(":1"));
    assert_true(hosts_is_exposed("192.168.1.4:1"));
    assert_false(hosts_is_exposed("/run/hydra.sock"));
    char id[32];
    hosts_node_id("Tower (old)", id, sizeof id);
    assert_string_equal(id, "tower--old-");
}

static void sockets_tell_where_they_listen(void **state)
{
    (void)state;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char address[64], beginning[] = "127.0.0.1:";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    hosts_of_socket(fd, address, sizeof address);
    assert_memory_equal(address, beginning, sizeof beginning - 1);
    assert_true(strtol(address + sizeof beginning - 1, NULL, 10) > 0);
    close(fd);
    hosts_of_socket(fd, address, sizeof address);
    assert_string_equal(address, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_line_beats_environment_beats_file),
        cmocka_unit_test(options_of_verbs),
        cmocka_unit_test(wrong_names_suggest_the_nearest),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(a_bad_file_is_named_with_its_line),
        cmocka_unit_test(passwords_in_urls_are_masked),
        cmocka_unit_test(exposure),
        cmocka_unit_test(sockets_tell_where_they_listen),
    };
    return cmocka_run_group_tests(tests, write_file, remove_file);
}
