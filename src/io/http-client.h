/* Outbound HTTP on a loop: plain http by ourselves, https with libcurl, which is loaded with
 * dlopen() on first need (it costs 8 MiB).
 *
 * One client per loop; everything here belongs to the loop's thread. Nothing blocks: names are
 * resolved on other threads. No redirects are followed, no proxy and no credentials are taken from
 * the environment. `on_done` comes exactly once per call, later than http_client_call(), unless the
 * call is cancelled or the client freed before. */
#pragma once

#include "base/err.h"
#include "io/loop.h"

#include <sys/socket.h>

struct http_client;
struct http_call;

enum { LIMIT_HTTP_ANSWER = 16 << 20 }; /* bytes of a collected body, unless the call says less */

/* How a call ended. Valid during `on_done` only. */
struct http_answer {
    int error;        /* 0: an answer came, whatever its status. -ECONNREFUSED, -ETIMEDOUT, -ENOENT
                         (the name is not known), -EPROTO (TLS or HTTP is broken), -E2BIG, -EACCES
                         (address refused by `allow`, or no right to the socket), -EIO … */
    const char *text; /* the sentence that goes with `error`; "" without */
    int status;       /* HTTP status; 0 = none came */
    const char *body; /* NUL-terminated; NULL when `on_data` took it */
    size_t body_len;
    bool body_cut;          /* there was more than `body_max`, and `cut_body` was set */
    const char *redirect;   /* where a 3xx points, in the server's own words; NULL = nowhere */
    int64_t tls_expires_ms; /* the server certificate's end, wall ms; 0 = no TLS, or not asked */
    uint32_t latency_us;    /* from the start of the call to its end */
};

struct http_request {
    const char *method;         /* NULL = GET, or POST with a body */
    const char *url;            /* http or https */
    const char *unix_socket;    /* path; NULL = TCP */
    const char *const *headers; /* "Name: value", NULL-terminated; NULL = none */
    const void *body;           /* copied */
    size_t body_len;
    uint32_t timeout_ms; /* for the whole call; 0 = none (streams) */
    size_t body_max;     /* of the answer; 0 = LIMIT_HTTP_ANSWER */
    bool cut_body;       /* stop reading at body_max and call it success */
    bool only_head;      /* stop when the status and the headers are there; the body is empty */
    bool fresh;          /* on a connection of its own */
    bool tls_verify, want_certificate;
    /* Asked with each address before it is connected to; NULL = any. */
    bool (*allow)(void *arg, const struct sockaddr *address);
    /* A piece of the body; false ends the call with -ECANCELED. NULL = the body is collected. Only
     * called for answers with a status of 2xx: other bodies are collected. May cancel the call. */
    bool (*on_data)(void *arg, const char *bytes, size_t n);
    void (*on_done)(void *arg, const struct http_answer *a);
    void *arg;
};

struct http_client *http_client_new(struct loop *loop);
/* Cancels what runs; not from within a callback. */
void http_client_free(struct http_client *c);
DEFINE_FREEP(struct http_client, http_client_free)

/* Starts a call. -ENOPKG when libcurl is not installed, -EINVAL. */
int http_client_call(struct http_client *c, const struct http_request *r, struct err *e,
                     struct http_call **ret_call) MUST_CHECK;
/* No callback comes afterwards. NULL is fine; a call that is done must not be cancelled. */
void http_call_cancel(struct http_call *call);

/* "Nov 24 15:00:00 2026 GMT", as OpenSSL prints times, to wall ms. -EINVAL. */
int http_parse_certificate_time(const char *text, int64_t *ret_wall_ms) MUST_CHECK;
