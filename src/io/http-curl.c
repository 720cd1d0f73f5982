/* Calls over libcurl's multi interface: https. */
#include "io/curl-library.h"
#include "io/http-client-private.h"

#include <assert.h>
#include <sys/socket.h>
#include <unistd.h>

struct curl_multi {
    struct http_client *client;
    const struct curl_library *lib;
    CURLM *handle;
    uv_timer_t *timer;
};

struct curl_call {
    struct http_call *call;
    CURL *easy;
    struct curl_slist *headers;
    bool added; /* to the multi handle */
    char error[CURL_ERROR_SIZE];
};

struct watch {
    uv_poll_t poll;
    struct curl_multi *m;
    curl_socket_t fd;
};

/* --- the multi handle on libuv --- */

static void finish_calls(struct curl_multi *m);

static void action(struct curl_multi *m, curl_socket_t fd, int events)
{
    int running;
    http_client_enter(m->client);
    m->lib->multi_socket_action(m->handle, fd, events, &running);
    http_client_leave(m->client);
    finish_calls(m);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *w = CONTAINER_OF(poll, struct watch, poll);
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    action(w->m, w->fd, flags);
}

static void on_watch_closed(uv_handle_t *h)
{
    mem_free(CONTAINER_OF((uv_poll_t *)h, struct watch, poll));
}

static struct watch *watch_new(struct curl_multi *m, curl_socket_t fd)
{
    struct watch *w = mem_alloc(sizeof *w);
    w->m = m;
    w->fd = fd;
    if (uv_poll_init_socket(loop_uv(m->client->loop), &w->poll, fd) < 0) {
        mem_free(w);
        return NULL;
    }
    m->lib->multi_assign(m->handle, fd, w);
    return w;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)easy;
    struct curl_multi *m = arg;
    struct watch *w = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (w) {
            m->lib->multi_assign(m->handle, fd, NULL);
            uv_poll_stop(&w->poll);
            uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        }
        return 0;
    }
    if (!w && !(w = watch_new(m, fd)))
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&w->poll, events, on_poll) < 0 ? -1 : 0;
}

static void on_timeout(uv_timer_t *timer)
{
    action(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* Must not call back into curl: even a timeout of 0 goes over the loop. */
static int on_curl_timer(CURLM *handle, long ms, void *arg)
{
    (void)handle;
    struct curl_multi *m = arg;
    if (ms < 0)
        uv_timer_stop(m->timer);
    else
        uv_timer_start(m->timer, on_timeout, (uint64_t)ms, 0);
    return 0;
}

static int open_multi(struct http_client *c, struct err *e)
{
    const struct curl_library *lib;
    int r = c->curl ? 0 : curl_library_get(e, &lib);
    if (r < 0 || c->curl)
        return r;
    CURLM *handle = lib->multi_init();
    if (!handle)
        return err_set(e, -ENOMEM, "libcurl could not be started.");
    struct curl_multi *m = c->curl = mem_alloc(sizeof *m);
    m->client = c;
    m->lib = lib;
    m->handle = handle;
    lib->multi_setopt(handle, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    lib->multi_setopt(handle, CURLMOPT_SOCKETDATA, m);
    lib->multi_setopt(handle, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    lib->multi_setopt(handle, CURLMOPT_TIMERDATA, m);
    lib->multi_setopt(handle, CURLMOPT_MAXCONNECTS, 8L);
    m->timer = mem_alloc(sizeof *m->timer);
    uv_timer_init(loop_uv(c->loop), m->timer);
    m->timer->data = m;
    return 0;
}

static void on_timer_closed(uv_handle_t *h)
{
    mem_free(h);
}

void curl_multi_free(struct http_client *c)
{
    struct curl_multi *m = TAKE(c->curl);
    if (!m)
        return;
    m->lib->multi_cleanup(m->handle); /* closes kept connections, so watches go too */
    uv_close((uv_handle_t *)m->timer, on_timer_closed);
    mem_free(m);
}

/* --- one call --- */

static int status_of(const struct curl_call *k)
{
    long status = 0;
    k->call->client->curl->lib->easy_getinfo(k->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
    struct curl_call *k = arg;
    k->call->status = status_of(k);
    return http_call_body(k->call, bytes, size * n) ? size * n : 0;
}

static void note_location(struct http_call *call, const char *line, size_t n)
{
    static const char name[] = "location:";
    if (n < sizeof name || strncasecmp(line, name, sizeof name - 1) != 0)
        return;
    char *value = mem_strndup(line + sizeof name - 1, n - sizeof name + 1);
    mem_set_str(&call->location, str_trim(value));
    mem_free(value);
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
    struct curl_call *k = arg;
    n *= size;
    note_location(k->call, bytes, n);
    k->call->status = status_of(k);
    bool ends = (n == 2 && memcmp(bytes, "\r\n", 2) == 0) || (n == 1 && *bytes == '\n');
    if (!ends || k->call->status < 200)
        return n;
    return http_call_head(k->call) ? n : 0;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)purpose;
    struct curl_call *k = arg;
    if (!http_call_allows(k->call, &a->addr))
        return CURL_SOCKET_BAD;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void set_callbacks(struct curl_call *k, const struct curl_library *lib)
{
    CURL *easy = k->easy;
    lib->easy_setopt(easy, CURLOPT_PRIVATE, k);
    lib->easy_setopt(easy, CURLOPT_ERRORBUFFER, k->error);
    lib->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    lib->easy_setopt(easy, CURLOPT_WRITEDATA, k);
    lib->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    lib->easy_setopt(easy, CURLOPT_HEADERDATA, k);
    lib->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    lib->easy_setopt(easy, CURLOPT_OPENSOCKETDATA, k);
}

static void set_body(struct curl_call *k, const struct curl_library *lib,
                     const struct http_request *r)
{
    lib->easy_setopt(k->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    lib->easy_setopt(k->easy, CURLOPT_COPYPOSTFIELDS, r->body);
}

static void set_options(struct curl_call *k, const struct curl_library *lib,
                        const struct http_request *r)
{
    CURL *easy = k->easy;
    lib->easy_setopt(easy, CURLOPT_URL, r->url);
    lib->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    lib->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    lib->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    lib->easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* never wait for a name server's answer */
    lib->easy_setopt(easy, CURLOPT_PROXY, "");
    lib->easy_setopt(easy, CURLOPT_HTTPHEADER, k->headers);
    lib->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
    lib->easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, r->tls_verify ? 1L : 0L);
    lib->easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, r->tls_verify ? 2L : 0L);
    lib->easy_setopt(easy, CURLOPT_CERTINFO, r->want_certificate ? 1L : 0L);
    lib->easy_setopt(easy, CURLOPT_FORBID_REUSE, r->fresh ? 1L : 0L);
    lib->easy_setopt(easy, CURLOPT_FRESH_CONNECT, r->fresh ? 1L : 0L);
    if (r->unix_socket)
        lib->easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, r->unix_socket);
    if (r->body)
        set_body(k, lib, r);
    if (str_eq(r->method, "HEAD"))
        lib->easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else if (r->method)
        lib->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
}

int curl_start(struct http_call *call, const struct http_request *r, struct err *e)
{
    int code = open_multi(call->client, e);
    if (code < 0)
        return code;
    const struct curl_library *lib = call->client->curl->lib;
    CURL *easy = lib->easy_init();
    if (!easy)
        return err_set(e, -ENOMEM, "libcurl could not start a request.");
    struct curl_call *k = call->curl = mem_alloc(sizeof *k);
    k->call = call;
    k->easy = easy;
    for (const char *const *h = r->headers; h && *h; h++)
        k->headers = lib->slist_append(k->headers, *h);
    set_callbacks(k, lib);
    set_options(k, lib, r);
    return 0;
}

void curl_add(struct http_call *call)
{
    struct curl_call *k = call->curl;
    struct curl_multi *m = call->client->curl;
    if (k->added)
        return;
    CURLMcode r = m->lib->multi_add_handle(m->handle, k->easy);
    assert(r == CURLM_OK); /* it can only be a handle that is added already */
    k->added = true;
}

void curl_call_free(struct http_client *c, struct curl_call *k)
{
    if (!k)
        return;
    if (k->added)
        c->curl->lib->multi_remove_handle(c->curl->handle, k->easy);
    c->curl->lib->easy_cleanup(k->easy);
    c->curl->lib->slist_free_all(k->headers);
    mem_free(k);
}

/* --- how it ended --- */

static int error_of(CURLcode code, int os_error)
{
    switch ((int)code) {
    case CURLE_OK:
        return 0;
    case CURLE_WRITE_ERROR:
        return -ECANCELED;
    case CURLE_COULDNT_RESOLVE_HOST:
        return -ENOENT;
    case CURLE_COULDNT_CONNECT:
        return os_error ? -os_error : -ECONNREFUSED;
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

static const char *sentence(const struct curl_call *k, const struct curl_library *lib,
                            CURLcode code)
{
    switch ((int)code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "the host name is not known";
    case CURLE_GOT_NOTHING:
        return "closed the connection without an answer";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return "the connection broke off";
    case CURLE_COULDNT_CONNECT:
        return NULL; /* the errno's */
    default:
        return *k->error ? k->error : lib->easy_strerror(code);
    }
}

static int64_t certificate_end(const struct curl_call *k, const struct curl_library *lib)
{
    struct curl_certinfo *info = NULL;
    if (!k->call->r.want_certificate ||
        lib->easy_getinfo(k->easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
        info->num_of_certs < 1)
        return 0;
    for (struct curl_slist *s = info->certinfo[0]; s; s = s->next) {
        int64_t end;
        if (str_starts(s->data, "Expire date:") &&
            http_parse_certificate_time(s->data + strlen("Expire date:"), &end) == 0)
            return end;
    }
    return 0;
}

static void finish(struct curl_multi *m, CURL *easy, CURLcode code)
{
    struct curl_call *k = NULL;
    long os_error = 0;
    m->lib->easy_getinfo(easy, CURLINFO_PRIVATE, &k);
    m->lib->easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
    k->call->status = status_of(k);
    k->call->tls_expires_ms = certificate_end(k, m->lib);
    http_call_end(k->call, error_of(code, (int)os_error), sentence(k, m->lib, code));
}

static void finish_calls(struct curl_multi *m)
{
    CURLMsg *message;
    int left;
    while ((message = m->lib->multi_info_read(m->handle, &left)))
        if (message->msg == CURLMSG_DONE)
            finish(m, message->easy_handle, message->data.result);
}
