#include "../test.h"

#include "base/clock.h"
#include "node/docker-json.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Recorded from Docker 20.10 and Podman 4.3: tests/data/docker. */
static char *load(const char *name, size_t *ret_len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/docker/%s", getenv("TEST_DATA"), name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    char *text = mem_alloc(1 << 18);
    ssize_t n = read(fd, text, (1 << 18) - 1);
    assert_true(n > 0);
    close(fd);
    *ret_len = (size_t)n;
    return text;
}

static struct container *parse_file(const char *name, bool asked)
{
    size_t len;
    struct container *c = NULL;
    struct err e = {0};
    char *json = load(name, &len);
    int r = docker_parse_container(json, len, &e, &c);
    if (r < 0)
        fail_msg("%s: %s", name, e.text);
    container_settle(c, asked);
    mem_free(json);
    return c;
}

static int version(const char *json, struct docker_version *ret)
{
    return docker_parse_version(json, strlen(json), NULL, ret);
}

static void the_newest_common_api_is_chosen(void **state)
{
    (void)state;
    static const struct {
        const char *newest, *oldest, *api;
        int result;
    } cases[] = {
        {"1.41", "1.12", "1.41", 0},
        {"1.47", "1.24", "1.47", 0},
        {"1.51", "1.24", "1.51", 0},
        {"1.53", "1.44", "1.51", 0},
        {"1.60", "1.52", NULL, -EPROTONOSUPPORT},
        {"1.40", "1.12", NULL, -EPROTONOSUPPORT},
        {"2.0", "1.12", NULL, -EINVAL},
        {"1.4x", "1.12", NULL, -EINVAL},
        {"", "", NULL, -EINVAL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct docker_version v = {0};
        char json[128];
        snprintf(json, sizeof json, "{\"ApiVersion\":\"%s\",\"MinAPIVersion\":\"%s\"}",
                 cases[i].newest, cases[i].oldest);
        assert_int_equal(version(json, &v), cases[i].result);
        if (cases[i].api)
            assert_string_equal(v.api, cases[i].api);
    }
}

static void engines_are_told_apart(void **state)
{
    (void)state;
    struct docker_version v;
    size_t len;
    char *json = load("docker-version.json", &len);
    assert_int_equal(docker_parse_version(json, len, NULL, &v), 0);
    assert_false(v.podman);
    assert_string_equal(v.api, "1.41");
    assert_string_equal(v.version, "20.10.24+dfsg1");
    mem_free(json);
    json = load("podman-version.json", &len);
    assert_int_equal(docker_parse_version(json, len, NULL, &v), 0);
    assert_true(v.podman);
    assert_string_equal(v.api, "1.41");
    assert_string_equal(v.version, "4.3.1");
    mem_free(json);
}

static void lists_give_ids(void **state)
{
    (void)state;
    static const char *const files[] = {"docker-list.json", "podman-list.json"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        size_t len;
        struct str_list ids = {0};
        char *json = load(files[i], &len);
        assert_int_equal(docker_parse_list(json, len, NULL, &ids), 0);
        assert_int_equal(ids.n, 10);
        assert_int_equal(strlen(ids.v[0]), 64);
        str_list_done(&ids);
        mem_free(json);
    }
    struct str_list ids = {0};
    const char *odd = "[{\"Id\":\"../../secrets\"},{\"Id\":7},{},{\"Id\":\"0123456789ab\"}]";
    assert_int_equal(docker_parse_list(odd, strlen(odd), NULL, &ids), 0);
    assert_int_equal(ids.n, 1);
    str_list_done(&ids);
    assert_int_equal(docker_parse_list("{}", 2, NULL, &ids), -EINVAL);
}

static void states_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        bool asked;
        enum observed_run run;
        bool on_purpose;
        const char *text;
    } cases[] = {
        {"docker-web.json", false, RUN_RUNNING, false, "Up"},
        {"docker-crash.json", false, RUN_FAILED, false, "Exited (3)"},
        {"docker-loop.json", false, RUN_RESTARTING, false, "Restarting (1)"},
        {"docker-broken.json", false, RUN_FAILED, false, "Created"},
        {"docker-stopme.json", true, RUN_STOPPED, true, "Exited (137)"},
        {"docker-killme.json", false, RUN_FAILED, false, "Exited (137)"},
        {"docker-pauseme.json", false, RUN_PAUSED, false, "Paused"},
        {"podman-web.json", false, RUN_RESTARTING, false, "Exited (1)"},
        {"podman-web.json", true, RUN_STOPPED, true, "Exited (1)"},
        {"podman-crash.json", false, RUN_FAILED, false, "Exited (3)"},
        {"podman-loop.json", false, RUN_RESTARTING, false, "Exited (1)"},
        {"podman-broken.json", false, RUN_STOPPED, true, "Created"},
        {"podman-stopme.json", true, RUN_STOPPED, true, "Exited (137)"},
        {"podman-pauseme.json", false, RUN_PAUSED, false, "Paused"},
        {"podman-sick.json", false, RUN_RUNNING, false, "Up"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct container *c = parse_file(cases[i].file, cases[i].asked);
        if (c->seen->run != cases[i].run || c->seen->on_purpose != cases[i].on_purpose)
            fail_msg("%s: run %d, on purpose %d", cases[i].file, c->seen->run, c->seen->on_purpose);
        assert_string_equal(c->seen->run_text, cases[i].text);
        container_free(c);
    }
}

static void everything_of_a_container_is_read(void **state)
{
    (void)state;
    struct container *c = parse_file("docker-web.json", false);
    const struct observed *o = c->seen;
    assert_string_equal(o->name, "web");
    assert_string_equal(o->image, "hydra-test:1");
    assert_true(str_starts(o->image_id, "sha256:"));
    assert_string_equal(o->project, "shop");
    assert_string_equal(c->compose_service, "web");
    assert_string_equal(c->depends, "db:service_healthy:true,cache:service_started:false");
    assert_false(c->oneoff);
    assert_true(c->kept_running);
    assert_true(o->enabled);
    assert_int_equal(o->health, HEALTH_HEALTHY);
    assert_string_equal(o->health_text, "all well");
    assert_string_equal(o->command, "httpd -f -p 127.0.0.1:18099");
    assert_true(o->main_pid > 0);
    assert_true(o->started_ms > 1700000000000);
    assert_int_equal(o->ended_ms, 0);
    assert_false(o->has_exit);
    assert_int_equal(o->labels.n, 5);
    assert_string_equal(o->labels.v[0].key, "com.docker.compose.depends_on");
    assert_string_equal(o->labels.v[4].value, "Shop");
    assert_string_equal(o->mounts.v[0], "/tmp:/host:ro");
    assert_string_equal(o->networks.v[0], "host");
    container_free(c);
}

static void ends_are_explained(void **state)
{
    (void)state;
    struct container *c = parse_file("docker-broken.json", false);
    assert_non_null(strstr(c->seen->why, "/no/such/program"));
    container_free(c);
    c = parse_file("docker-sick.json", false);
    assert_int_equal(c->seen->health, HEALTH_UNHEALTHY);
    assert_string_equal(c->seen->health_text, "connection refused");
    container_free(c);
    c = parse_file("docker-crash.json", false);
    assert_true(c->seen->has_exit);
    assert_int_equal(c->seen->exit_code, 3);
    assert_true(c->seen->ended_ms > c->seen->started_ms);
    assert_null(c->seen->why);
    container_free(c);
    const char *oom =
        "{\"Id\":\"0123456789ab\",\"Name\":\"/x\",\"State\":{\"Status\":\"exited\","
        "\"OOMKilled\":true,\"ExitCode\":137,\"FinishedAt\":\"2026-01-01T00:00:00Z\"},"
        "\"HostConfig\":{\"Memory\":8388608}}";
    assert_int_equal(docker_parse_container(oom, strlen(oom), NULL, &c), 0);
    container_settle(c, false);
    assert_string_equal(c->seen->why, "used more memory than its limit of 8 MiB");
    assert_int_equal(c->seen->run, RUN_FAILED);
    container_free(c);
}

static void podman_is_understood(void **state)
{
    (void)state;
    struct container *c = parse_file("podman-sick.json", false);
    assert_string_equal(c->seen->name, "sick");
    assert_string_equal(c->seen->image, "hydra-test:1");
    assert_int_equal(c->seen->health, HEALTH_STARTING);
    container_free(c);
    c = parse_file("podman-published.json", false);
    assert_int_equal(c->seen->health, HEALTH_NONE);
    container_free(c);
}

static void ports_are_read(void **state)
{
    (void)state;
    static const char json[] =
        "{\"Id\":\"0123456789ab\",\"Name\":\"/x\",\"NetworkSettings\":{\"Ports\":{"
        "\"53/udp\":[{\"HostIp\":\"192.168.1.5\",\"HostPort\":\"53\"}],"
        "\"80/"
        "tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"},{\"HostIp\":\"::\",\"HostPort\":"
        "\"8080\"}],\"443/tcp\":null,\"9/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"70000\"}]}}}";
    struct container *c;
    assert_int_equal(docker_parse_container(json, strlen(json), NULL, &c), 0);
    const struct observed *o = c->seen;
    assert_int_equal(o->ports.n, 2);
    assert_int_equal(o->ports.v[0].port, 53);
    assert_int_equal(o->ports.v[0].inner, 0);
    assert_true(o->ports.v[0].udp);
    assert_string_equal(o->ports.v[0].address, "192.168.1.5");
    assert_int_equal(o->ports.v[1].port, 8080);
    assert_int_equal(o->ports.v[1].inner, 80);
    container_free(c);
    c = parse_file("docker-published.json", false); /* not bound: its intentions count */
    assert_int_equal(c->seen->ports.n, 1);
    assert_int_equal(c->seen->ports.v[0].port, 18080);
    assert_int_equal(c->seen->ports.v[0].inner, 80);
    container_free(c);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "[]",
                                      "null",
                                      "{}",
                                      "{\"Id\":\"0123456789ab\"}",
                                      "{\"Id\":\"../x\",\"Name\":\"/x\"}",
                                      "{\"Id\":\"0123456789ab\",\"Name\":\"/\"}"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct container *c = NULL;
        assert_int_equal(docker_parse_container(bad[i], strlen(bad[i]), NULL, &c), -EINVAL);
    }
    struct container *c;
    const char *odd = "{\"Id\":\"0123456789ab\",\"Name\":\"/x\",\"State\":[],\"Config\":7,"
                      "\"Mounts\":{},\"NetworkSettings\":null,\"HostConfig\":\"\",\"Args\":[1,{}]}";
    assert_int_equal(docker_parse_container(odd, strlen(odd), NULL, &c), 0);
    container_free(c);
}

static enum docker_event_kind kind_of(const char *json, char ret_id[DOCKER_ID_SIZE])
{
    struct docker_event e;
    assert_int_equal(docker_parse_event(json, strlen(json), &e), 0);
    memcpy(ret_id, e.id, DOCKER_ID_SIZE);
    return e.kind;
}

#define EVENT(type, action, more)                                                                  \
    "{\"Type\":\"" type "\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"0123456789ab\","         \
    "\"Attributes\":{" more "}},\"timeNano\":5}"

static void events_have_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum docker_event_kind kind;
        const char *id;
    } cases[] = {
        {EVENT("container", "die", ""), DOCKER_EVENT_CHANGED, "0123456789ab"},
        {EVENT("container", "died", ""), DOCKER_EVENT_CHANGED, "0123456789ab"},
        {EVENT("container", "health_status: healthy", ""), DOCKER_EVENT_CHANGED, "0123456789ab"},
        {EVENT("container", "exec_start: sh", ""), DOCKER_EVENT_OTHER, "0123456789ab"},
        {EVENT("container", "kill", "\"signal\":\"15\""), DOCKER_EVENT_ENDING, "0123456789ab"},
        {EVENT("container", "kill", "\"signal\":\"1\""), DOCKER_EVENT_OTHER, "0123456789ab"},
        {EVENT("container", "kill", ""), DOCKER_EVENT_ENDING, "0123456789ab"},
        {EVENT("container", "start", ""), DOCKER_EVENT_STARTED, "0123456789ab"},
        {EVENT("container", "destroy", ""), DOCKER_EVENT_GONE, "0123456789ab"},
        {EVENT("container", "remove", ""), DOCKER_EVENT_GONE, "0123456789ab"},
        {EVENT("image", "remove", ""), DOCKER_EVENT_OTHER, ""},
        {EVENT("network", "connect", "\"container\":\"ba9876543210\""), DOCKER_EVENT_CHANGED,
         "ba9876543210"},
        {"{}", DOCKER_EVENT_OTHER, ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char id[DOCKER_ID_SIZE];
        enum docker_event_kind kind = kind_of(cases[i].json, id);
        if (kind != cases[i].kind)
            fail_msg("%s: %d", cases[i].json, kind);
        assert_string_equal(id, cases[i].id);
    }
}

static void logs_give_their_last_words(void **state)
{
    (void)state;
    static const char *const files[] = {"docker-crash.log", "podman-crash.log"};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        size_t len;
        char *log = load(files[i], &len), *line = docker_last_line(log, len, false);
        assert_string_equal(line, "cannot open database");
        mem_free(line);
        assert_null(docker_last_line(log, 8, false));
        mem_free(log);
    }
    static const char colours[] = "one\n\x1b[31mtwo\x1b[0m\r\n \n";
    char *line = docker_last_line(colours, sizeof colours - 1, true);
    assert_string_equal(line, "two");
    mem_free(line);
    static const char frames[] = "\1\0\0\0\0\0\0\4hey\n\1\0\0\0\xff\xff\xff\xff you";
    char *lines = docker_last_lines("a\n\n\x1b[1mb\x1b[0m", 11, true);
    assert_string_equal(lines, "a\nb\n");
    mem_free(lines);
    assert_null(docker_last_lines("", 0, false));
    line = docker_last_line(frames, sizeof frames - 1, false); /* a length that lies */
    assert_string_equal(line, "you");
    mem_free(line);
}

static void lines_are_made_clean(void **state)
{
    (void)state;
    char *s = one_line("  a\tb\x01\n\n c \x1b[1;31mred\x1b[0m \xff", 28);
    assert_string_equal(s, "a b c red ?");
    mem_free(s);
    char text[1000];
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "é", 2);
    s = one_line(text, sizeof text);
    assert_true(strlen(s) <= LIMIT_LINE);
    assert_true(str_is_utf8(s, strlen(s)));
    assert_true(str_ends(s, "…"));
    mem_free(s);
    assert_null(one_line(" \n\t ", 4));
}

static void usage_is_told_without_cache(void **state)
{
    (void)state;
    static const char v1[] = "{\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":1500000000}},"
                             "\"memory_stats\":{\"usage\":1000,\"stats\":{\"inactive_file\":9,"
                             "\"total_inactive_file\":300}}}";
    static const char v2[] = "{\"memory_stats\":{\"usage\":1000,\"stats\":{\"inactive_file\":9}}}";
    static const char podman[] = "{\"memory_stats\":{\"usage\":348160}}";
    static const char stopped[] = "{\"cpu_stats\":{\"cpu_usage\":{\"total_usage\":0}},"
                                  "\"memory_stats\":{}}";
    struct docker_stats s;
    assert_int_equal(docker_parse_stats(v1, strlen(v1), &s), 0);
    assert_true(s.cpu_seconds == 1.5 && s.memory == 700);
    assert_int_equal(docker_parse_stats(v2, strlen(v2), &s), 0);
    assert_true(isnan(s.cpu_seconds) && s.memory == 991);
    assert_int_equal(docker_parse_stats(podman, strlen(podman), &s), 0);
    assert_true(s.memory == 348160);
    assert_int_equal(docker_parse_stats(stopped, strlen(stopped), &s), 0);
    assert_true(isnan(s.cpu_seconds) && isnan(s.memory));
    assert_true(docker_parse_stats("[]", 2, &s) < 0);
    assert_true(docker_parse_stats("{", 1, &s) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_common_api_is_chosen),
        cmocka_unit_test(engines_are_told_apart),
        cmocka_unit_test(lists_give_ids),
        cmocka_unit_test(states_are_judged),
        cmocka_unit_test(everything_of_a_container_is_read),
        cmocka_unit_test(ends_are_explained),
        cmocka_unit_test(podman_is_understood),
        cmocka_unit_test(ports_are_read),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(events_have_kinds),
        cmocka_unit_test(usage_is_told_without_cache),
        cmocka_unit_test(logs_give_their_last_words),
        cmocka_unit_test(lines_are_made_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
