/* A TCP connection of the loop, with TLS or without, that gives and takes plain bytes. */
#pragma once

#include "io/loop.h"
#include "rpc/tls.h"

struct transport;

struct transport_events {
    void (*ready)(void *arg);                               /* connected, and the peer is trusted */
    int (*bytes)(void *arg, const void *bytes, size_t len); /* negative = end it */
    void (*drained)(void *arg); /* what was written has left for the kernel */
    /* Once, at the end, unless transport_close() was called. The transport is gone after it. */
    void (*ended)(void *arg, const struct err *e);
};

struct transport_settings {
    struct loop *loop;
    struct tls_context *tls; /* NULL: none (tests, loopback) */
    const struct transport_events *events;
    void *arg;
    const char *address; /* the peer's, for people */
};

struct transport *transport_accepted(const struct transport_settings *s,
                                     uv_tcp_t *tcp); /* takes it */
struct transport *transport_to(const struct transport_settings *s, const struct sockaddr *to);
/* Connects, shakes hands. `ready` or `ended` may be called before this returns. */
void transport_begin(struct transport *t);

void transport_write(struct transport *t, const void *bytes, size_t len);
size_t transport_backlog(const struct transport *t); /* bytes that the kernel has not taken */
bool transport_peer_certificate(const struct transport *t, struct str *ret_der);
const char *transport_address(const struct transport *t);
void transport_close(struct transport *t); /* says good-bye; no event comes after */
