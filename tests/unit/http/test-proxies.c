#include "../test.h"

#include "base/str.h"
#include "http/proxies.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static void must_parse(struct http_proxies *p, const char *text)
{
    struct err e = {0};
    if (http_proxies_parse(p, text, &e) < 0)
        fail_msg("%s: %s", text, e.text);
}

static struct in6_addr address(const char *text)
{
    struct in6_addr a;
    if (!forwarded_address(text, strlen(text), &a))
        fail_msg("not an address: %s", text);
    return a;
}

static void knows_networks(void **state)
{
    (void)state;
    static const struct {
        const char *setting, *address;
        bool has;
    } t[] = {
        {"", "127.0.0.1", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.0/8", "127.9.9.9", true},
        {"127.0.0.0/8", "128.0.0.1", false},
        {"172.16.0.0/12", "172.31.255.255", true},
        {"172.16.0.0/12", "172.32.0.0", false},
        {"0.0.0.0/0", "8.8.8.8", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"10.0.0.1, fd00::/8", "fd12::1", true},
        {"10.0.0.1, fd00::/8", "fe80::1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::2", false},
        {"10.0.0.1", "::ffff:10.0.0.1", true},
        {"unix", "127.0.0.1", false},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct http_proxies p;
        struct in6_addr a = address(t[i].address);
        must_parse(&p, t[i].setting);
        if (http_proxies_has(&p, &a) != t[i].has)
            fail_msg("\"%s\" and %s", t[i].setting, t[i].address);
    }
}

static void refuses_what_is_no_network(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "localhost",   "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8",          "fd00::/129",
        "10.0.0.1:80", "[::1]",       "*",         "10.0.0.0/8x", "10.0.0.1 10.0.0.2",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err e = {0};
        struct http_proxies p;
        assert_int_equal(http_proxies_parse(&p, bad[i], &e), -EINVAL);
        assert_non_null(strstr(e.text, "trusted-proxies"));
    }
    struct http_proxies p;
    must_parse(&p, "unix,,10.0.0.1");
    assert_true(p.local);
    assert_int_equal(p.n, 1);
    struct str many = {0};
    struct err e = {0};
    for (int i = 0; i <= LIMIT_PROXY_NETWORKS; i++)
        str_addf(&many, "10.0.0.%d,", i);
    assert_int_equal(http_proxies_parse(&p, str_text(&many), &e), -EINVAL);
    str_done(&many);
}

static void reads_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *is; /* NULL = none */
    } t[] = {
        {"192.0.2.7", "::ffff:192.0.2.7"},
        {"192.0.2.7:4711", "::ffff:192.0.2.7"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:443", "2001:db8::1"},
        {"2001:db8::1", "2001:db8::1"},
        {"::1", "::1"},
        {"", NULL},
        {"unknown", NULL},
        {"_hidden", NULL},
        {"192.0.2", NULL},
        {"192.0.2.7:", NULL},
        {"192.0.2.7:port", NULL},
        {"192.0.2.7:123456", NULL},
        {"[192.0.2.7]", NULL},
        {"[2001:db8::1", NULL},
        {"[2001:db8::1]x", NULL},
        {"[2001:db8::1]:", NULL},
        {"[]", NULL},
        {"fe80::1%eth0", NULL},
        {"192.0.2.7 evil", NULL},
        {"1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct in6_addr a, expected;
        bool is = forwarded_address(t[i].text, strlen(t[i].text), &a);
        assert_int_equal(is, t[i].is != NULL);
        if (!is)
            continue;
        assert_int_equal(inet_pton(AF_INET6, t[i].is, &expected), 1);
        assert_memory_equal(&a, &expected, sizeof a);
    }
}

/* Believed: 10.0.0.0/8. `fields` are header lines. */
static struct forwarded read_fields(const char *lines, char *memory, size_t size)
{
    static struct http_field fields[16];
    struct http_proxies p;
    struct head h = {.fields = fields, .max_fields = COUNT_OF(fields)};
    struct forwarded f;
    const char *why = NULL;
    must_parse(&p, "10.0.0.0/8");
    int n = snprintf(memory, size, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", lines);
    assert_int_equal(head_parse(&h, memory, (size_t)n, &why), 0);
    forwarded_read(&p, &h, &f);
    return f;
}

static void follows_only_the_believed(void **state)
{
    (void)state;
    static const struct {
        const char *lines, *client; /* NULL = nothing usable */
    } t[] = {
        {"", NULL},
        {"X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"},
        {"x-forwarded-for: 6.6.6.6, 192.0.2.7\r\n", "192.0.2.7"}, /* the left one is made up */
        {"X-Forwarded-For: 6.6.6.6, 192.0.2.7, 10.1.1.1\r\n", "192.0.2.7"},
        {"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.7, 10.1.1.1\r\n", "192.0.2.7"},
        {"X-Forwarded-For: 192.0.2.7\r\nAccept: a\r\nX-Forwarded-For: 10.1.1.1\r\n", "192.0.2.7"},
        {"X-Forwarded-For: 10.2.2.2, 10.1.1.1\r\n", "10.2.2.2"},
        {"X-Forwarded-For: 6.6.6.6, nonsense, 10.1.1.1\r\n", "10.1.1.1"},
        {"X-Forwarded-For: 6.6.6.6, nonsense\r\n", NULL},
        {"X-Forwarded-For: 6.6.6.6,\r\n", NULL},
        {"X-Forwarded-For:\r\n", NULL},
        {"X-Forwarded-For: ,,,\r\n", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        char memory[512];
        struct forwarded f = read_fields(t[i].lines, memory, sizeof memory);
        assert_int_equal(f.has_client, t[i].client != NULL);
        struct in6_addr expected = t[i].client ? address(t[i].client) : (struct in6_addr){0};
        if (t[i].client && memcmp(&f.client, &expected, sizeof expected) != 0)
            fail_msg("case %zu", i);
    }
}

static void walks_no_further_than_the_limit(void **state)
{
    (void)state;
    char memory[2048], lines[1024] = "X-Forwarded-For: 192.0.2.7";
    for (int i = 0; i < LIMIT_PROXY_HOPS; i++)
        snprintf(lines + strlen(lines), sizeof lines - strlen(lines), ", 10.0.0.%d", i);
    snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "\r\n");
    struct forwarded f = read_fields(lines, memory, sizeof memory);
    struct in6_addr last = address("10.0.0.0");
    assert_memory_equal(&f.client, &last, sizeof last);
}

static void reads_scheme_and_host(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        bool https;
        const char *host;
    } t[] = {
        {"", false, NULL},
        {"X-Forwarded-Proto: https\r\n", true, NULL},
        {"X-Forwarded-Proto: HTTPS\r\n", true, NULL},
        {"X-Forwarded-Proto: http\r\n", false, NULL},
        {"X-Forwarded-Proto: httpss\r\n", false, NULL},
        {"X-Forwarded-Proto: https, http\r\n", false, NULL}, /* the nearest proxy's word counts */
        {"X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", false, NULL},
        {"X-Forwarded-Host: hydra.example.org\r\n", false, "hydra.example.org"},
        {"X-Forwarded-Host: evil, hydra.example.org:8443\r\n", false, "hydra.example.org:8443"},
        {"X-Forwarded-Host:\r\n", false, ""},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        char memory[512];
        struct forwarded f = read_fields(t[i].lines, memory, sizeof memory);
        assert_int_equal(f.https, t[i].https);
        assert_int_equal(f.host != NULL, t[i].host != NULL);
        if (t[i].host) {
            assert_int_equal(f.host_len, strlen(t[i].host));
            assert_memory_equal(f.host, t[i].host, f.host_len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_networks),
        cmocka_unit_test(refuses_what_is_no_network),
        cmocka_unit_test(reads_addresses),
        cmocka_unit_test(follows_only_the_believed),
        cmocka_unit_test(walks_no_further_than_the_limit),
        cmocka_unit_test(reads_scheme_and_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
