/* gRPC: calls that carry messages in both directions, over HTTP/2, from this program or to it.
 *
 * Follows "gRPC over HTTP2" (grpc/doc/PROTOCOL-HTTP2.md). Everything belongs to one loop. Messages
 * are opaque bytes; what they mean is the caller's. Streams of messages are all there is: a unary
 * call is one message each way. */
#pragma once

#include "io/loop.h"
#include "rpc/framer.h"
#include "rpc/status.h"
#include "rpc/tls.h"

enum {
    LIMIT_RPC_CALLS = 128,        /* at once, on one connection */
    LIMIT_RPC_METADATA = 16384,   /* bytes of headers */
    LIMIT_RPC_CONNECTIONS = 4096, /* of one server */
    LIMIT_RPC_BACKLOG = 8 << 20,  /* bytes of messages of one call that wait to be sent */
    /* What a server bears of a connection on which it has admitted no call. */
    LIMIT_RPC_STRANGER_CALLS = 8,        /* at once */
    LIMIT_RPC_STRANGER_MESSAGE = 16384,  /* bytes, after decompression, too */
    LIMIT_RPC_STRANGERS_OF_ADDRESS = 64, /* connections */
    LIMIT_RPC_STRANGERS = 1024,          /* of all addresses together */
    RPC_HANDSHAKE_MS = 10000,            /* from the connection's beginning to TLS */
    RPC_IDLE_MS = 15000,                 /* without a call; of admitted ones, too */
    RPC_FIRST_MESSAGE_MS = 15000,        /* of a call, whole; of admitted ones, too */
    RPC_STRANGER_MS = 60000,             /* altogether */
};

struct rpc_call;

/* What a call tells its owner. Any may be NULL but `ended`. */
struct rpc_events {
    void (*message)(struct rpc_call *c, const void *bytes, size_t len);
    void (*half_closed)(struct rpc_call *c); /* the other side sends no more messages */
    void (*writable)(struct rpc_call *c);    /* everything that was sent has left */
    /* Once, and the last: `c` is gone after it. Not called for the side that called rpc_drop(). */
    void (*ended)(struct rpc_call *c, const struct rpc_status *s);
};

void rpc_set_arg(struct rpc_call *c, void *arg);
void *rpc_arg(const struct rpc_call *c);

/* Sends one message. -EMSGSIZE: over LIMIT_RPC_MESSAGE; -ENOBUFS: over LIMIT_RPC_BACKLOG, nothing
 * was taken, wait for `writable`; -EPIPE: it is over. */
int rpc_send(struct rpc_call *c, const void *bytes, size_t len) MUST_CHECK;
size_t rpc_backlog(const struct rpc_call *c); /* bytes of messages that have not left */
void rpc_half_close(struct rpc_call *c);      /* a client: no more messages from here */
void rpc_finish(struct rpc_call *c, const struct rpc_status *s); /* a server: the call's result;
                                                      what was sent goes first. `ended` follows */
/* The same, at once: what has not left is thrown away. Also where it is finished already. */
void rpc_abort(struct rpc_call *c, const struct rpc_status *s);
void rpc_drop(struct rpc_call *c); /* cancels it at once; `c` is gone */

/* A server knows who calls and lets it in: the bounds for strangers hold neither for this call nor
 * for its connection any more. */
void rpc_admit(struct rpc_call *c);

const char *rpc_peer_address(const struct rpc_call *c);
bool rpc_peer_certificate(const struct rpc_call *c, struct str *ret_der); /* false = none */
const char *rpc_metadata(const struct rpc_call *c, const char *name);     /* of the request; NULL */

/* --- server --- */

struct rpc_method {
    const char *path; /* "/hydra.agent.v1.Agent/Link" */
    const struct rpc_events *events;
    void (*begin)(struct rpc_call *c, void *arg); /* may finish it */
    size_t max_message; /* bytes; 0 = LIMIT_RPC_MESSAGE. Until rpc_admit() no more than
                           LIMIT_RPC_STRANGER_MESSAGE */
};

/* What a server bears. 0 = as named above. */
struct rpc_bounds {
    unsigned calls, stranger_calls; /* at once, on one connection */
    unsigned strangers_of_address; /* 0: LIMIT_RPC_STRANGERS_OF_ADDRESS, but of loopback any number.
                                      Of IPv6 a /64 is one address. One more: the oldest goes */
    unsigned strangers;            /* altogether; one more: the oldest goes */
    unsigned handshake_ms, idle_ms, first_message_ms, stranger_ms;
};

struct rpc_server_settings {
    struct loop *loop;
    struct tls_context *tls;          /* NULL: plain text (tests) */
    const struct rpc_method *methods; /* ends with a NULL path; others are UNIMPLEMENTED */
    void *arg;
    unsigned keepalive_ms; /* a ping after so long without a byte; the same again for its answer */
    struct rpc_bounds bounds;
    bool gzip; /* messages may come compressed, else such calls are UNIMPLEMENTED: a few bytes may
                  be a thousand times as many for whoever takes them */
};

struct rpc_server;
struct rpc_server *rpc_server_new(const struct rpc_server_settings *s);
/* Listens; port 0 = any. -EADDRINUSE … with a sentence. */
int rpc_server_listen(struct rpc_server *s, const char *address, uint16_t port, struct err *e,
                      uint16_t *ret_port) MUST_CHECK;
size_t rpc_server_connections(const struct rpc_server *s);
/* Tells every client to go elsewhere (GOAWAY); all calls end with UNAVAILABLE, here, too. */
void rpc_server_free(struct rpc_server *s);

/* --- client: one connection, that is dialled once --- */

struct rpc_client_settings {
    struct loop *loop;
    struct tls_context *tls;
    const char *authority; /* "hub.lan:8444" */
    unsigned keepalive_ms;
    void (*ready)(void *arg);
    void (*ended)(void *arg, const struct err *e); /* once; its calls have ended before */
    void *arg;
};

struct rpc_client;
struct rpc_client *rpc_client_new(const struct rpc_client_settings *s, const struct sockaddr *to);
/* Begins a call; at once, also before the connection stands. `timeout_ms` 0 = none. NULL: the
 * connection is going down or carries LIMIT_RPC_CALLS already. */
struct rpc_call *rpc_client_call(struct rpc_client *c, const char *path, uint64_t timeout_ms,
                                 const struct rpc_events *events, void *arg);
void rpc_client_free(struct rpc_client *c); /* drops what is under way; nothing is told */
