/* The dashboard's pages, with what is known put into them: numbers stand before any script asks. */
#include "api/routes.h"

#include "api/gate.h"
#include "api/markup.h"
#include "api/pack.h"
#include "api/pieces.h"
#include "api/problem.h"
#include "base/clock.h"

static const struct http_asset *find_asset(const struct http_asset *assets, const char *path)
{
    for (; assets && assets->path; assets++)
        if (str_eq(assets->path, path))
            return assets;
    return NULL;
}

/* JSON inside HTML: "</" and "<!--" must not end the block. */
static void add_json_block(struct str *page, const char *id, const char *json, size_t len)
{
    str_addf(page, "<script type=\"application/json\" id=\"%s\">", id);
    size_t plain = 0;
    for (size_t i = 0; i < len; i++)
        if (json[i] == '<') {
            str_add_n(page, json + plain, i - plain);
            str_add(page, "\\u003c");
            plain = i + 1;
        }
    str_add_n(page, json + plain, len - plain);
    str_add(page, "</script>");
}

static void add_blocks(struct http_exchange *x, struct str *page, const struct subject *s,
                       bool overview_too)
{
    struct str session = {0};
    session_print(x, s, &session);
    add_json_block(page, "hydra-session", session.p, session.len);
    str_done(&session);
    if (!overview_too)
        return;
    AUTO(buf_unrefp)
    struct buf *overview = cluster_overview_for(api_of(x)->cluster, policy_permissions(s, NULL));
    add_json_block(page, "hydra-overview", overview->bytes, overview->len);
}

static void reply_page(struct http_exchange *x, const struct http_asset *page, size_t body_len,
                       const struct subject *s)
{
    const char *html = (const char *)page->plain;
    bool seen = s && policy_allows(s, PERM_SERVICES_READ, NULL);
    struct str out = {0};
    markup_add(&out, html, body_len, seen ? api_of(x)->cluster : NULL);
    if (s)
        add_blocks(x, &out, s, seen);
    str_add_n(&out, html + body_len, page->plain_len - body_len);
    http_add_header(x, "Cache-Control", "no-store");
    http_add_header(x, "Content-Security-Policy", page->policy);
    pack_reply(x, 200, page->type, &out);
}

/* Nobody: no need to load the page to know it. Other pages come back after the sign-in, so theirs
 * is the way there. Only a navigation is sent on: what the page fetches ahead must not learn that
 * "/" is the sign-in. */
static bool send_to_sign_in(struct http_exchange *x)
{
    if (!str_eq(http_path(x), "/") || !str_eq(http_header(x, "Sec-Fetch-Dest"), "document"))
        return false;
    http_add_header(x, "Location", "/login");
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_empty(x, 303);
    return true;
}

static void get_page(struct http_exchange *x)
{
    struct api *a = api_of(x);
    const struct http_asset *page = find_asset(a->assets, http_path(x));
    const char *secret = http_cookie(x, SESSION_COOKIE),
               *html = page ? (const char *)page->plain : NULL;
    const char *body_end = html ? memmem(html, page->plain_len, "</body>", 7) : NULL;
    struct subject s;
    if (!body_end) {
        problem_reply(
            x,
            &(struct problem){
                .status = 404,
                .type = PROBLEM_NOT_FOUND,
                .detail = "This hydrad was built without the dashboard. Build with ./dev build."});
        return;
    }
    if (str_is_empty(secret) && send_to_sign_in(x))
        return;
    bool known = !str_is_empty(secret) && access_peek(a->access, secret, clock_wall_ms(), &s) == 0;
    reply_page(x, page, (size_t)(body_end - html), known ? &s : NULL);
}

const struct http_route dashboard_routes[] = {
    {"GET", "/", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_page, 0},
    {"GET", "/nodes", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_page, 0},
    {"GET", "/node", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_page, 0},
    {"GET", "/services", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_page, 0},
    {"GET", "/service", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_page, 0},
    {"GET", "/events", ROUTE_ON_LOOP, ROUTE_PUBLIC, NULL, get_page, 0},
    {0},
};
