#include "../test.h"

#include "node/check-private.h"

static void hosts_and_ports_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint16_t otherwise;
        int result;
        const char *host;
        uint16_t port;
    } cases[] = {
        {"plex:32400", 0, 0, "plex", 32400},  {"[::1]:80", 0, 0, "::1", 80},
        {"[::1]", 53, 0, "::1", 53},          {"::1", 53, 0, "::1", 53},
        {"host", 53, 0, "host", 53},          {"host", 0, -EINVAL, NULL, 0},
        {"host:", 53, -EINVAL, NULL, 0},      {"host:0", 53, -EINVAL, NULL, 0},
        {"host:65536", 53, -EINVAL, NULL, 0}, {"host:8o", 53, -EINVAL, NULL, 0},
        {":80", 0, -EINVAL, NULL, 0},         {"[::1", 53, -EINVAL, NULL, 0},
        {"[::1]x", 53, -EINVAL, NULL, 0},     {"", 53, -EINVAL, NULL, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char host[CHECK_HOST_SIZE];
        uint16_t port;
        int r = check_split_host(cases[i].text, cases[i].otherwise, host, &port);
        if (r != cases[i].result)
            fail_msg("%s: %d", cases[i].text, r);
        if (r == 0) {
            assert_string_equal(host, cases[i].host);
            assert_int_equal(port, cases[i].port);
        }
    }
}

static void urls_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host;
        uint16_t port;
    } cases[] = {
        {"http://plex/identity", "plex", 80},
        {"https://plex?x=y", "plex", 443},
        {"https://[::1]:8443/", "::1", 8443},
        {"http://user:secret@10.0.0.1:81#x", "10.0.0.1", 81},
        {"ftp://plex/", NULL, 0},
        {"http://", NULL, 0},
        {"plex", NULL, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char host[CHECK_HOST_SIZE];
        uint16_t port;
        int r = check_split_url(cases[i].url, host, &port);
        assert_int_equal(r, cases[i].host ? 0 : -EINVAL);
        if (r == 0) {
            assert_string_equal(host, cases[i].host);
            assert_int_equal(port, cases[i].port);
        }
    }
}

static void status_sets_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *set;
        int status;
        bool in;
    } cases[] = {
        {NULL, 200, true},           {NULL, 399, true},
        {NULL, 400, false},          {NULL, 199, false},
        {"200-399,401", 401, true},  {"200-399, 401", 401, true},
        {"200-399,401", 400, false}, {"204", 204, true},
        {"204", 200, false},         {"", 200, false},
        {"nonsense", 200, false},    {"200x", 200, false},
        {"399-200", 300, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (check_status_in(cases[i].set, cases[i].status) != cases[i].in)
            fail_msg("%s holds %d: expected %d", cases[i].set ? cases[i].set : "(none)",
                     cases[i].status, cases[i].in);
}

static void titles_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *page, *title;
    } cases[] = {
        {"<html><head><TITLE>\n Grafana </TITLE>", "Grafana"},
        {"<title lang=\"en\">AdGuard Home</title>", "AdGuard Home"},
        {"<title>never ends", NULL},
        {"<title></title>", NULL},
        {"{\"ok\":true}", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *title = check_page_title(cases[i].page, strlen(cases[i].page));
        if (!str_eq(title, cases[i].title))
            fail_msg("%s: %s", cases[i].page, title ? title : "(none)");
        mem_free(title);
    }
}

static void this_machine_knows_itself(void **state)
{
    (void)state;
    assert_true(check_host_is_local("localhost"));
    assert_true(check_host_is_local("127.0.0.1"));
    assert_true(check_host_is_local("127.3.2.1"));
    assert_true(check_host_is_local("::1"));
    assert_false(check_host_is_local("192.0.2.7"));
    assert_false(check_host_is_local("example.org"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_and_ports_are_split), cmocka_unit_test(urls_are_split),
        cmocka_unit_test(status_sets_are_read),      cmocka_unit_test(titles_are_found),
        cmocka_unit_test(this_machine_knows_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
