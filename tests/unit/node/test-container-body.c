#include "../test.h"

#include "node/container-body.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static json_t *parse(const char *text)
{
    json_t *v = NULL;
    struct err e = {0};
    if (json_parse(text, strlen(text), 1 << 20, &e, &v) < 0)
        fail_msg("%s", e.text);
    return v;
}

/* The body made of these, as JSON. */
static json_t *body(const char *old, const char *image, bool podman)
{
    json_t *o = parse(old), *i = image ? parse(image) : NULL;
    char *text = NULL;
    assert_int_equal(container_body(o, i, "sha256:new", podman, NULL, &text), 0);
    json_t *v = parse(text);
    mem_free(text);
    json_decref(o);
    json_decref(i);
    return v;
}

static void assert_json(const json_t *got, const char *path, const char *expected)
{
    AUTO(mem_freep) char *copy = mem_strdup(path);
    for (char *part = copy, *dot; part; part = dot) {
        dot = strchr(part, '.');
        if (dot)
            *dot++ = 0;
        got = json_object_get(got, part);
    }
    AUTO(mem_freep) char *text = got ? json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (!str_eq(text, expected))
        fail_msg("%s is %s, not %s", path, text ? text : "absent", expected ? expected : "absent");
}

static void test_defaults_of_the_image(void **state)
{
    (void)state;
    json_t *v = body("{\"Id\":\"" ID "\",\"Config\":{\"Image\":\"a:1\",\"Env\":[\"A=1\",\"B=2\"],"
                     "\"Cmd\":[\"x\"],\"Entrypoint\":null,\"WorkingDir\":\"/w\",\"User\":\"me\","
                     "\"Labels\":{\"k\":\"image\",\"mine\":\"1\","
                     "\"com.docker.compose.image\":\"sha256:old\"},"
                     "\"ExposedPorts\":{\"80/tcp\":{},\"81/tcp\":{}}},\"HostConfig\":{}}",
                     "{\"Config\":{\"Env\":[\"A=1\"],\"Cmd\":[\"x\"],\"WorkingDir\":\"/w\","
                     "\"User\":\"root\",\"Labels\":{\"k\":\"image\"},"
                     "\"ExposedPorts\":{\"80/tcp\":{}}}}",
                     false);
    assert_json(v, "Image", "\"a:1\"");
    assert_json(v, "Env", "[\"B=2\"]");
    assert_json(v, "Cmd", NULL);
    assert_json(v, "WorkingDir", NULL);
    assert_json(v, "User", "\"me\"");
    assert_json(v, "Labels", "{\"mine\":\"1\",\"com.docker.compose.image\":\"sha256:new\"}");
    assert_json(v, "ExposedPorts", "{\"81/tcp\":{}}");
    json_decref(v);
}

/* An entrypoint of the person's keeps its command, even when that is the image's, too. */
static void test_command(void **state)
{
    (void)state;
    static const char image[] = "{\"Config\":{\"Entrypoint\":[\"e\"],\"Cmd\":[\"c\"]}}";
    static const struct {
        const char *entrypoint, *cmd, *entrypoint_kept, *cmd_kept;
    } cases[] = {
        {"[\"e\"]", "[\"c\"]", NULL, NULL},
        {"[\"e\"]", "[\"mine\"]", NULL, "[\"mine\"]"},
        {"[\"mine\"]", "[\"c\"]", "[\"mine\"]", "[\"c\"]"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep)
        char *old = mem_printf("{\"Config\":{\"Entrypoint\":%s,\"Cmd\":%s},\"HostConfig\":{}}",
                               cases[i].entrypoint, cases[i].cmd);
        json_t *v = body(old, image, false);
        assert_json(v, "Entrypoint", cases[i].entrypoint_kept);
        assert_json(v, "Cmd", cases[i].cmd_kept);
        json_decref(v);
    }
}

static void test_hostname(void **state)
{
    (void)state;
    static const struct {
        const char *name, *mode, *kept;
    } cases[] = {
        {"0123456789ab", "bridge", NULL}, /* made from the id */
        {"plex", "bridge", "\"plex\""},
        {"tower", "host", NULL},
        {"x", "container:abc", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(mem_freep)
        char *old = mem_printf("{\"Id\":\"" ID "\",\"Config\":{\"Hostname\":\"%s\"},"
                               "\"HostConfig\":{\"NetworkMode\":\"%s\"}}",
                               cases[i].name, cases[i].mode);
        json_t *v = body(old, NULL, false);
        assert_json(v, "Hostname", cases[i].kept);
        json_decref(v);
    }
}

static void test_volumes(void **state)
{
    (void)state;
    json_t *v = body("{\"Config\":{},\"HostConfig\":{\"Binds\":[\"/a:/b\",\"named:/n:ro\"],"
                     "\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/m\"}]},\"Mounts\":["
                     "{\"Type\":\"bind\",\"Source\":\"/a\",\"Destination\":\"/b\"},"
                     "{\"Type\":\"volume\",\"Name\":\"named\",\"Destination\":\"/n\"},"
                     "{\"Type\":\"volume\",\"Name\":\"v1\",\"Destination\":\"/data\",\"RW\":true},"
                     "{\"Type\":\"volume\",\"Name\":\"v2\",\"Destination\":\"/ro\",\"RW\":false},"
                     "{\"Type\":\"volume\",\"Name\":\"v3\",\"Destination\":\"/m\",\"RW\":true}]}",
                     NULL, false);
    assert_json(v, "HostConfig.Binds", "[\"/a:/b\",\"named:/n:ro\",\"v1:/data\",\"v2:/ro:ro\"]");
    assert_json(v, "HostConfig.Mounts",
                "[{\"Type\":\"volume\",\"Target\":\"/m\",\"Source\":\"v3\"}]");
    json_decref(v);
}

static const char networked[] =
    "{\"Id\":\"" ID "\",\"Config\":{},\"HostConfig\":{\"NetworkMode\":\"shop\"},"
    "\"NetworkSettings\":{\"Networks\":{"
    "\"other\":{\"Aliases\":[\"o\"],\"IPAMConfig\":null,\"IPAddress\":\"10.0.0.2\"},"
    "\"shop\":{\"Aliases\":[\"web\",\"0123456789ab\"],\"IPAMConfig\":{\"IPv4Address\":\"10.1.0.9\"}"
    ","
    "\"EndpointID\":\"x\"}}}}";

static void test_networks(void **state)
{
    (void)state;
    json_t *v = body(networked, NULL, false), *old = parse(networked);
    assert_json(v, "NetworkingConfig.EndpointsConfig",
                "{\"shop\":{\"IPAMConfig\":{\"IPv4Address\":\"10.1.0.9\"},\"Aliases\":[\"web\"]}}");
    AUTO(mem_freep) char *name = NULL, *text = NULL;
    assert_int_equal(container_further_network(old, 0, &name, &text), 0);
    assert_string_equal(name, "other");
    assert_string_equal(text, "{\"Container\":\"\",\"EndpointConfig\":{\"Aliases\":[\"o\"]}}");
    assert_int_equal(container_further_network(old, 1, &name, &text), -ENOENT);
    json_decref(old);
    json_decref(v);
    v = body("{\"Config\":{},\"HostConfig\":{\"NetworkMode\":\"host\"},\"NetworkSettings\":"
             "{\"Networks\":{\"host\":{}}}}",
             NULL, false);
    assert_json(v, "NetworkingConfig", NULL);
    json_decref(v);
    v = body("{\"Config\":{},\"HostConfig\":{\"NetworkMode\":\"default\"},\"NetworkSettings\":"
             "{\"Networks\":{\"bridge\":{\"Aliases\":[\"a\"]}}}}",
             NULL, false);
    assert_json(v, "NetworkingConfig.EndpointsConfig", "{\"bridge\":{}}");
    json_decref(v);
}

static void test_podman(void **state)
{
    (void)state;
    json_t *v = body("{\"Config\":{\"Env\":[\"container=podman\",\"HOSTNAME=x\",\"A=1\"],"
                     "\"Entrypoint\":[],\"StopTimeout\":0},\"HostConfig\":{\"Runtime\":\"oci\","
                     "\"MemorySwappiness\":-1,"
                     "\"Ulimits\":[{\"Name\":\"RLIMIT_NOFILE\",\"Hard\":2,\"Soft\":1}]}}",
                     NULL, true);
    assert_json(v, "Env", "[\"A=1\"]");
    assert_json(v, "Entrypoint", NULL);
    assert_json(v, "StopTimeout", NULL);
    assert_json(v, "HostConfig", "{\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":2,\"Soft\":1}]}");
    json_decref(v);
}

static void test_nonsense(void **state)
{
    (void)state;
    json_t *v = parse("{\"Config\":1}");
    char *text = NULL;
    assert_int_equal(container_body(v, NULL, "", false, NULL, &text), -EINVAL);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_of_the_image),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_hostname),
        cmocka_unit_test(test_volumes),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_podman),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
