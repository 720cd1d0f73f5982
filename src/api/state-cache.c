#include "api/state-cache.h"

#include "cluster/cluster.h"

void state_cache_done(struct state_cache *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        mem_free(c->answers[i].path);
        buf_unref(c->answers[i].plain);
        pack_cache_done(&c->answers[i].packed);
        c->answers[i].path = NULL;
        c->answers[i].plain = NULL;
    }
    c->n = 0;
}

/* The answer's number; -1 = not kept. */
static int find(const struct state_cache *c, const char *path)
{
    for (unsigned i = 0; i < c->n; i++)
        if (str_eq(c->answers[i].path, path))
            return (int)i;
    return -1;
}

bool state_cache_reply(struct state_cache *c, struct http_exchange *x, struct cluster *cluster,
                       struct buf *(*make)(struct cluster *cluster, const char *id))
{
    uint64_t round = cluster_round(cluster);
    if (c->round != round || c->n == STATE_CACHE_ANSWERS)
        state_cache_done(c);
    c->round = round;
    int at = find(c, http_path(x));
    if (at < 0) {
        struct buf *plain = make(cluster, http_param(x, "id"));
        if (!plain)
            return false;
        at = (int)c->n++;
        c->answers[at].path = mem_strdup(http_path(x));
        c->answers[at].plain = plain;
    }
    pack_reply_buf(x, 200, "application/json", buf_ref(c->answers[at].plain),
                   &c->answers[at].packed);
    return true;
}
