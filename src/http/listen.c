#include "http/http-private.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

struct listener {
    uv_poll_t poll;
    uv_timer_t pause;
    struct http_server *server; /* NULL once it is closed */
    int fd;
    unsigned handles; /* open ones */
};

/* --- who may connect --- */

static void address_key(const struct connection *c, char key[2 * 16 + 1])
{
    /* The owner of one IPv6 address has the /64 around it. */
    str_hex(&c->address, c->family == AF_INET ? 4 : 8, key);
}

/* Counts the connection. False: there are too many from there. */
static bool address_note(struct http_server *s, struct connection *c)
{
    char key[33];
    if (c->is_loopback)
        return true;
    address_key(c, key);
    unsigned *n = map_get(&s->per_address, key);
    if (!n) {
        n = mem_alloc(sizeof *n);
        map_set(&s->per_address, key, n);
    }
    return ++*n <= s->limits.per_address;
}

void address_forget(struct http_server *s, const struct connection *c)
{
    char key[33];
    if (c->is_loopback)
        return;
    address_key(c, key);
    unsigned *n = map_get(&s->per_address, key);
    if (n && --*n == 0)
        mem_free(map_remove(&s->per_address, key));
}

static void refuse_connection(struct connection *c, const char *text)
{
    struct http_server *s = c->server;
    c->is_refused = true;
    s->n_refused++;
    connection_refuse(c, 503, "overloaded", text);
    connection_process(c);
}

static void take_connection(struct http_server *s, int fd, const struct sockaddr *peer)
{
    if (s->n_refused >= LIMIT_REFUSED_LINGERING) {
        close(fd);
        return;
    }
    bool full = s->stats.connections_now - s->n_refused >= s->limits.connections;
    struct connection *c = connection_new(s, fd, peer);
    bool welcome = address_note(s, c);
    if (full)
        refuse_connection(c, "The server has as many connections as it may: try again soon.");
    else if (!welcome)
        refuse_connection(c, "Your address has as many connections as one may have: try again "
                             "soon.");
    else
        connection_process(c);
}

/* --- out of descriptors --- */

/* Best effort: says why, takes what the peer has sent so that its end reads it, and lets go. */
static void refuse_fd(int fd)
{
    static const char body[] =
        "{\"type\":\"https://hydra.local/problems/overloaded\",\"title\":\"Service Unavailable\","
        "\"status\":503,\"detail\":\"The server has run out of file descriptors: try again "
        "soon.\"}";
    char answer[512];
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n"
                     "X-Content-Type-Options: nosniff\r\nContent-Type: application/problem+json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     sizeof body - 1, body);
    char sink[4096];
    if (send(fd, answer, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        shutdown(fd, SHUT_WR);
    while (recv(fd, sink, sizeof sink, MSG_DONTWAIT) > 0) {
    }
    close(fd);
}

static void on_pause_over(uv_timer_t *timer);
static void on_connections(uv_poll_t *poll, int status, int events);

static void pause_accepting(struct listener *l)
{
    uv_poll_stop(&l->poll);
    uv_timer_start(&l->pause, on_pause_over, ACCEPT_PAUSE_MS, 0);
}

/* One descriptor is kept for this: with it the waiting peer is accepted and told. False: it could
 * not be got back, so accepting rests for a while. */
static bool refuse_one(struct listener *l)
{
    struct http_server *s = l->server;
    if (s->reserve_fd < 0)
        return false;
    close(s->reserve_fd);
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        refuse_fd(fd);
        s->stats.refused_total++;
    }
    s->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && s->reserve_fd >= 0;
}

/* --- listening --- */

/* Returns false when there is nothing more to accept now. */
static bool accept_one(struct listener *l)
{
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof peer;
    int fd = accept4(l->fd, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        take_connection(l->server, fd, (struct sockaddr *)&peer);
        return true;
    }
    switch (errno) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
        if (refuse_one(l))
            return true;
        break;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
        return true;
    default:
        break;
    }
    pause_accepting(l);
    return false;
}

static void on_connections(uv_poll_t *poll, int status, int events)
{
    struct listener *l = poll->data;
    (void)status;
    (void)events;
    for (unsigned i = 0; i < ACCEPT_BATCH && accept_one(l); i++) {
    }
}

static void on_pause_over(uv_timer_t *timer)
{
    struct listener *l = timer->data;
    struct http_server *s = l->server;
    if (s->reserve_fd < 0)
        s->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    uv_poll_start(&l->poll, UV_READABLE, on_connections);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    if (--l->handles == 0)
        mem_free(l);
}

void listeners_close(struct http_server *s)
{
    for (unsigned i = 0; i < s->n_listeners; i++) {
        struct listener *l = s->listeners[i];
        uv_close((uv_handle_t *)&l->poll, on_handle_closed);
        uv_close((uv_handle_t *)&l->pause, on_handle_closed);
        close(l->fd);
    }
    s->n_listeners = 0;
}

/* Accepted sockets inherit these. */
static void set_options(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
}

int http_server_listen_fd(struct http_server *s, int fd, struct err *e)
{
    if (s->n_listeners == LIMIT_LISTENERS) {
        close(fd);
        return err_set(e, -ENOSPC, "the server can listen on %d addresses", LIMIT_LISTENERS);
    }
    struct listener *l = mem_alloc(sizeof *l);
    set_options(fd);
    l->fd = fd;
    l->server = s;
    int r = uv_poll_init(loop_uv(s->loop), &l->poll, fd);
    if (r < 0) {
        mem_free(l);
        close(fd);
        return err_set(e, r, "can't wait on the listening socket: %s", uv_strerror(r));
    }
    uv_timer_init(loop_uv(s->loop), &l->pause);
    l->poll.data = l->pause.data = l;
    l->handles = 2;
    s->listeners[s->n_listeners++] = l;
    return uv_poll_start(&l->poll, UV_READABLE, on_connections);
}

static int bind_failed(struct err *e, int error, const char *address)
{
    switch (error) {
    case EADDRINUSE:
        return err_set(e, -error,
                       "%s is in use by another program: stop it, or choose another port", address);
    case EACCES:
        return err_set(e, -error, "%s needs privileges: choose a port above 1023", address);
    case EADDRNOTAVAIL:
        return err_set(e, -error, "%s is no address of this machine", address);
    default:
        return err_set(e, -error, "can't listen on %s: %s", address, strerror(error));
    }
}

/* Returns the socket or negative errno. */
static int open_socket(const struct addrinfo *a)
{
    int one = 1, zero = 0;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a->ai_addr;
    if (a->ai_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_storage a;
    socklen_t size = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &size) < 0)
        return -errno;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

static void set_port(struct addrinfo *a, int port)
{
    if (a->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)a->ai_addr)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)a->ai_addr)->sin_port = htons((uint16_t)port);
}

/* All addresses of a name, with one port; those that this machine lacks (::1 without IPv6) are left
 * out as long as one is there. */
static int listen_on_all(struct http_server *s, struct addrinfo *list, const char *address,
                         bool any, struct err *e)
{
    int port = 0, error = 0;
    for (struct addrinfo *a = list; a && !(any && port); a = a->ai_next) {
        if (port)
            set_port(a, port);
        int fd = open_socket(a);
        if (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT) {
            error = fd;
            continue;
        }
        if (fd < 0)
            return bind_failed(e, -fd, address);
        port = port_of(fd);
        int r = http_server_listen_fd(s, fd, e);
        if (r < 0)
            return r;
    }
    return port ? port : bind_failed(e, -error, address);
}

static bool split_address(const char *address, char host[256], const char **ret_port)
{
    const char *colon = strrchr(address, ':');
    if (!colon)
        return false;
    size_t len = (size_t)(colon - address);
    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    } else if (memchr(address, ':', len)) {
        return false;
    }
    if (len > 255)
        return false;
    memcpy(host, address, len);
    host[len] = 0;
    *ret_port = colon + 1;
    return true;
}

/* IPv6's any address comes first: it takes IPv4 too. */
static struct addrinfo *any_first_v6(struct addrinfo *list)
{
    for (struct addrinfo **at = &list, *a; (a = *at); at = &a->ai_next)
        if (a->ai_family == AF_INET6) {
            *at = a->ai_next;
            a->ai_next = list;
            return a;
        }
    return list;
}

int http_server_listen(struct http_server *s, const char *address, struct err *e)
{
    char host[256];
    const char *port;
    uint64_t number;
    struct addrinfo *list, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    if (!split_address(address, host, &port) || str_to_u64(port, &number) < 0 || number > 65535)
        return err_set(e, -EINVAL,
                       "'%s' is no address to listen on: write host:port, [v6]:port "
                       "or :port",
                       address);
    int r = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (r != 0)
        return err_set(e, -EADDRNOTAVAIL, "can't find the address '%s': %s", host, gai_strerror(r));
    if (!host[0])
        list = any_first_v6(list);
    r = listen_on_all(s, list, address, !host[0], e);
    freeaddrinfo(list);
    return r;
}
