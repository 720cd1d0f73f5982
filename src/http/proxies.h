/* Proxies that are believed when they say for whom they ask: X-Forwarded-For, -Proto, -Host.
 *
 * Nobody is, unless a setting names them: everybody can send these fields, and a proxy that was not
 * told otherwise passes on what its clients sent. Pure. */
#pragma once

#include "base/err.h"
#include "http/head.h"

#include <netinet/in.h>

enum { LIMIT_PROXY_NETWORKS = 64, LIMIT_PROXY_HOPS = 32 };

/* Addresses are IPv6; those of IPv4 stand as ::ffff:192.0.2.7. */
struct http_proxies {
    struct {
        struct in6_addr address;
        unsigned bits; /* that count, 0 … 128 */
    } networks[LIMIT_PROXY_NETWORKS];
    size_t n;
    bool local; /* whoever may connect to a Unix socket */
};

/* "127.0.0.1, 10.0.0.0/8, fd00::/8, unix". -EINVAL with a sentence. */
int http_proxies_parse(struct http_proxies *ret_proxies, const char *text,
                       struct err *e) MUST_CHECK;

bool http_proxies_has(const struct http_proxies *p, const struct in6_addr *address);

/* What believed proxies say of a request. */
struct forwarded {
    struct in6_addr client; /* who asks: the nearest hop that is no proxy of ours */
    bool has_client;        /* false: nothing usable was said */
    bool https;
    const char *host; /* that was asked for; NULL = nothing was said; not checked */
    size_t host_len;
};

/* `h` came from a proxy that is believed. Of lists the rightmost entry is its own; X-Forwarded-For
 * is followed to the left for as long as the entries are proxies that are believed, too. */
void forwarded_read(const struct http_proxies *p, const struct head *h,
                    struct forwarded *ret_forwarded);

bool forwarded_is_said(const struct head *h); /* any of the fields is there */

/* The IPv6 form of an IPv4 address. */
void forwarded_map_v4(const void *v4, struct in6_addr *ret_address);

/* "192.0.2.7", "[2001:db8::1]", each with or without ":port", "2001:db8::1". Of text[0 … len). */
bool forwarded_address(const char *text, size_t len, struct in6_addr *ret_address);
