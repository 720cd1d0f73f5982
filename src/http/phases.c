#include "http/http-private.h"

#include "http/host.h"

#include <assert.h>
#include <strings.h>

/* One step from a parsed head to a handler. False: the request is answered already. */
typedef bool phase(struct http_exchange *x);

static bool refuse(struct http_exchange *x, int status, const char *type, const char *detail)
{
    x->server->stats.refused_total++;
    dispatch_problem(x, status, type, detail);
    return false;
}

static bool parse_target(struct http_exchange *x)
{
    const char *why;
    const struct http_field *host = x->head.known[HEAD_HOST];
    if (target_parse(&x->target, x->head.target, x->head.target_len, &why) < 0)
        return refuse(x, 400, "bad-request", why);
    if (x->target.form == TARGET_STAR && x->method != METHOD_OPTIONS)
        return refuse(x, 400, "bad-request", "The target * is for OPTIONS only.");
    if (x->target.form == TARGET_ABSOLUTE &&
        (!host || host->value_len != x->target.authority_len ||
         strncasecmp(host->value, x->target.authority, host->value_len) != 0)) {
        x->keep = false;
        return refuse(x, 400, "bad-request", "Target and Host name different hosts.");
    }
    return true;
}

static bool refuse_host(struct http_exchange *x, const char *host)
{
    struct str text = {0};
    str_addf(&text,
             "This server does not answer to the name '%s'. If it is meant to, add the name to the "
             "setting 'hosts' in hydrad.yaml or to HYDRA_HOSTS, or open it by an address that is "
             "listed there.",
             host);
    refuse(x, 421, "misdirected", str_text(&text));
    str_done(&text);
    return false;
}

/* Most requests name the host that the one before named. */
static bool is_last_good_host(const struct http_server *s, const struct http_field *host)
{
    return host && host->value_len == s->good_host_len &&
           memcmp(host->value, s->good_host, s->good_host_len) == 0;
}

static void keep_good_host(struct http_server *s, const struct http_field *host)
{
    if (!host || host->value_len > sizeof s->good_host)
        return;
    memcpy(s->good_host, host->value, host->value_len);
    s->good_host_len = host->value_len;
}

static bool check_host(struct http_exchange *x)
{
    const struct http_field *host = x->head.known[HEAD_HOST];
    const char *const *allowed = x->server->settings.hosts;
    if (is_last_good_host(x->server, host))
        return true;
    enum host_verdict verdict = !host ? (allowed ? HOST_MALFORMED : HOST_ALLOWED)
                                      : host_check(host->value, host->value_len, allowed);
    if (verdict == HOST_ALLOWED) {
        keep_good_host(x->server, host);
        return true;
    }
    if (verdict == HOST_UNKNOWN)
        return refuse_host(x, host->value);
    x->keep = false;
    return refuse(x, 400, "bad-request",
                  "The Host header field is missing or malformed. It must be a name that the "
                  "setting 'hosts' (HYDRA_HOSTS) lists.");
}

/* Host has been checked, too: a page that points its name at the proxy may set any field but that.
 */
static bool check_forwarded_host(struct http_exchange *x)
{
    const struct forwarded *f = &x->forwarded;
    if (host_check(f->host, f->host_len, x->server->settings.hosts) != HOST_ALLOWED)
        return refuse_host(x, f->host);
    x->host = f->host;
    return true;
}

static bool believe_proxy(struct http_exchange *x)
{
    const struct http_settings *s = &x->server->settings;
    struct forwarded *f = &x->forwarded;
    x->host = x->head.known[HEAD_HOST] ? x->head.known[HEAD_HOST]->value : NULL;
    if (!x->c->is_proxy || !forwarded_is_said(&x->head))
        return true;
    forwarded_read(s->proxies, &x->head, f);
    if (f->host_len) {
        f->host = arena_dup(&x->arena, f->host, f->host_len);
        if (!check_forwarded_host(x))
            return false;
    }
    x->strict = f->https && x->host && s->strict_hosts && host_is_one_of(x->host, s->strict_hosts);
    return true;
}

/* The values are cut out of the path as strings of their own. */
static void keep_params(struct http_exchange *x)
{
    for (unsigned i = 0; i < x->match.n_params; i++) {
        struct route_param *p = &x->match.params[i];
        p->value = arena_dup(&x->arena, p->value, p->value_len);
    }
}

static void add_allow(struct http_exchange *x, unsigned allowed)
{
    struct str text = {0};
    route_allow_text(allowed, &text);
    http_add_header(x, "Allow", str_text(&text));
    str_done(&text);
}

static bool refuse_method(struct http_exchange *x, unsigned allowed)
{
    struct str text = {0};
    str_add(&text, "This address does not take this method; it takes ");
    route_allow_text(allowed, &text);
    str_add_char(&text, '.');
    add_allow(x, allowed);
    bool go_on = refuse(x, 405, "method-not-allowed", str_text(&text));
    str_done(&text);
    return go_on;
}

static bool answer_options(struct http_exchange *x, unsigned allowed)
{
    add_allow(x, allowed);
    http_reply_empty(x, 204);
    return false;
}

static bool wants_page(const struct http_exchange *x)
{
    const char *accept = http_header(x, "Accept");
    return accept && strstr(accept, "text/html");
}

static bool answer_not_found(struct http_exchange *x, enum route_method method)
{
    const struct http_asset *page = x->server->not_found_page;
    if (!page || (method != METHOD_GET && method != METHOD_HEAD) || !wants_page(x))
        return refuse(x, 404, "not-found", "There is nothing at this address.");
    asset_reply(x, page, 404);
    return false;
}

static bool find_route(struct http_exchange *x)
{
    enum route_method method = x->method;
    if (x->target.form == TARGET_STAR)
        return answer_options(x, (1u << METHOD_COUNT) - 1);
    router_find(x->server->router, method, x->target.path, x->target.path_len, &x->match);
    keep_params(x);
    if (x->match.route)
        return true;
    if (x->match.asset) {
        asset_reply(x, x->match.asset, 200);
        return false;
    }
    if (!x->match.allowed)
        return answer_not_found(x, method);
    if (method == METHOD_OPTIONS)
        return answer_options(x, x->match.allowed);
    return refuse_method(x, x->match.allowed);
}

/* Another site's page may make a browser send a person's cookies along, but not hide where from. */
static bool check_origin(struct http_exchange *x)
{
    enum route_method method = x->method;
    const struct head *h = &x->head;
    if (method == METHOD_GET || method == METHOD_HEAD || method == METHOD_OPTIONS ||
        (x->match.route->flags & ROUTE_ANY_ORIGIN))
        return true;
    const struct http_field *origin = h->known[HEAD_ORIGIN];
    if (!origin && !h->known[HEAD_COOKIE])
        return true;
    if (origin && x->host && host_is_origin(x->host, origin->value))
        return true;
    return refuse(x, 403, "foreign-origin",
                  "A change must come from a page of this server: Origin is missing or names "
                  "another one. A proxy before the server must pass Host on unchanged.");
}

static bool ask_gate(struct http_exchange *x)
{
    const struct http_hooks *hooks = &x->server->settings.hooks;
    int r = hooks->gate ? hooks->gate(hooks->arg, x, x->match.route, false) : 0;
    assert(r != 1 || x->answer.status);
    x->gate_on_worker = r == 2;
    return r != 1;
}

static bool begin_body(struct http_exchange *x)
{
    if (x->match.route->flags & ROUTE_STREAM_BODY)
        x->body.sink = SINK_STREAM;
    int status = body_begin(x);
    return status ? refuse(x, status, body_refusal_type(status), body_refusal_text(status)) : true;
}

static phase *const phases[] = {
    parse_target, check_host, believe_proxy, find_route, check_origin, ask_gate, begin_body,
};

bool phases_pass(struct http_exchange *x)
{
    bool goes_on = true;
    x->in_call = true;
    for (size_t i = 0; i < COUNT_OF(phases) && goes_on; i++)
        goes_on = phases[i](x);
    x->in_call = false;
    return goes_on;
}
