/* What Docker and Podman answer. The first byte chooses the parser. */
#include "fuzz.h"

#include "node/action-engine.h"
#include "node/container-body.h"
#include "node/container-logs.h"
#include "node/docker-networks.h"
#include "node/docker-usage.h"
#include "node/engine-ask.h"
#include "node/image-pull.h"

static void fuzz_container(const char *text, size_t n)
{
    struct container *c;
    if (docker_parse_container(text, n, NULL, &c) < 0)
        return;
    FUZZ_CHECK(c->seen->name && *c->seen->name && docker_id_is_valid(c->seen->container_id));
    container_settle(c, n % 2);
    FUZZ_CHECK(!c->seen->why || strlen(c->seen->why) <= LIMIT_LINE + 64);
    struct observed *copy = observed_copy(c->seen);
    observed_free(copy);
    container_free(c);
}

static void fuzz_list(const char *text, size_t n)
{
    struct str_list ids = {0};
    if (docker_parse_list(text, n, NULL, &ids) == 0)
        for (size_t i = 0; i < ids.n; i++)
            FUZZ_CHECK(docker_id_is_valid(ids.v[i]));
    str_list_done(&ids);
}

static void fuzz_body(const char *text, size_t n)
{
    json_t *v = NULL;
    char *body = NULL, *name, *further;
    if (json_parse(text, n, LIMIT_DOCKER_ANSWER, NULL, &v) < 0)
        return;
    if (container_body(v, v, "sha256:x", n % 2, NULL, &body) == 0)
        FUZZ_CHECK(body && *body == '{');
    mem_free(body);
    for (size_t i = 0; container_further_network(v, i, &name, &further) == 0; i++) {
        FUZZ_CHECK(name && further);
        mem_free(name);
        mem_free(further);
    }
    json_decref(v);
}

static void fuzz_pull(const char *text, size_t n)
{
    struct pull p = {0};
    int percent = pull_feed(&p, text, n / 2);
    FUZZ_CHECK(percent >= -1 && percent <= 100);
    percent = pull_feed(&p, text + n / 2, n - n / 2);
    FUZZ_CHECK(percent >= -1 && percent <= 100);
    pull_done(&p);
}

static void fuzz_log(const char *text, size_t n)
{
    char *line = docker_last_line(text, n, n % 2);
    FUZZ_CHECK(!line || (strlen(line) <= LIMIT_LINE && str_is_utf8(line, strlen(line))));
    mem_free(line);
    char *lines = docker_last_lines(text, n, n % 2);
    FUZZ_CHECK(!lines || (strlen(lines) <= 20 * (LIMIT_LINE + 1) && str_ends(lines, "\n")));
    mem_free(lines);
}

/* An answer over HTTP, and a report of logs: what is taken reads back. */
static void fuzz_answer(const char *text, size_t n)
{
    AUTO(json_decrefp) json_t *v = NULL;
    if (engine_answer_parse(text, n, NULL, &v) == 0)
        FUZZ_CHECK(v);
    AUTO(mem_freep) char *report = mem_strndup(text, n);
    AUTO(container_logs_done) struct container_logs l = {0};
    AUTO(container_logs_done) struct container_logs again = {0};
    AUTO(str_done) struct str out = {0};
    if (container_logs_parse(report, &l) < 0)
        return;
    container_logs_print(&l, &out);
    FUZZ_CHECK(container_logs_parse(str_text(&out), &again) == 0 && again.v.n == l.v.n);
}

static void fuzz_networks(const char *text, size_t n)
{
    AUTO(str_done) struct str out = {0};
    AUTO(json_decrefp) json_t *v = NULL;
    struct jw w = jw_begin(&out);
    jw_object(&w);
    if (docker_networks_print(text, n, n % 2 ? text : NULL, n, NULL, &w) < 0)
        return;
    jw_end_object(&w);
    FUZZ_CHECK(json_parse(out.p, out.len, LIMIT_DOCKER_ANSWER * 2, NULL, &v) == 0);
}

/* What comes of it is JSON, whatever the engine says. */
static void fuzz_usage(const char *text, size_t n)
{
    AUTO(str_done) struct str out = {0};
    json_t *v = NULL;
    struct jw w = jw_begin(&out);
    jw_object(&w);
    if (docker_usage_print(text, n, NULL, &w) < 0)
        return;
    jw_end_object(&w);
    FUZZ_CHECK(json_parse(out.p, out.len, LIMIT_DOCKER_ANSWER, NULL, &v) == 0);
    json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 1;
    struct docker_version v;
    struct docker_event e;
    struct docker_stats stats;
    struct container_state state;
    if (size < 1)
        return 0;
    switch (data[0]) {
    case 'c':
        fuzz_container(text, size - 1);
        break;
    case 'l':
        fuzz_list(text, size - 1);
        break;
    case 'e':
        if (docker_parse_event(text, size - 1, &e) == 0)
            FUZZ_CHECK(!*e.id || docker_id_is_valid(e.id));
        break;
    case 's':
        (void)!docker_parse_stats(text, size - 1, &stats);
        break;
    case 'b':
        fuzz_body(text, size - 1);
        break;
    case 'p':
        fuzz_pull(text, size - 1);
        break;
    case 'i':
        if (container_state_parse(text, size - 1, &state) == 0)
            FUZZ_CHECK(state.health <= HEALTH_UNHEALTHY && strlen(state.status) < 16);
        break;
    case 'h':
        fuzz_answer(text, size - 1);
        break;
    case 'n':
        fuzz_networks(text, size - 1);
        break;
    case 'u':
        fuzz_usage(text, size - 1);
        break;
    case 'v':
        (void)!docker_parse_version(text, size - 1, NULL, &v);
        break;
    default:
        fuzz_log(text, size - 1);
    }
    return 0;
}
