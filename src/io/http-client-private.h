/* Between http-client.c and the two ways in which a call is made: http-plain.c (http, TCP or Unix
 * socket, nothing but libuv) and http-curl.c (https: libcurl). */
#pragma once

#include "base/str.h"
#include "io/answer-parser.h"
#include "io/http-client.h"

struct http_client {
    struct loop *loop;
    struct http_call *calls; /* all that run */
    unsigned busy;           /* within a way's own machinery: no call may be freed or added */
    bool sweep;              /* calls were cancelled or made meanwhile */
    bool force_curl;         /* for tests */
    struct curl_multi *curl; /* NULL before the first call that needs it */
};

struct http_call {
    struct http_client *client;
    struct http_call *next, **here;
    struct http_request r; /* of its pointers only the callbacks are valid */
    struct str body;
    size_t body_max;
    uint64_t started_ns;
    int status;
    char *location;
    int64_t tls_expires_ms;
    bool cancelled; /* by the owner: no callback any more */
    bool stopped;   /* on_data returned false */
    bool cut, too_big, denied;
    struct plain *plain; /* one of the two is set */
    struct curl_call *curl;
};

/* --- what the ways tell --- */

/* The status and the headers are there (call->status, ->location); false = stop. */
bool http_call_head(struct http_call *call);
/* A piece of the body; false = stop. */
bool http_call_body(struct http_call *call, const char *bytes, size_t n);
/* It ended: `error` as in struct http_answer, but -ECANCELED when one of the above said stop. Tells
 * the owner and frees the call. Not while busy. */
void http_call_end(struct http_call *call, int error, const char *text);
bool http_call_allows(struct http_call *call, const struct sockaddr *a);
/* Around everything that may call http_call_head() and _body(). */
void http_client_enter(struct http_client *c);
void http_client_leave(struct http_client *c); /* frees what was cancelled, starts what was made */

/* --- the ways --- */

/* -EINVAL for URLs that it can't do. */
int plain_start(struct http_call *call, const struct http_request *r, struct err *e) MUST_CHECK;
void plain_free(struct plain *p);

int curl_start(struct http_call *call, const struct http_request *r, struct err *e) MUST_CHECK;
void curl_add(struct http_call *call); /* now that nothing is busy; harmless if it was */
void curl_call_free(struct http_client *c, struct curl_call *k);
void curl_multi_free(struct http_client *c);

/* Makes every call over libcurl; for tests that run against both. */
void http_client_force_curl(struct http_client *c);
