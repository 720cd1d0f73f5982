#include "http/http-private.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum { BACKLOG = 4096 };

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
    return accept_start(l);
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
    union {
        struct sockaddr_in6 v6;
        struct sockaddr_in v4;
        struct sockaddr any;
    } a = {0};
    socklen_t size = sizeof a;
    if (getsockname(fd, &a.any, &size) < 0)
        return -errno;
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
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
