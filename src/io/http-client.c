#include "io/http-client.h"

#include "io/http-client-private.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

/* --- the list of calls --- */

static struct http_call *call_new(struct http_client *c, const struct http_request *r)
{
    struct http_call *call = mem_alloc(sizeof *call);
    call->client = c;
    call->r = *r;
    call->body_max = r->body_max ? r->body_max : LIMIT_HTTP_ANSWER;
    call->started_ns = uv_hrtime();
    call->next = c->calls;
    call->here = &c->calls;
    if (c->calls)
        c->calls->here = &call->next;
    c->calls = call;
    return call;
}

static void call_free(struct http_call *call)
{
    *call->here = call->next;
    if (call->next)
        call->next->here = call->here;
    plain_free(call->plain);
    curl_call_free(call->client, call->curl);
    str_done(&call->body);
    mem_free(call->location);
    mem_free(call);
}

/* A name and a password in the URL mean authentication: libcurl knows how. */
static bool is_plain(const struct http_client *c, const struct http_request *r)
{
    if (c->force_curl || !str_starts(r->url, "http://"))
        return false;
    const char *authority = r->url + strlen("http://");
    return !memchr(authority, '@', strcspn(authority, "/?#"));
}

int http_client_call(struct http_client *c, const struct http_request *r, struct err *e,
                     struct http_call **ret_call)
{
    struct http_call *call = call_new(c, r);
    int code = is_plain(c, r) ? plain_start(call, r, e) : curl_start(call, r, e);
    if (code < 0) {
        call_free(call);
        return code;
    }
    if (c->busy)
        c->sweep = true;
    else if (call->curl)
        curl_add(call);
    *ret_call = call;
    return 0;
}

void http_call_cancel(struct http_call *call)
{
    if (!call)
        return;
    if (call->client->busy) {
        call->cancelled = true;
        call->client->sweep = true;
    } else {
        call_free(call);
    }
}

void http_client_enter(struct http_client *c)
{
    c->busy++;
}

void http_client_leave(struct http_client *c)
{
    if (--c->busy || !c->sweep)
        return;
    c->sweep = false;
    for (struct http_call *call = c->calls, *next; call; call = next) {
        next = call->next;
        if (call->cancelled)
            call_free(call);
        else if (call->curl)
            curl_add(call);
    }
}

/* --- what a call hears --- */

bool http_call_allows(struct http_call *call, const struct sockaddr *a)
{
    bool allowed = a->sa_family == AF_UNIX || !call->r.allow || call->r.allow(call->r.arg, a);
    call->denied = call->denied || !allowed;
    return allowed;
}

bool http_call_head(struct http_call *call)
{
    call->cut = call->cut || call->r.only_head;
    return !call->cancelled && !call->r.only_head;
}

static bool collect(struct http_call *call, const char *bytes, size_t n)
{
    size_t room = call->body_max - call->body.len, take = n < room ? n : room;
    str_add_n(&call->body, bytes, take);
    if (take == n)
        return true;
    call->cut = call->r.cut_body;
    call->too_big = !call->cut;
    return false;
}

bool http_call_body(struct http_call *call, const char *bytes, size_t n)
{
    if (call->cancelled)
        return false;
    if (!call->r.on_data || call->status / 100 != 2)
        return collect(call, bytes, n);
    call->stopped = !call->r.on_data(call->r.arg, bytes, n);
    return !call->stopped && !call->cancelled;
}

/* We stopped it ourselves: why? */
static int own_reason(const struct http_call *call)
{
    return call->cut ? 0 : call->too_big ? -E2BIG : -ECANCELED;
}

static const char *own_sentence(const struct http_call *call, int error, const char *text)
{
    switch (error) {
    case 0:
        return "";
    case -ENOENT:
        return text ? text : strerror(ENOENT);
    case -ECONNREFUSED:
        return "connection refused";
    case -ETIMEDOUT:
        return "no answer in time";
    case -E2BIG:
        return "the answer is too big";
    case -ECANCELED:
        return "stopped";
    case -EACCES:
        return call->denied ? "this address is not allowed" : strerror(EACCES);
    default:
        return text && *text ? text : strerror(-error);
    }
}

void http_call_end(struct http_call *call, int error, const char *text)
{
    assert(!call->client->busy);
    if (error == -ECANCELED)
        error = own_reason(call);
    if (error && call->denied)
        error = -EACCES;
    struct http_answer a = {
        .error = error,
        .text = own_sentence(call, error, text),
        .status = call->status,
        .body = call->r.on_data && call->status / 100 == 2 ? NULL : str_text(&call->body),
        .body_len = call->body.len,
        .body_cut = call->cut && !call->r.only_head,
        .redirect = call->status / 100 == 3 ? call->location : NULL,
        .tls_expires_ms = call->tls_expires_ms,
        .latency_us = (uint32_t)((uv_hrtime() - call->started_ns) / 1000),
    };
    if (!call->cancelled)
        call->r.on_done(call->r.arg, &a);
    call_free(call);
}

/* --- the client --- */

struct http_client *http_client_new(struct loop *loop)
{
    struct http_client *c = mem_alloc(sizeof *c);
    c->loop = loop;
    return c;
}

void http_client_force_curl(struct http_client *c)
{
    c->force_curl = true;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    assert(!c->busy);
    while (c->calls)
        call_free(c->calls);
    curl_multi_free(c);
    mem_free(c);
}

int http_parse_certificate_time(const char *text, int64_t *ret_wall_ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4];
    struct tm tm = {0};
    if (sscanf(text, "%3s %d %d:%d:%d %d GMT", month, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec, &tm.tm_year) != 6)
        return -EINVAL;
    const char *at = strlen(month) == 3 ? strstr(months, month) : NULL;
    if (!at || (at - months) % 3 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_year < 1950 ||
        tm.tm_year > 9999 || tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 ||
        tm.tm_sec < 0 || tm.tm_sec > 60)
        return -EINVAL;
    tm.tm_mon = (int)(at - months) / 3;
    tm.tm_year -= 1900;
    *ret_wall_ms = (int64_t)timegm(&tm) * 1000;
    return 0;
}
