#include "../test.h"

#include "http/host.h"

static const char *const allowed[] = {"hydra.lan", "box:8080", "*.example.org", "192.168.1.5",
                                      NULL};

static void checks_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        enum host_verdict verdict;
    } t[] = {
        {"localhost", HOST_ALLOWED},
        {"LocalHost:7000", HOST_ALLOWED},
        {"a.localhost:1", HOST_ALLOWED},
        {"127.0.0.1", HOST_ALLOWED},
        {"127.1.2.3:80", HOST_ALLOWED},
        {"[::1]", HOST_ALLOWED},
        {"[::1]:80", HOST_ALLOWED},
        {"hydra.lan", HOST_ALLOWED},
        {"HYDRA.LAN:1234", HOST_ALLOWED},
        {"box:8080", HOST_ALLOWED},
        {"box", HOST_UNKNOWN},
        {"box:8081", HOST_UNKNOWN},
        {"a.example.org", HOST_ALLOWED},
        {"a.b.example.org:9", HOST_ALLOWED},
        {"example.org", HOST_UNKNOWN},
        {"badexample.org", HOST_UNKNOWN},
        {"192.168.1.5:80", HOST_ALLOWED},
        {"192.168.1.6", HOST_UNKNOWN},
        {"127.0.0.1.evil.example", HOST_UNKNOWN},
        {"localhost.evil.example", HOST_UNKNOWN},
        {"xlocalhost", HOST_UNKNOWN},
        {"1270.0.0.1", HOST_UNKNOWN},
        {"[::2]", HOST_UNKNOWN},
        {"", HOST_MALFORMED},
        {":80", HOST_MALFORMED},
        {"a:", HOST_MALFORMED},
        {"a:0", HOST_MALFORMED},
        {"a:65536", HOST_MALFORMED},
        {"a:8x", HOST_MALFORMED},
        {"a:80:80", HOST_MALFORMED},
        {"a b", HOST_MALFORMED},
        {"a/b", HOST_MALFORMED},
        {"a@b", HOST_MALFORMED},
        {"localhost\"", HOST_MALFORMED},
        {"[::1", HOST_MALFORMED},
        {"[::1]x", HOST_MALFORMED},
        {"[zz]", HOST_MALFORMED},
        {"[]", HOST_MALFORMED},
        {"::1", HOST_MALFORMED},
        {"a,b", HOST_MALFORMED},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++)
        if (host_check(t[i].host, strlen(t[i].host), allowed) != t[i].verdict)
            fail_msg("wrong verdict for '%s'", t[i].host);
    assert_int_equal(host_check("anything", 8, NULL), HOST_ALLOWED);
    assert_int_equal(host_check("any thing", 9, NULL), HOST_MALFORMED);
}

static void compares_origins(void **state)
{
    (void)state;
    static const struct {
        const char *host, *origin;
        bool same;
    } t[] = {
        {"a:81", "http://a:81", true},
        {"A:81", "http://a:81", true},
        {"a", "http://a", true},
        {"a", "https://a", true},
        {"a:443", "https://a", true},
        {"a", "http://a:80", true},
        {"[::1]:8", "http://[::1]:8", true},
        {"a:80", "https://a", false},
        {"a", "http://a:81", false},
        {"a", "http://b", false},
        {"a", "http://a.b", false},
        {"a", "null", false},
        {"a", "", false},
        {"a", "a", false},
        {"a", "http://a/", false},
        {"a", "http://x@a", false},
        {"a", "ftp://a", false},
        {"a", "http://a http://b", false},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++)
        if (host_is_origin(t[i].host, t[i].origin) != t[i].same)
            fail_msg("wrong for '%s' and '%s'", t[i].host, t[i].origin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_hosts),
        cmocka_unit_test(compares_origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
