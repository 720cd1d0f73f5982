/* One HTTP/2 connection that carries gRPC calls: what server and client share. */
#pragma once

#include "rpc/framer.h"
#include "rpc/rpc.h"
#include "rpc/transport.h"

#include <nghttp2/nghttp2.h>

struct link;

struct link_settings {
    bool is_server;
    struct loop *loop;
    unsigned keepalive_ms;
    struct rpc_bounds bounds; /* server; none is 0 */
    bool gzip;                /* server: takes it */
    const char *authority;    /* client */
    /* Server: a call begins; false = there is no such method. */
    bool (*request)(void *arg, struct rpc_call *c, const char *path);
    void (*ready)(void *arg);                                      /* client */
    void (*ended)(void *arg, struct link *l, const struct err *e); /* the link frees itself after */
    void *arg;
};

struct link *link_new(const struct link_settings *s);
/* Then transport_begin(); the link owns it. */
void link_attach(struct link *l, struct transport *t);
extern const struct transport_events link_transport_events; /* with the link as `arg` */
struct rpc_call *link_call(struct link *l, const char *path, uint64_t timeout_ms,
                           const struct rpc_events *events, void *arg);
/* Server: what is told of the call, and that its messages may come. */
void link_answer(struct rpc_call *c, const struct rpc_method *m);
bool link_can_call(const struct link *l);
bool link_is_admitted(const struct link *l); /* server: rpc_admit() was called on it */
/* GOAWAY; calls are told that they ended, or not; the link is gone, its `ended` is not called. */
void link_close(struct link *l, bool tell);
