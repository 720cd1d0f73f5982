#include "agent/options.h"

#include <stdlib.h>

#include "../test.h"

static int parse(struct err *e, struct options *o, const char *words)
{
    static char text[256]; /* options keep what it holds */
    char *argv[16] = {(char *)"hydra-agent"};
    int argc = 1;
    str_copy(text, sizeof text, words);
    for (char *save, *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    *e = (struct err){0};
    return options_parse(argc, argv, e, o);
}

static void knows_verbs_and_options(void **state)
{
    struct options o;
    struct err e;
    (void)state;
    assert_int_equal(parse(&e, &o, ""), 0);
    assert_string_equal(o.verb, "run");
    options_done(&o);
    assert_int_equal(parse(&e, &o, "enroll hyn_x --state=/s --log-level debug --log-format json"),
                     0);
    assert_string_equal(o.verb, "enroll");
    assert_string_equal(o.word, "hyn_x");
    assert_string_equal(o.state, "/s");
    assert_int_equal(o.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(o.log_format, LOG_FORMAT_JSON);
    options_done(&o);
    assert_int_equal(parse(&e, &o, "--docker /run/x.sock --interval 250 --policy /p"), 0);
    assert_string_equal(o.docker, "unix:///run/x.sock");
    assert_string_equal(o.policy, "/p");
    assert_int_equal(o.interval_ms, 250);
    assert_null(o.socket);
    options_done(&o);
    assert_int_equal(parse(&e, &o, ""), 0);
    assert_int_equal(o.interval_ms, 0); /* the hub's to say */
    options_done(&o);
    setenv("RUNTIME_DIRECTORY", "/run/agent", true);
    assert_int_equal(parse(&e, &o, ""), 0);
    assert_string_equal(o.socket, "/run/agent/hydra.sock");
    assert_string_equal(o.socket_group, "hydra");
    options_done(&o);
    assert_int_equal(parse(&e, &o, "--socket none --socket-group wheel"), 0);
    assert_null(o.socket);
    assert_string_equal(o.socket_group, "wheel");
    options_done(&o);
    unsetenv("RUNTIME_DIRECTORY");
}

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *words, *says;
    } cases[] = {
        {"--stat x", "did you mean --state?"},
        {"--state", "--state needs DIR after it."},
        {"--interval 5", "100 to 60000"},
        {"--trial 1", "5 to 3600"},
        {"--socket here", "a whole path, or none"},
        {"--interval soon", "milliseconds"},
        {"--log-level loud", "error, warn, info or debug"},
        {"--log-format xml", "text or json"},
        {"run a b", "b is too much"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct options o;
        struct err e;
        assert_int_equal(parse(&e, &o, cases[i].words), -EINVAL);
        if (!strstr(e.text, cases[i].says))
            fail_msg("%s: %s", cases[i].words, e.text);
    }
}

static void the_environment_gives_way_to_the_command_line(void **state)
{
    struct options o;
    struct err e;
    (void)state;
    setenv("HYDRA_AGENT_STATE", "/from/environment", true);
    setenv("HYDRA_AGENT_INTERVAL", "2000", true);
    assert_int_equal(parse(&e, &o, "--interval 3000"), 0);
    assert_string_equal(o.state, "/from/environment");
    assert_int_equal(o.interval_ms, 3000);
    options_done(&o);
    setenv("HYDRA_AGENT_INTERVAL", "x", true);
    assert_int_equal(parse(&e, &o, ""), -EINVAL);
    assert_non_null(strstr(e.text, "HYDRA_AGENT_INTERVAL: "));
    unsetenv("HYDRA_AGENT_INTERVAL");
    unsetenv("HYDRA_AGENT_STATE");
}

static void systemd_names_the_folder(void **state)
{
    struct options o;
    struct err e;
    (void)state;
    setenv("STATE_DIRECTORY", "/var/lib/elsewhere", true);
    assert_int_equal(parse(&e, &o, ""), 0);
    assert_string_equal(o.state, "/var/lib/elsewhere");
    options_done(&o);
    unsetenv("STATE_DIRECTORY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_verbs_and_options),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(the_environment_gives_way_to_the_command_line),
        cmocka_unit_test(systemd_names_the_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
