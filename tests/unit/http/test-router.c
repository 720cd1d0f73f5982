#include "../test.h"

#include "http/router.h"

#include <errno.h>

static void nothing(struct http_exchange *x)
{
    (void)x;
}

#define R(method, path)                                                                            \
    {                                                                                              \
        method, path, ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, nothing, 0                                \
    }

static const struct http_route routes[] = {
    R("GET", "/"),
    R("GET", "/a"),
    R("POST", "/a"),
    R("GET", "/a/{id}"),
    R("DELETE", "/a/{id}"),
    R("GET", "/a/new"),
    R("GET", "/a/{id}/parts/{part}"),
    R("GET", "/a/{id}/{rest...}"),
    R("PUT", "/f/{path...}"),
    R("GET", "/f/x/y"),
    {0},
};
static const struct http_asset assets[] = {
    {.path = "/index"}, {.path = "/_next/x.js"}, {.path = "/f/z"}, {0}};

static struct router *router;

static int set_up(void **state)
{
    (void)state;
    struct err e = {0};
    return router_new(routes, assets, &e, &router);
}

static int tear_down(void **state)
{
    (void)state;
    router_free(router);
    return 0;
}

static void finds_routes(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *route, *params;
    } t[] = {
        {"GET", "/", "/", ""},
        {"HEAD", "/", "/", ""},
        {"GET", "/a", "/a", ""},
        {"GET", "/a/new", "/a/new", ""},
        {"GET", "/a/7", "/a/{id}", "id=7;"},
        {"DELETE", "/a/new", "/a/{id}", "id=new;"},
        {"GET", "/a/7/parts/8", "/a/{id}/parts/{part}", "id=7;part=8;"},
        {"GET", "/a/7/parts", "/a/{id}/{rest...}", "id=7;rest=parts;"},
        {"GET", "/a/7/parts/8/9", "/a/{id}/{rest...}", "id=7;rest=parts/8/9;"},
        {"GET", "/a/new/x", "/a/{id}/{rest...}", "id=new;rest=x;"},
        {"PUT", "/f/x/y", "/f/{path...}", "path=x/y;"},
        {"GET", "/f/x/y", "/f/x/y", ""},
        {"PUT", "/f/a", "/f/{path...}", "path=a;"},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct route_match m;
        struct str params = {0};
        router_find(router, route_method(t[i].method), t[i].path, strlen(t[i].path), &m);
        if (!m.route)
            fail_msg("nothing for %s %s", t[i].method, t[i].path);
        assert_string_equal(m.route->path, t[i].route);
        for (unsigned p = 0; p < m.n_params; p++)
            str_addf(&params, "%.*s=%.*s;", (int)m.params[p].name_len, m.params[p].name,
                     (int)m.params[p].value_len, m.params[p].value);
        assert_string_equal(str_text(&params), t[i].params);
        str_done(&params);
    }
}

static void finds_assets(void **state)
{
    (void)state;
    struct route_match m;
    router_find(router, METHOD_GET, "/_next/x.js", 11, &m);
    assert_ptr_equal(m.asset, &assets[1]);
    router_find(router, METHOD_HEAD, "/index", 6, &m);
    assert_ptr_equal(m.asset, &assets[0]);
    router_find(router, METHOD_POST, "/index", 6, &m);
    assert_null(m.asset);
    assert_int_not_equal(m.allowed, 0);
    router_find(router, METHOD_PUT, "/f/z", 4, &m);
    assert_string_equal(m.route->path, "/f/{path...}");
}

static void tells_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *path, *allow;
    } t[] = {
        {"/a", "GET, HEAD, POST, OPTIONS"},
        {"/a/new", "GET, HEAD, DELETE, OPTIONS"},
        {"/f/q", "PUT, OPTIONS"},
        {"/f/z", "GET, HEAD, PUT, OPTIONS"},
        {"/nothing", ""},
        {"/a/", ""},
        {"/f/", ""},
        {"/f", ""},
        {"/A", ""},
        {"*", ""},
        {"", ""},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        struct route_match m;
        struct str allow = {0};
        router_find(router, METHOD_COUNT, t[i].path, strlen(t[i].path), &m);
        assert_null(m.route);
        route_allow_text(m.allowed, &allow);
        assert_string_equal(str_text(&allow), t[i].allow);
        str_done(&allow);
    }
}

static void refuses_tables(void **state)
{
    (void)state;
    static const struct http_route bad[] = {
        {"GET", "/x", ROUTE_ON_LOOP, 0, NULL, nothing, 0},
        {"GET", "/x", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, NULL, 0},
        {"POST", "/x", ROUTE_ON_LOOP, ROUTE_PUBLIC | ROUTE_STREAM_BODY, NULL, nothing, 0},
        R("BREW", "/x"),
        R("HEAD", "/x"),
        R("GET", "x"),
        R("GET", ""),
        R("GET", "/{a...}/b"),
        R("GET", "/{a"),
        R("GET", "/{}"),
        R("GET", "/x{a}"),
        R("GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct http_route table[2] = {bad[i], {0}};
        struct router *r;
        struct err e = {0};
        assert_int_equal(router_new(table, NULL, &e, &r), -EINVAL);
        assert_true(e.text[0]);
    }
    struct http_route twice[] = {R("GET", "/a/{x}"), R("GET", "/a/{y}"), {0}};
    struct router *r;
    assert_int_equal(router_new(twice, NULL, NULL, &r), -EINVAL);
    struct http_route taken[] = {R("GET", "/index"), {0}};
    assert_int_equal(router_new(taken, assets, NULL, &r), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_routes),
        cmocka_unit_test(finds_assets),
        cmocka_unit_test(tells_what_is_allowed),
        cmocka_unit_test(refuses_tables),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
