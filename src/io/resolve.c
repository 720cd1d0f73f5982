#include "io/resolve.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>

enum { ASKING_MAX = 2 };

struct resolving {
    uv_getaddrinfo_t request;
    struct loop *loop;
    struct loop_timer *soon; /* the answer is known, or a turn is awaited */
    char host[RESOLVE_HOST_SIZE];
    uint16_t port;
    bool asking; /* libuv has it: it can only be freed in its callback */
    resolved_fn *on_done;
    void *arg;
    union resolve_address v[RESOLVE_ADDRESSES_MAX];
    size_t n;
};

/* Per thread, as loops are: how many names are being asked for. */
static _Thread_local unsigned asking;

static void add(struct resolving *r, const struct sockaddr *a)
{
    if (r->n == RESOLVE_ADDRESSES_MAX)
        return;
    if (a->sa_family == AF_INET6) {
        r->v[r->n].v6 = *(const struct sockaddr_in6 *)a;
        r->v[r->n++].v6.sin6_port = htons(r->port);
    } else if (a->sa_family == AF_INET) {
        r->v[r->n].v4 = *(const struct sockaddr_in *)a;
        r->v[r->n++].v4.sin_port = htons(r->port);
    }
}

static bool add_literal(struct resolving *r, const char *text)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (uv_ip6_addr(text, r->port, &v6) == 0)
        add(r, (struct sockaddr *)&v6);
    else if (uv_ip4_addr(text, r->port, &v4) == 0)
        add(r, (struct sockaddr *)&v4);
    else
        return false;
    return true;
}

static void finish(struct resolving *r, int error)
{
    resolved_fn *on_done = r->on_done;
    struct resolving done = *r;
    mem_free(r);
    if (on_done)
        on_done(done.arg, error, done.v, done.n);
}

static void on_answer(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct resolving *r = CONTAINER_OF(request, struct resolving, request);
    asking--;
    for (int family = AF_INET6; family; family = family == AF_INET6 ? AF_INET : 0)
        for (const struct addrinfo *a = list; a; a = a->ai_next)
            if (a->ai_family == family)
                add(r, a->ai_addr);
    uv_freeaddrinfo(list);
    finish(r, status < 0 || !r->n ? -ENOENT : 0);
}

static void on_turn(void *arg)
{
    struct resolving *r = arg;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (r->n) {
        loop_timer_free(TAKE(r->soon));
        finish(r, 0);
        return;
    }
    if (asking >= ASKING_MAX)
        return; /* the timer comes again */
    loop_timer_free(TAKE(r->soon));
    if (uv_getaddrinfo(loop_uv(r->loop), &r->request, on_answer, r->host, NULL, &hints) < 0) {
        finish(r, -ENOENT);
        return;
    }
    r->asking = true;
    asking++;
}

struct resolving *resolve_start(struct loop *loop, const char *host, uint16_t port,
                                resolved_fn *on_done, void *arg)
{
    struct resolving *r = mem_alloc(sizeof *r);
    r->loop = loop;
    r->port = port;
    r->on_done = on_done;
    r->arg = arg;
    str_copy(r->host, sizeof r->host, host);
    if (str_eq_nocase(host, "localhost")) {
        add_literal(r, "::1");
        add_literal(r, "127.0.0.1");
    } else {
        add_literal(r, host);
    }
    r->soon = loop_timer_new(loop, 0, 20, on_turn, r);
    return r;
}

void resolve_cancel(struct resolving *r)
{
    if (!r)
        return;
    r->on_done = NULL;
    if (r->asking) {
        uv_cancel((uv_req_t *)&r->request);
        return;
    }
    loop_timer_free(r->soon);
    mem_free(r);
}
