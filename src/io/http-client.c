#include "io/http-client.h"

#include "base/str.h"
#include "io/curl-library.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

struct http_client {
    uv_loop_t *uv;
    const struct curl_library *curl; /* NULL before the first call */
    CURLM *multi;
    uv_timer_t *timer;
    struct http_call *calls; /* all that run */
    bool in_curl;            /* within a function of the multi handle: nothing may be removed */
    bool sweep;              /* calls were cancelled or made meanwhile */
};

struct http_call {
    struct http_client *client;
    struct http_call *next, **here;
    CURL *easy;
    struct curl_slist *headers;
    struct str body;
    char *location; /* with only_head: curl doesn't come to it */
    size_t body_max;
    uint64_t started_ns;
    struct http_request r; /* of its pointers only the callbacks are valid */
    bool added;            /* to the multi handle */
    bool cancelled;        /* by the owner: no callback any more */
    bool stopped;          /* on_data returned false */
    bool cut, too_big, denied;
    char error[CURL_ERROR_SIZE];
};

struct watch {
    uv_poll_t poll;
    struct http_client *client;
    curl_socket_t fd;
};

/* --- the multi handle on libuv --- */

static void finish_calls(struct http_client *c);

static void action(struct http_client *c, curl_socket_t fd, int events)
{
    int running;
    c->in_curl = true;
    c->curl->multi_socket_action(c->multi, fd, events, &running);
    c->in_curl = false;
    finish_calls(c);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *w = CONTAINER_OF(poll, struct watch, poll);
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    action(w->client, w->fd, flags);
}

static void on_watch_closed(uv_handle_t *h)
{
    mem_free(CONTAINER_OF((uv_poll_t *)h, struct watch, poll));
}

static struct watch *watch_new(struct http_client *c, curl_socket_t fd)
{
    struct watch *w = mem_alloc(sizeof *w);
    w->client = c;
    w->fd = fd;
    if (uv_poll_init_socket(c->uv, &w->poll, fd) < 0) {
        mem_free(w);
        return NULL;
    }
    c->curl->multi_assign(c->multi, fd, w);
    return w;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)easy;
    struct http_client *c = arg;
    struct watch *w = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            c->curl->multi_assign(c->multi, fd, NULL);
            uv_poll_stop(&w->poll);
            uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        }
        return 0;
    }
    if (!w && !(w = watch_new(c, fd)))
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&w->poll, events, on_poll) < 0 ? -1 : 0;
}

static void on_timeout(uv_timer_t *timer)
{
    action(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* Must not call back into curl: even a timeout of 0 goes over the loop. */
static int on_curl_timer(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    struct http_client *c = arg;
    if (ms < 0)
        uv_timer_stop(c->timer);
    else
        uv_timer_start(c->timer, on_timeout, (uint64_t)ms, 0);
    return 0;
}

static int open_multi(struct http_client *c, struct err *e)
{
    if (c->multi)
        return 0;
    int r = curl_library_get(e, &c->curl);
    if (r < 0)
        return r;
    c->multi = c->curl->multi_init();
    if (!c->multi)
        return err_set(e, -ENOMEM, "libcurl could not be started.");
    c->curl->multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    c->curl->multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    c->curl->multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    c->curl->multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    c->curl->multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, 8L);
    c->timer = mem_alloc(sizeof *c->timer);
    uv_timer_init(c->uv, c->timer);
    c->timer->data = c;
    return 0;
}

/* --- one call --- */

static void call_free(struct http_call *call)
{
    struct http_client *c = call->client;
    *call->here = call->next;
    if (call->next)
        call->next->here = call->here;
    if (call->added)
        c->curl->multi_remove_handle(c->multi, call->easy);
    if (call->easy)
        c->curl->easy_cleanup(call->easy);
    c->curl->slist_free_all(call->headers);
    str_done(&call->body);
    mem_free(call->location);
    mem_free(call);
}

static int status_of(struct http_call *call)
{
    long status = 0;
    call->client->curl->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static size_t collect(struct http_call *call, const char *bytes, size_t n)
{
    size_t room = call->body_max - call->body.len, take = n < room ? n : room;
    str_add_n(&call->body, bytes, take);
    if (take == n)
        return n;
    call->cut = call->r.cut_body;
    call->too_big = !call->cut;
    return 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct http_call *call = arg;
    n *= size;
    if (call->cancelled)
        return 0;
    if (!call->r.on_data || status_of(call) / 100 != 2)
        return collect(call, bytes, n);
    call->stopped = !call->r.on_data(call->r.arg, bytes, n);
    return call->stopped || call->cancelled ? 0 : n;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct http_call *call = arg;
    n *= size;
    static const char name[] = "location:";
    if (n > sizeof name && strncasecmp(bytes, name, sizeof name - 1) == 0) {
        mem_free(call->location);
        char *value = mem_strndup(bytes + sizeof name - 1, n - sizeof name + 1);
        call->location = mem_strdup(str_trim(value));
        mem_free(value);
    }
    bool ends = (n == 2 && memcmp(bytes, "\r\n", 2) == 0) || (n == 1 && *bytes == '\n');
    if (!ends || status_of(call) < 200)
        return n;
    call->cut = true;
    return 0;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct http_call *call = arg;
    (void)purpose;
    if (a->family != AF_UNIX && call->r.allow && !call->r.allow(call->r.arg, &a->addr)) {
        call->denied = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void set_body(struct http_call *call, const struct http_request *r)
{
    const struct curl_library *curl = call->client->curl;
    curl->easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    curl->easy_setopt(call->easy, CURLOPT_COPYPOSTFIELDS, r->body);
}

static void set_options(struct http_call *call, const struct http_request *r)
{
    const struct curl_library *curl = call->client->curl;
    CURL *easy = call->easy;
    curl->easy_setopt(easy, CURLOPT_URL, r->url);
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a name server's answer */
    curl->easy_setopt(easy, CURLOPT_PROXY, "");
    curl->easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl->easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    curl->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, r->tls_verify ? 1L : 0L);
    curl->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, r->tls_verify ? 2L : 0L);
    curl->easy_setopt(easy, CURLOPT_CERTINFO, r->want_certificate ? 1L : 0L);
    curl->easy_setopt(easy, CURLOPT_FORBID_REUSE, r->fresh ? 1L : 0L);
    curl->easy_setopt(easy, CURLOPT_FRESH_CONNECT, r->fresh ? 1L : 0L);
    if (r->only_head) {
        curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
        curl->easy_setopt(easy, CURLOPT_HEADERDATA, call);
    }
    if (r->unix_socket)
        curl->easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, r->unix_socket);
    if (r->body)
        set_body(call, r);
    if (str_eq(r->method, "HEAD"))
        curl->easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (r->method)
        curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static struct http_call *call_new(struct http_client *c, const struct http_request *r)
{
    struct http_call *call = mem_alloc(sizeof *call);
    call->client = c;
    call->r = *r;
    call->body_max = r->body_max ? r->body_max : LIMIT_HTTP_ANSWER;
    call->started_ns = uv_hrtime();
    for (const char *const *h = r->headers; h && *h; h++)
        call->headers = c->curl->slist_append(call->headers, *h);
    call->next = c->calls;
    call->here = &c->calls;
    if (c->calls)
        c->calls->here = &call->next;
    c->calls = call;
    return call;
}

static void add(struct http_call *call)
{
    CURLMcode r = call->client->curl->multi_add_handle(call->client->multi, call->easy);
    assert(r == CURLM_OK); /* it can only be a handle that is added already */
    call->added = true;
}

int http_client_call(struct http_client *c, const struct http_request *r, struct err *e,
                     struct http_call **ret_call)
{
    int code = open_multi(c, e);
    if (code < 0)
        return code;
    struct http_call *call = call_new(c, r);
    call->easy = c->curl->easy_init();
    if (!call->easy) {
        call_free(call);
        return err_set(e, -ENOMEM, "libcurl could not start a request.");
    }
    set_options(call, r);
    if (c->in_curl) /* from within on_data: curl takes nothing now */
        c->sweep = true;
    else
        add(call);
    *ret_call = call;
    return 0;
}

void http_call_cancel(struct http_call *call)
{
    if (!call)
        return;
    if (call->client->in_curl) {
        call->cancelled = true;
        call->client->sweep = true;
    } else {
        call_free(call);
    }
}

/* --- how it ended --- */

static int error_of(struct http_call *call, CURLcode code, int os_error)
{
    switch ((int)code) {
    case CURLE_OK:
        return 0;
    case CURLE_WRITE_ERROR:
        return call->cut ? 0 : call->too_big ? -E2BIG : -ECANCELED;
    case CURLE_COULDNT_RESOLVE_HOST:
        return -ENOENT;
    case CURLE_COULDNT_CONNECT:
        return call->denied ? -EACCES : os_error ? -os_error : -ECONNREFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        return -ETIMEDOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return -EINVAL;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return -ECONNRESET;
    case CURLE_OUT_OF_MEMORY:
        return -ENOMEM;
    default:
        return -EPROTO;
    }
}

static const char *sentence(struct http_call *call, CURLcode code, int error)
{
    switch (error) {
    case 0:
        return "";
    case -ENOENT:
        return code == CURLE_COULDNT_RESOLVE_HOST ? "the host name is not known" : strerror(ENOENT);
    case -ECONNREFUSED:
        return "connection refused";
    case -ECONNRESET:
        return code == CURLE_GOT_NOTHING ? "closed the connection without an answer"
                                         : "the connection broke off";
    case -ETIMEDOUT:
        return "no answer in time";
    case -E2BIG:
        return "the answer is too big";
    case -ECANCELED:
        return "stopped";
    case -EACCES:
        return call->denied ? "this address is not allowed" : strerror(EACCES);
    case -EPROTO:
    case -EINVAL:
        return *call->error ? call->error : call->client->curl->easy_strerror(code);
    default:
        return strerror(-error);
    }
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

static int64_t certificate_end(struct http_call *call)
{
    struct curl_certinfo *info = NULL;
    if (!call->r.want_certificate ||
        call->client->curl->easy_getinfo(call->easy, CURLINFO_CERTINFO, &info) != CURLE_OK ||
        !info || info->num_of_certs < 1)
        return 0;
    for (struct curl_slist *s = info->certinfo[0]; s; s = s->next) {
        int64_t end;
        if (str_starts(s->data, "Expire date:") &&
            http_parse_certificate_time(s->data + strlen("Expire date:"), &end) == 0)
            return end;
    }
    return 0;
}

static void finish(struct http_call *call, CURLcode code)
{
    const struct curl_library *curl = call->client->curl;
    long os_error = 0;
    char *redirect = NULL;
    curl->easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_error);
    curl->easy_getinfo(call->easy, CURLINFO_REDIRECT_URL, &redirect);
    int error = error_of(call, code, (int)os_error);
    struct http_answer a = {
        .error = error,
        .text = sentence(call, code, error),
        .status = status_of(call),
        .body = str_text(&call->body),
        .body_len = call->body.len,
        .body_cut = call->cut && !call->r.only_head,
        .redirect = redirect ? redirect : call->location,
        .tls_expires_ms = certificate_end(call),
        .latency_us = (uint32_t)((uv_hrtime() - call->started_ns) / 1000),
    };
    if (call->r.on_data && a.status / 100 == 2)
        a.body = NULL;
    /* The callback may start calls and cancel others, so this one leaves curl first. */
    if (!call->cancelled)
        call->r.on_done(call->r.arg, &a);
    call_free(call);
}

static void sweep(struct http_client *c)
{
    c->sweep = false;
    for (struct http_call *call = c->calls, *next; call; call = next) {
        next = call->next;
        if (call->cancelled)
            call_free(call);
        else if (!call->added)
            add(call);
    }
}

static void finish_calls(struct http_client *c)
{
    if (c->sweep)
        sweep(c);
    CURLMsg *m;
    int left;
    while ((m = c->curl->multi_info_read(c->multi, &left))) {
        struct http_call *call = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        c->curl->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &call);
        finish(call, code);
    }
}

struct http_client *http_client_new(struct loop *loop)
{
    struct http_client *c = mem_alloc(sizeof *c);
    c->uv = loop_uv(loop);
    return c;
}

static void on_timer_closed(uv_handle_t *h)
{
    mem_free(h);
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    assert(!c->in_curl);
    while (c->calls)
        call_free(c->calls);
    if (c->multi) {
        c->curl->multi_cleanup(c->multi); /* closes kept connections, so watches go too */
        uv_close((uv_handle_t *)c->timer, on_timer_closed);
    }
    mem_free(c);
}
