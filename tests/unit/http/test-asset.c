#include "harness.h"

#include <stdio.h>
#include <unistd.h>

static struct buf *document;

static void on_document(struct http_exchange *x)
{
    http_reply_buf(x, 200, "application/json", buf_ref(document), "\"v1\"");
}

static const struct http_route routes[] = {
    {"GET", "/document", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_document, 0},
    {"GET", "/api/x", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, on_document, 0},
    {0},
};

#define BYTES(name, text) .name = (const unsigned char *)(text), .name##_len = sizeof(text) - 1

static const struct http_asset assets[] = {
    {.path = "/page",
     .type = "text/html; charset=utf-8",
     .etag = "\"p\"",
     .policy = "default-src 'self'",
     BYTES(plain, "<plain>"),
     BYTES(gzip, "<gzip>"),
     BYTES(brotli, "<brotli>")},
    {.path = "/_next/static/x-1a2b.js",
     .type = "text/javascript",
     .etag = "\"x\"",
     .immutable = true,
     BYTES(plain, "script")},
    {.path = "/404",
     .type = "text/html",
     .etag = "\"n\"",
     .policy = "default-src 'none'",
     BYTES(plain, "<lost>")},
    {0},
};

static struct served server;

static int set_up(void **state)
{
    (void)state;
    document = buf_new("{}", 2);
    serve(&server, (struct http_settings){.routes = routes,
                                          .assets = assets,
                                          .security_policy = "default-src 'none'; sandbox"});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    served_shutdown(&server, 1000);
    serve_end(&server);
    buf_unref(document);
    return 0;
}

static char *get(const char *path, const char *headers)
{
    char request[512];
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", path, headers);
    return ask(&server, request);
}

static void serves_pages(void **state)
{
    (void)state;
    char *a = get("/page", "");
    assert_string_equal(body_of(a), "<plain>");
    assert_true(has_header(a, "Content-Security-Policy: default-src 'self'\r\n"));
    assert_false(has_header(a, "Content-Security-Policy: default-src 'none'"));
    assert_true(has_header(a, "ETag: \"p\"\r\n"));
    assert_true(has_header(a, "Cache-Control: no-cache\r\n"));
    assert_true(has_header(a, "Vary: Accept-Encoding\r\n"));
    assert_false(has_header(a, "Content-Encoding"));
    mem_free(a);
}

static void serves_what_the_peer_takes(void **state)
{
    (void)state;
    char *a = get("/page", "Accept-Encoding: gzip, br\r\n");
    assert_string_equal(body_of(a), "<brotli>");
    assert_true(has_header(a, "Content-Encoding: br\r\n"));
    assert_true(has_header(a, "ETag: W/\"p\"\r\n"));
    mem_free(a);
    a = get("/page", "Accept-Encoding: gzip\r\n");
    assert_string_equal(body_of(a), "<gzip>");
    assert_true(has_header(a, "Content-Encoding: gzip\r\n"));
    mem_free(a);
    a = get("/_next/static/x-1a2b.js", "Accept-Encoding: gzip, br\r\n");
    assert_string_equal(body_of(a), "script");
    assert_false(has_header(a, "Vary"));
    mem_free(a);
}

static void lets_hashed_names_be_kept(void **state)
{
    (void)state;
    char *a = get("/_next/static/x-1a2b.js", "");
    assert_true(has_header(a, "Cache-Control: public, max-age=31536000, immutable\r\n"));
    assert_true(has_header(a, "Content-Security-Policy: default-src 'none'; sandbox\r\n"));
    mem_free(a);
}

static void answers_304(void **state)
{
    (void)state;
    static const struct {
        const char *path, *headers;
        int status;
    } t[] = {
        {"/page", "If-None-Match: \"p\"\r\n", 304},
        {"/page", "If-None-Match: W/\"p\"\r\nAccept-Encoding: br\r\n", 304},
        {"/page", "If-None-Match: \"q\"\r\n", 200},
        {"/document", "If-None-Match: \"v0\", \"v1\"\r\n", 304},
        {"/document", "If-None-Match: *\r\n", 304},
        {"/document", "", 200},
        {"/document", "If-None-Match: \"v2\"\r\n", 200},
    };
    for (size_t i = 0; i < COUNT_OF(t); i++) {
        char *a = get(t[i].path, t[i].headers);
        assert_int_equal(status_of(a), t[i].status);
        assert_true(has_header(a, "ETag: "));
        assert_int_equal(has_header(a, "Content-Length: "), t[i].status == 200);
        assert_int_equal(strlen(body_of(a)) > 0, t[i].status == 200);
        mem_free(a);
    }
}

static void shows_a_page_for_what_is_missing(void **state)
{
    (void)state;
    char *a = get("/missing", "Accept: text/html,*/*\r\n");
    assert_int_equal(status_of(a), 404);
    assert_string_equal(body_of(a), "<lost>");
    assert_true(has_header(a, "Content-Security-Policy: default-src 'none'\r\n"));
    assert_false(has_header(a, "ETag"));
    mem_free(a);
    a = get("/missing", "Accept: application/json\r\n");
    assert_int_equal(status_of(a), 404);
    assert_true(has_header(a, "Content-Type: application/problem+json"));
    mem_free(a);
}

static void carries_the_security_headers(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "X-Content-Type-Options: nosniff\r\n",
        "X-Frame-Options: DENY\r\n",
        "Cross-Origin-Resource-Policy: same-origin\r\n",
        "Content-Security-Policy: ",
        "Date: ",
        /* of a page alone */
        "Referrer-Policy: no-referrer\r\n",
        "Cross-Origin-Opener-Policy: same-origin\r\n",
        "Permissions-Policy: ",
    };
    static const struct {
        const char *path;
        size_t n;
    } wanted[] = {{"/page", COUNT_OF(headers)}, {"/document", 5}, {"/missing", 5}};
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        char *a = get(wanted[i].path, "");
        for (size_t h = 0; h < COUNT_OF(headers); h++)
            assert_int_equal(has_header(a, headers[h]), h < wanted[i].n);
        assert_false(has_header(a, "Strict-Transport-Security"));
        assert_false(has_header(a, "Server"));
        mem_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_pages),
        cmocka_unit_test(serves_what_the_peer_takes),
        cmocka_unit_test(lets_hashed_names_be_kept),
        cmocka_unit_test(answers_304),
        cmocka_unit_test(shows_a_page_for_what_is_missing),
        cmocka_unit_test(carries_the_security_headers),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
