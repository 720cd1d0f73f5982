#include "../test.h"

#include "cluster/label.h"

static void test_links(void **state)
{
    static const struct {
        const char *url;
        bool safe;
    } cases[] = {
        {"http://a", true},
        {"https://plex.lan:32400/web?x=1#y", true},
        {"HTTPS://A.b/", true},
        {"http://[fe80::1%25eth0]:80/", true},
        {"http://192.168.1.5:8080", true},
        {"javascript:alert(1)", false},
        {"data:text/html,x", false},
        {"//host/x", false},
        {"/relative", false},
        {"ftp://host/", false},
        {"http://", false},
        {"http:///path", false},
        {"http://user:pw@host/", false},
        {"http://user@host/", false},
        {"http://host:/", false},
        {"http://host:0/", false},
        {"http://host:99999/", false},
        {"http://host:80x/", false},
        {"http://[::1", false},
        {"http://host/a b", false},
        {"http://host/\"onload", false},
        {"http://host/<x>", false},
        {"http://host/{{VAR}}", false},
        {"http://host/\n", false},
        {"http://h\xc3\xb6st/", false},
        {" http://host/", false},
        {"", false},
        {NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        if (link_is_safe(cases[i].url) != cases[i].safe)
            fail_msg("%s", cases[i].url ? cases[i].url : "NULL");
}

static void test_traefik_rules(void **state)
{
    static const struct {
        const char *rule;
        bool https;
        const char *link;
    } cases[] = {
        {"Host(`a.lan`)", false, "http://a.lan"},
        {"Host(`a.lan`)", true, "https://a.lan"},
        {"Host(\"a.lan\")", true, "https://a.lan"},
        {"host(`a.lan`) && PathPrefix(`/x`)", true, "https://a.lan/x"},
        {"PathPrefix(`/x`) && Host(`a.lan`)", true, "https://a.lan/x"},
        {"(PathPrefix(`/x`) || PathPrefix(`/y`)) && Host(`a.lan`)", true, "https://a.lan/x"},
        {"Host(`a.lan`,`b.lan`)", false, "http://a.lan"},
        {"Host(`a.lan`) || Host(`b.lan`)", false, "http://a.lan"},
        {"PathPrefix(`/api`) || Host(`b.lan`)", false, "http://b.lan"},
        {"!Host(`a.lan`) && Host(`b.lan`)", false, "http://b.lan"},
        {"!(Host(`a.lan`) || Host(`c.lan`)) && Host(`b.lan`)", false, "http://b.lan"},
        {"Host(`*.example.com`)", false, NULL},
        {"Host(`*.example.com`) || Host(`a.lan`)", false, "http://a.lan"},
        {"HostRegexp(`.+`)", false, NULL},
        {"HostRegexp(`{s:.+}.lan`) && Host(`a.lan`)", false, "http://a.lan"},
        {"ClientIP(`10.0.0.0/8`) && Host(`a.lan`)", false, "http://a.lan"},
        {"Header(`X`, `y`) && Host(`a.lan`)", false, "http://a.lan"},
        {"Query(`a`)", false, NULL},
        {"Host(`a\"onclick`)", false, NULL},
        {"Host(`user@a.lan`)", false, NULL},
        {"Host(``)", false, NULL},
        {"Host('a.lan')", false, NULL},
        {"Host(`a.lan`", false, NULL},
        {"Host(`a.lan`) &&", false, NULL},
        {"Host(`a.lan`) junk", false, NULL},
        {"((((((((((((((((((((Host(`a`)))))))))))))))))))))", false, NULL},
        {"", false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *link = traefik_rule_link(cases[i].rule, cases[i].https);
        if (!str_eq(link, cases[i].link))
            fail_msg("%s: %s", cases[i].rule, link ? link : "NULL");
        mem_free(link);
    }
}

static void test_traefik_routers(void **state)
{
    (void)state;
    struct label plain[] = {{"traefik.http.routers.a.rule", "Host(`a.lan`)"}};
    struct label tls[] = {{"Traefik.HTTP.Routers.A.Rule", "Host(`a.lan`)"},
                          {"traefik.http.routers.a.tls", "true"}};
    struct label entry[] = {{"traefik.http.routers.a.entrypoints", "web,websecure"},
                            {"traefik.http.routers.a.rule", "Host(`a.lan`)"}};
    struct label other[] = {{"traefik.http.routers.a.rule", "Host(`a.lan`)"},
                            {"traefik.http.routers.b.tls", "true"}};
    struct label off[] = {{"traefik.enable", "false"},
                          {"traefik.http.routers.a.rule", "Host(`a.lan`)"}};
    const struct {
        struct label *v;
        size_t n;
        const char *link;
    } cases[] = {{plain, 1, "http://a.lan"},
                 {tls, 2, "https://a.lan"},
                 {entry, 2, "https://a.lan"},
                 {other, 2, "http://a.lan"},
                 {off, 2, NULL}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *link = traefik_link(cases[i].v, cases[i].n);
        assert_true(str_eq(link, cases[i].link));
        mem_free(link);
    }
}

static void test_unraid(void **state)
{
    (void)state;
    struct observed_port port = {.address = "0.0.0.0", .port = 3380, .inner = 80};
    struct observed o = {0};
    o.ports.v = &port;
    o.ports.n = 1;
    static const struct {
        const char *webui, *link;
    } cases[] = {
        {"http://[IP]:[PORT:80]/ui", "http://10.0.0.2:3380/ui"},
        {"http://[IP]:[PORT:8080]", "http://10.0.0.2:8080"},
        {"https://plex.lan/", "https://plex.lan/"},
        {"javascript:[IP]", NULL},
        {"http://[IP]:[PORT:x]/", NULL},
        {"http://[IP]:[PORT:999999]/", NULL},
        {"[PORT:80]", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *link = unraid_link(cases[i].webui, &o, "10.0.0.2");
        if (!str_eq(link, cases[i].link))
            fail_msg("%s: %s", cases[i].webui, link ? link : "NULL");
        mem_free(link);
    }
    str_list_add(&o.networks, "container:gluetun");
    assert_null(unraid_link("http://[IP]:[PORT:80]/", &o, "10.0.0.2"));
    str_list_done(&o.networks);
}

static void test_icons(void **state)
{
    static const struct {
        const char *label, *icon;
    } cases[] = {
        {"plex", "plex"},   {"Plex.PNG", NULL}, {"plex.png", "plex"}, {"sh-plex.svg", "plex"},
        {"mdi-home", NULL}, {"si-plex", NULL},  {"../../etc", NULL},  {"http://x/y.png", NULL},
        {".png", NULL},     {"", NULL},         {NULL, NULL}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char icon[ICON_SIZE] = "";
        bool is = label_icon(cases[i].label, icon);
        assert_int_equal(is, cases[i].icon != NULL);
        if (is)
            assert_string_equal(icon, cases[i].icon);
    }
}

static void test_texts(void **state)
{
    static const struct {
        const char *label;
        size_t max;
        const char *text;
    } cases[] = {{"  Plex \n", 80, "Plex"}, {"a\tb\x01", 80, "a b"},
                 {"abcdef", 3, "abc"},      {"\xc3\xa4\xc3\xa4", 3, "\xc3\xa4"},
                 {"\xff", 80, NULL},        {"   ", 80, NULL},
                 {NULL, 80, NULL}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *text = label_text(cases[i].label, cases[i].max);
        assert_true(str_eq(text, cases[i].text));
        mem_free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),           cmocka_unit_test(test_traefik_rules),
        cmocka_unit_test(test_traefik_routers), cmocka_unit_test(test_unraid),
        cmocka_unit_test(test_icons),           cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
