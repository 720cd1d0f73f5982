/* Addresses of a host, found without blocking the loop. Belongs to the loop's thread. */
#pragma once

#include "io/loop.h"

#include <netinet/in.h>

enum { RESOLVE_HOST_SIZE = 256, RESOLVE_ADDRESSES_MAX = 8 };

union resolve_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct resolving;
typedef void resolved_fn(void *arg, int error, const union resolve_address *v, size_t n);

/* IPv6 first. Literals and "localhost" (::1 and 127.0.0.1) need no name server. The callback comes
 * later, never from within; -ENOENT: the name is not known. Of names at most two are asked for at a
 * time: a name server that hangs must not take all of libuv's threads. There is no deadline: cancel
 * it. */
struct resolving *resolve_start(struct loop *loop, const char *host, uint16_t port,
                                resolved_fn *on_done, void *arg);
void resolve_cancel(struct resolving *r); /* on_done will not come; NULL is fine */
