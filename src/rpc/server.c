#include "rpc/link.h"

#include <stdio.h>

enum { BACKLOG = 128 };

struct served {
    struct rpc_server *server;
    struct link *link;
    struct served *next, *previous;
};

struct rpc_server {
    struct rpc_server_settings settings;
    uv_tcp_t *listener;
    struct served *links;
    size_t n;
};

static void on_tcp_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

static void forget(struct served *v)
{
    struct rpc_server *s = v->server;
    if (v->next)
        v->next->previous = v->previous;
    if (v->previous)
        v->previous->next = v->next;
    else
        s->links = v->next;
    s->n--;
    mem_free(v);
}

static void on_link_ended(void *arg, struct link *l, const struct err *e)
{
    (void)l, (void)e;
    forget(arg);
}

static bool on_request(void *arg, struct rpc_call *c, const char *path)
{
    const struct rpc_server_settings *s = &((struct served *)arg)->server->settings;
    for (const struct rpc_method *m = s->methods; m->path; m++)
        if (str_eq(m->path, path)) {
            link_answer(c, m->events);
            m->begin(c, s->arg);
            return true;
        }
    return false;
}

static void serve(struct rpc_server *s, uv_tcp_t *tcp, const char *address)
{
    struct served *v = mem_alloc(sizeof *v);
    v->server = s;
    v->next = s->links;
    if (v->next)
        v->next->previous = v;
    s->links = v;
    s->n++;
    v->link = link_new(&(struct link_settings){.is_server = true,
                                               .loop = s->settings.loop,
                                               .keepalive_ms = s->settings.keepalive_ms,
                                               .request = on_request,
                                               .ended = on_link_ended,
                                               .arg = v});
    struct transport *t =
        transport_accepted(&(struct transport_settings){.loop = s->settings.loop,
                                                        .tls = s->settings.tls,
                                                        .events = &link_transport_events,
                                                        .arg = v->link,
                                                        .address = address},
                           tcp);
    link_attach(v->link, t);
    transport_begin(t);
}

static void print_address(const uv_tcp_t *tcp, char *text, size_t size)
{
    struct sockaddr_storage a;
    int len = sizeof a;
    text[0] = '\0';
    if (uv_tcp_getpeername(tcp, (struct sockaddr *)&a, &len) == 0)
        uv_ip_name((struct sockaddr *)&a, text, size);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct rpc_server *s = listener->data;
    char address[64];
    if (status < 0)
        return;
    uv_tcp_t *tcp = mem_alloc(sizeof *tcp);
    uv_tcp_init(loop_uv(s->settings.loop), tcp);
    if (uv_accept(listener, (uv_stream_t *)tcp) < 0 || s->n >= LIMIT_RPC_CONNECTIONS) {
        uv_close((uv_handle_t *)tcp, on_tcp_closed);
        return;
    }
    print_address(tcp, address, sizeof address);
    serve(s, tcp, address);
}

struct rpc_server *rpc_server_new(const struct rpc_server_settings *settings)
{
    struct rpc_server *s = mem_alloc(sizeof *s);
    s->settings = *settings;
    return s;
}

static int parse_address(const char *address, uint16_t port, struct sockaddr_storage *ret_a)
{
    return strchr(address, ':') ? uv_ip6_addr(address, port, (struct sockaddr_in6 *)ret_a)
                                : uv_ip4_addr(address, port, (struct sockaddr_in *)ret_a);
}

int rpc_server_listen(struct rpc_server *s, const char *address, uint16_t port, struct err *e,
                      uint16_t *ret_port)
{
    struct sockaddr_storage a;
    int len = sizeof a;
    if (parse_address(address, port, &a) < 0)
        return err_set(e, -EINVAL, "%.64s is no IP address to listen on.", address);
    s->listener = mem_alloc(sizeof *s->listener);
    uv_tcp_init(loop_uv(s->settings.loop), s->listener);
    s->listener->data = s;
    int r = uv_tcp_bind(s->listener, (struct sockaddr *)&a, 0);
    if (r == 0)
        r = uv_listen((uv_stream_t *)s->listener, BACKLOG, on_connection);
    if (r == 0)
        r = uv_tcp_getsockname(s->listener, (struct sockaddr *)&a, &len);
    if (r < 0)
        return err_set(e, r, "Agents can't be waited for on %.64s port %u: %s.", address, port,
                       uv_strerror(r));
    *ret_port = ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                              : ((struct sockaddr_in *)&a)->sin_port);
    return 0;
}

size_t rpc_server_connections(const struct rpc_server *s)
{
    return s->n;
}

void rpc_server_free(struct rpc_server *s)
{
    if (!s)
        return;
    if (s->listener)
        uv_close((uv_handle_t *)s->listener, on_tcp_closed);
    while (s->links) {
        struct link *l = s->links->link;
        forget(s->links);
        link_close(l, true);
    }
    mem_free(s);
}
