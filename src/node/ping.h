/* Echoes of ICMP (RFC 792, RFC 4443) to one address: by the unprivileged ping socket
 * (net.ipv4.ping_group_range), else by a raw one. Belongs to the loop's thread. */
#pragma once

#include "io/resolve.h"

struct ping;

/* Echo `sequence` came back; or `error` (-EHOSTUNREACH …): the network says that none will. */
typedef void ping_fn(void *arg, int error, uint16_t sequence);

/* -EACCES: this machine lets us use neither kind of socket; another errno: the address can't be
 * asked. */
int ping_open(struct loop *loop, const union resolve_address *to, ping_fn *on_answer, void *arg,
              struct ping **ret_p) MUST_CHECK;
/* -errno when it is known at once that it goes nowhere. */
int ping_send(struct ping *p, uint16_t sequence) MUST_CHECK;
void ping_close(struct ping *p); /* NULL is fine, and so is a call from within on_answer */

/* --- packets; pure --- */

enum { PING_PACKET_SIZE = 16 };

struct ping_form {
    bool v6, raw;
    uint64_t token; /* proves that an answer is to our question */
};
void ping_write(const struct ping_form *f, uint16_t sequence, uint8_t ret_bytes[PING_PACKET_SIZE]);
/* Is it an answer to ours? A raw IPv4 socket gives the header, too. */
bool ping_read(const struct ping_form *f, const uint8_t *bytes, size_t n, uint16_t *ret_sequence);
