/* What link.c, call.c and frames.c share: a connection, and the calls on it. */
#pragma once

#include "rpc/link.h"

struct link {
    struct link_settings settings;
    struct transport *transport;
    nghttp2_session *session;
    struct rpc_call *calls;
    size_t n_calls;
    struct loop_timer *keepalive;
    struct loop_timer *watch;        /* server: TLS has to come, then calls; NULL: there are some */
    struct loop_timer *stranger;     /* server: until a call is admitted */
    unsigned inside;                 /* callbacks under way: nothing is freed, nothing is sent */
    bool is_ready, closing, leaving; /* leaving: GOAWAY came, no new calls */
    bool heard, asked;               /* since the last look: a byte came; a ping waits */
    bool admitted;
};

struct rpc_call {
    struct link *link;
    struct rpc_call *next, *previous; /* of the link */
    int32_t stream;                   /* 0 = not yet: the connection is being made */
    const struct rpc_events *events;
    void *arg;
    struct framer in;
    struct str out;     /* framed messages */
    size_t sent;        /* of `out` */
    struct str headers; /* "name\0value\0…" of the request; the answer's on the client */
    struct rpc_status status;
    struct loop_timer *deadline;
    struct loop_timer *first; /* server: the first message has to come */
    size_t max_message;       /* once it is admitted; 0 = the usual */
    char *path;
    uint64_t timeout_ms;
    int http_status;
    bool is_grpc;    /* the content type says so */
    bool has_status; /* grpc-status has come, or the server has set one */
    bool begun;      /* server: the method runs; client: the request was submitted */
    bool peer_done;  /* nothing more comes */
    bool finishing;  /* nothing more goes after `out` */
    bool deferred;   /* the data provider waits for more */
};

/* --- link.c --- */
/* Hands to the socket what is to be sent. false = the link broke and is gone. */
bool link_flush(struct link *l);
/* Ends what `inside++` began. false = the link was closed meanwhile and is gone. */
bool link_leave(struct link *l);
void link_watch(struct link *l); /* server: a call came or went */
void link_admit(struct link *l);

/* --- call.c --- */
struct rpc_call *call_new(struct link *l, int32_t stream);
void call_free(struct rpc_call *c);
void call_end(struct rpc_call *c);                             /* tells its owner, frees it */
void call_set_status(struct rpc_call *c, struct rpc_status s); /* the first one stands */
void call_set_deadline(struct rpc_call *c, uint64_t ms);       /* 0 = none */
bool call_listens(const struct rpc_call *c); /* its owner wants to know what still comes */
void call_submit(struct rpc_call *c);        /* a client's, once the connection stands */
/* A server's answer without a message: headers that are trailers as well. */
void call_refuse(struct rpc_call *c, int http_status, struct rpc_status s);

/* --- frames.c --- */
void frames_set_callbacks(nghttp2_session_callbacks *callbacks);
