/* The machine's listening sockets, from sock_diag(7) or, where that is not to be had, /proc/net.
 *
 * Only TCP sockets that listen and UDP sockets that are connected to nobody. Of the own network
 * namespace. Not thread-safe. */
#pragma once

#include "base/vec.h"

#include <netinet/in.h>

enum { LIMIT_SOCKETS = 8192, SOCKET_ADDRESS_SIZE = INET6_ADDRSTRLEN };

struct listen_socket {
    struct in6_addr address; /* IPv4 in the first 4 bytes */
    uint64_t inode;
    uint32_t uid;
    uint16_t port;
    bool v6, udp;
};

/* Sorted by inode after sockets_read(); the same sockets always give the same bytes. */
struct socket_table {
    VEC(struct listen_socket) v;
};

struct sockets; /* keeps the netlink socket open */

/* `root`: see node_settings; anything but "" reads recorded /proc/net files. */
struct sockets *sockets_open(const char *root);
void sockets_close(struct sockets *s);
/* Replaces what is in `t`. -EACCES …: nothing could be read. The kernel walks its whole table of
 * UDP sockets for each question, so without `udp_too` those are told as they were at the last time.
 */
int sockets_read(struct sockets *s, bool udp_too, struct socket_table *t) MUST_CHECK;

/* How many are in use, listening or not: what opens or closes one changes a count. */
struct socket_counts {
    uint64_t tcp, tcp6, udp, udp6;
};
/* -errno where the kernel does not tell. */
int sockets_count(struct sockets *s, struct socket_counts *ret_counts) MUST_CHECK;
void sockets_parse_counts(const char *text, struct socket_counts *c);

/* Appends what the text of /proc/net/{tcp,tcp6,udp,udp6} tells; lines it can't read are left out.
 */
void sockets_parse(const char *text, size_t len, bool v6, bool udp, struct socket_table *t);

bool sockets_equal(const struct socket_table *a, const struct socket_table *b);

/* "127.0.0.1", "::" */
const char *socket_address(const struct listen_socket *s, char ret_text[SOCKET_ADDRESS_SIZE]);
