#include "http/http-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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
    if (c->is_loopback || c->is_proxy)
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
    if (c->is_loopback || c->is_proxy)
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

int accept_start(struct listener *l)
{
    return uv_poll_start(&l->poll, UV_READABLE, on_connections);
}
