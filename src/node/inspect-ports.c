/* Who listens: the table of sockets and who claims them are read here, their holders looked for on
 * a thread. */
#include "node/docker.h"
#include "node/inspect-private.h"
#include "node/port-list.h"
#include "node/systemd.h"

struct question {
    char *root;
    struct owners *owners;
    struct socket_table table;
    VEC(struct port_claim) claims;
    uint16_t port;
};

static void free_question(void *arg)
{
    struct question *q = arg;
    for (size_t i = 0; i < q->claims.n; i++) {
        mem_free(q->claims.v[i].container);
        mem_free(q->claims.v[i].socket_unit);
    }
    vec_done(&q->claims);
    vec_done(&q->table.v);
    owners_free(q->owners);
    mem_free(q->root);
    mem_free(q);
}

static int tell(void *arg, struct jw *w, struct err *e)
{
    const struct question *q = arg;
    (void)e;
    port_list_print(&(struct port_question){.root = q->root,
                                            .owners = q->owners,
                                            .table = &q->table,
                                            .claims = q->claims.v,
                                            .port = q->port},
                    w);
    return 0;
}

static int read_table(struct question *q)
{
    struct sockets *s = sockets_open(q->root);
    int r = sockets_read(s, true, &q->table);
    sockets_close(s);
    return r;
}

static void add_claims(struct node *n, struct question *q)
{
    for (size_t i = 0; i < q->table.v.n; i++) {
        const struct listen_socket *s = &q->table.v.v[i];
        const struct observed *publisher = docker_publisher(n, s->port, s->udp);
        const char *unit = systemd_socket(n, s->port, s->udp);
        *vec_add(&q->claims) = (struct port_claim){
            .container = publisher ? mem_strdup(publisher->id) : NULL,
            .socket_unit = unit ? mem_strdup(unit) : NULL,
        };
    }
}

static int parse_port(const char *text, uint16_t *ret_port)
{
    uint64_t v = 0;
    if (*text && (str_to_u64(text, &v) < 0 || v == 0 || v > UINT16_MAX))
        return -EINVAL;
    *ret_port = (uint16_t)v;
    return 0;
}

static void start(struct inspect *i)
{
    struct question *q = mem_alloc(sizeof *q);
    q->root = mem_strdup(i->node->settings.root);
    q->owners = owners_copy(i->node->owners);
    int r = parse_port(i->q.argument, &q->port);
    if (r < 0) {
        inspect_fail(i, r, "“%.20s” is no port: say a number from 1 to 65535.", i->q.argument);
    } else if ((r = read_table(q)) < 0) {
        inspect_fail(i, -EIO, "The listening sockets of this machine can't be read: %s.",
                     strerror(-r));
    } else {
        add_claims(i->node, q);
        inspect_on_thread(i, tell, q, free_question);
        return;
    }
    free_question(q);
}

const struct inspect_ops ports_inspect = {.start = start};
