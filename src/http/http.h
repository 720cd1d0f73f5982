/* HTTP/1.1 server: connections, requests, routes, answers. Knows no domain.
 *
 * One server lives on one loop. A route declares where its handler runs: ROUTE_ON_LOOP (must not
 * block; it may answer later) or ROUTE_ON_WORKER (plain sequential C that may block). A handler
 * gets a `struct http_exchange`: the request, read-only, and the answer in the making. On a worker
 * the exchange belongs to that worker until the handler returns. Strings of the request live as
 * long as the exchange. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "io/loop.h"
#include "io/worker.h"

/* Every ceiling of the server. http_limits_default() gives the shipped ones; tests set smaller
 * ones. */
struct http_limits {
    size_t head_bytes;      /* request line and header fields together: 16 KiB, then 431 */
    unsigned header_fields; /* 100, then 431 */
    size_t body_bytes;      /* unless the route says more: 1 MiB, then 413 */
    unsigned
        head_deadline_ms; /* first byte to end of head: 10 s, then 408 and close (slow loris) */
    unsigned body_deadline_ms; /* end of head to end of body: 30 s, then 408 and close */
    unsigned idle_ms;          /* keep-alive without a request: 75 s, then close */
    unsigned write_stall_ms;   /* an answer that makes no progress: 30 s, then close */
    unsigned connections;      /* in all: 12,000, then 503 with Retry-After */
    unsigned per_address; /* of one peer address (loopback and believed proxies are exempt): 256,
                           * then 503 */
    unsigned pipelined;   /* requests answered in order from one read: 64, then the rest waits */
    size_t bodies_bytes;  /* of all request bodies held at once: 128 MiB, then 503 */
    size_t
        write_buffer_bytes; /* unsent answer bytes of one connection: 4 MiB, then reading stops */
};
struct http_limits http_limits_default(void);

struct http_server;
struct http_exchange;

typedef void http_handler(struct http_exchange *x);

enum route_where {
    ROUTE_ON_LOOP,   /* on the server's loop; must not block */
    ROUTE_ON_WORKER, /* on a worker thread; may block */
};

enum route_flags {
    ROUTE_PUBLIC = 1,      /* needs no session; says so on purpose */
    ROUTE_ANY_ORIGIN = 2,  /* unsafe method without Origin check (bearer tokens only) */
    ROUTE_STREAM_BODY = 4, /* the handler reads the body in pieces, see http_body_next() */
    ROUTE_OF_RESOURCE = 8, /* for the gate: the right is one on what {id} names, else on what the
                              handler asks about */
};

/* One line of the route table. `path` has literal segments, `{name}` for one segment and a last
 * `{name...}` for the rest (ids contain slashes): "/api/web/services/{id...}". Literal beats
 * `{name}` beats `{name...}`. HEAD follows GET. A route needs `permission` or ROUTE_PUBLIC, or the
 * server does not start. */
struct http_route {
    const char *method, *path;
    enum route_where where;
    unsigned flags;
    const char
        *permission; /* its name, e.g. "services:read"; what it means is the gate's business */
    http_handler *handle;
    size_t body_max; /* 0 = limits.body_bytes */
};

/* Answers that only the layer above can make. All run on the loop. */
struct http_hooks {
    void *arg;
    /* May this request have this route? 0 = yes (the hook has attached its subject with
     * http_set_subject()), 1 = the hook has answered itself, 2 = ask again on a worker (then
     * `on_worker` is true and it may block). */
    int (*gate)(void *arg, struct http_exchange *x, const struct http_route *route, bool on_worker);
    /* Writes a problem for the server's own refusals (400, 404, 405, 408, 413, 421, 431, 503 …). */
    void (*problem)(void *arg, struct http_exchange *x, int status, const char *type,
                    const char *detail);
};

struct http_settings {
    struct http_limits limits;
    struct http_hooks hooks;
    const struct http_route *routes; /* ends with .method = NULL */
    const struct http_asset *assets; /* ends with .path = NULL; may be NULL */
    const char *const *
        hosts; /* Host allow-list: exact host or host:port, `*.name`; NULL-terminated; NULL = any */
    const struct http_proxies *proxies; /* whose X-Forwarded-… is believed; NULL = nobody's */
    const char *const *strict_hosts;    /* exact names for which an answer over TLS (a proxy's) says
                                           Strict-Transport-Security; NULL = none */
    const char *security_policy;        /* Content-Security-Policy of everything that is no page */
};

/* A path that is neither a route nor an asset is answered 404: with the page "/404" when there is
 * such an asset and a browser asks for a page, else with a problem.
 *
 * A file of the web build, made by the build: hashed names are immutable, pages carry an ETag and
 * their policy. */
struct http_asset {
    const char *path;   /* "/_next/static/x.js", "/services" for services.html */
    const char *type;   /* Content-Type */
    const char *etag;   /* quoted */
    const char *policy; /* Content-Security-Policy of this page; NULL for files that are no page */
    bool immutable;
    const unsigned char *plain, *gzip, *brotli; /* NULL when not smaller */
    uint32_t plain_len, gzip_len, brotli_len;
};

/* Ignores SIGPIPE where nobody handles it. The tables and strings of `settings` must outlive the
 * server. */
int http_server_new(struct loop *loop, struct workers *workers,
                    const struct http_settings *settings, struct err *e,
                    struct http_server **ret_server) MUST_CHECK;

/* Listens on "host:port", "[v6]:port" or ":port"; port 0 picks one. Returns the port. May be called
 * several times. */
int http_server_listen(struct http_server *s, const char *address, struct err *e) MUST_CHECK;

/* A socket that is already listening (socket activation). Takes the descriptor. */
int http_server_listen_fd(struct http_server *s, int fd, struct err *e) MUST_CHECK;

/* Graceful end: stops accepting, finishes what is under way (at most `grace_ms`), then calls `done`
 * on the loop. */
void http_server_shutdown(struct http_server *s, unsigned grace_ms, loop_fn *done, void *arg);
void http_server_free(struct http_server *s); /* after `done` */

struct http_stats {
    uint64_t connections_total, requests_total, refused_total, bytes_in, bytes_out;
    uint64_t status_class[6];
    unsigned connections_now;
};
struct http_stats http_server_stats(const struct http_server *s); /* on the loop */

/* --- the request --- */

void *http_context(const struct http_exchange *x); /* hooks.arg: what handlers work on */
const char *http_method(const struct http_exchange *x);
const char *
http_path(const struct http_exchange *x); /* decoded once, normalised; never with `..`, `//`, NUL */
const struct http_route *http_route(const struct http_exchange *x);
const char *http_param(const struct http_exchange *x,
                       const char *name); /* of the route's path; NULL */
const char *http_query(const struct http_exchange *x,
                       const char *name); /* decoded; the first of that name; NULL */
const char *http_query_nth(const struct http_exchange *x, const char *name,
                           unsigned n); /* the n-th of that name, from 0; NULL */
const char *http_header(const struct http_exchange *x,
                        const char *name); /* any case; NULL; repeated = first */
const char *http_cookie(const struct http_exchange *x, const char *name); /* NULL */
const char *http_body(const struct http_exchange *x,
                      size_t *ret_len); /* whole body; "" when none */
/* Who asks: the peer, or for whom a believed proxy says that it asks. */
const char *http_peer(const struct http_exchange *x); /* the address as text; "local" */
/* Who is at the other end of a Unix socket, as the kernel says. On the loop. -ENOTCONN: there is
 * none, or it is no Unix socket. */
int http_peer_user(const struct http_exchange *x, uint32_t *ret_uid) MUST_CHECK;
bool http_peer_is_loopback(const struct http_exchange *x);
bool http_is_https(const struct http_exchange *x); /* a believed proxy says so */
/* The peer says for whom it asks, and is not believed. */
bool http_forwards_in_vain(const struct http_exchange *x);
const char *
http_request_id(struct http_exchange *x); /* made on first need; stands in answer and log */

/* ROUTE_STREAM_BODY, on a worker: the next piece of the body. > 0 its length, 0 the end, negative
 * errno. */
int http_body_next(struct http_exchange *x, const char **ret_piece) MUST_CHECK;

/* Memory, not zeroed, that lives as long as the exchange. For whoever holds the exchange. */
void *http_alloc(struct http_exchange *x, size_t size);
void http_set_subject(struct http_exchange *x,
                      void *subject); /* outlives the exchange, or is of http_alloc() */
void *http_subject(const struct http_exchange *x);

/* --- the answer: exactly one of the http_reply…() per exchange --- */

void http_add_header(struct http_exchange *x, const char *name,
                     const char *value); /* before the reply; copied */
/* The answer depends on Accept-Encoding, and caches are told so. Before the reply. */
void http_vary_by_coding(struct http_exchange *x);
void http_reply(struct http_exchange *x, int status, const char *type, const void *body,
                size_t len); /* copied */
void http_reply_str(struct http_exchange *x, int status, const char *type,
                    struct str *body); /* taken */
/* A shared body; the reference is taken. With an ETag (quoted) a matching If-None-Match is answered
 * 304. */
void http_reply_buf(struct http_exchange *x, int status, const char *type, struct buf *body,
                    const char *etag);
void http_reply_empty(struct http_exchange *x, int status);

/* A body whose length is not known (chunked), from a worker: start, any number of pieces, end. A
 * piece blocks while the peer reads slowly and returns -EPIPE once it is gone. */
void http_reply_begin(struct http_exchange *x, int status, const char *type);
int http_reply_piece(struct http_exchange *x, const void *bytes, size_t len) MUST_CHECK;
void http_reply_end(struct http_exchange *x);

/* A loop handler that answers later: keeps the exchange alive after it returns; the reply ends it.
 * Replies may then come from any thread. */
void http_defer(struct http_exchange *x);
/* For a deferred one that is answered on the loop alone: `left` comes there when the peer is gone,
 * or says no more, before the answer; at most once. The answer is owed all the same. */
void http_on_left(struct http_exchange *x, void (*left)(void *arg), void *arg);

/* On a worker: is the peer gone, or does it say no more? An answer that takes long to find may end
 * then. */
bool http_has_left(struct http_exchange *x) MUST_CHECK;

/* Takes the socket out of the server: a dup of it, non-blocking, after whatever was answered before
 * was flushed; the exchange ends without an answer of the server's. For event streams: the new
 * owner writes the head itself. Only from a loop handler. Negative errno (e.g. -EPIPE) when the
 * connection is gone or still has pipelined requests. */
int http_take_socket(struct http_exchange *x) MUST_CHECK;

/* The security headers that every answer carries, as header lines ("Name: value\r\n…"), for those
 * who write a head themselves. */
const char *http_security_headers(const struct http_server *s);
