/* Who can wake a node that is away: another one in a network of its own. */
#include "cluster/model.h"

#include <arpa/inet.h>

/* "eno1 192.168.1.5/24" → network and mask, in the order of the host. IPv4 alone: broadcasts are
 * what a card listens for. */
static bool parse_network(const char *address, uint32_t *ret_network, uint32_t *ret_mask)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr a;
    uint64_t bits;
    const char *space = strchr(address, ' '), *slash = strchr(address, '/');
    if (!space || !slash || slash < space || (size_t)(slash - space) > sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)(slash - space - 1), space + 1);
    if (inet_pton(AF_INET, text, &a) != 1 || str_to_u64(slash + 1, &bits) < 0 || bits < 8 ||
        bits > 30)
        return false;
    *ret_mask = UINT32_MAX << (32 - bits);
    *ret_network = ntohl(a.s_addr) & *ret_mask;
    return true;
}

static bool share_network(const struct str_list *a, const struct str_list *b)
{
    uint32_t net_a, mask_a, net_b, mask_b;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; parse_network(a->v[i], &net_a, &mask_a) && k < b->n; k++)
            if (parse_network(b->v[k], &net_b, &mask_b) && net_a == net_b && mask_a == mask_b)
                return true;
    return false;
}

void wake_learn(struct live_node *n, const struct str_list *macs, const struct str_list *addresses)
{
    str_list_done(&n->macs);
    str_list_done(&n->addresses);
    str_list_copy(&n->macs, macs);
    str_list_copy(&n->addresses, addresses);
}

void cluster_recall_network(struct cluster *c, const char *node, const struct str_list *macs,
                            const struct str_list *addresses)
{
    struct live_node *n = model_node(c, node);
    if (n && !n->facts)
        wake_learn(n, macs, addresses);
}

/* "eno1 aa:bb:…" → "aa:bb:…,cc:dd:…". */
static void add_macs(const struct live_node *n, struct str *out)
{
    for (size_t i = 0; i < n->macs.n; i++) {
        const char *space = strchr(n->macs.v[i], ' ');
        if (space)
            str_addf(out, "%s%s", out->len ? "," : "", space + 1);
    }
}

int cluster_look_wake(struct cluster *c, const char *node, struct err *e, struct str *ret_macs,
                      struct str_list *ret_wakers)
{
    const struct live_node *n = model_node(c, node);
    if (!n)
        return err_set(e, -ENOENT, "There is no node with the id %.200s.", node);
    if (n->state != NODE_AWAY)
        return err_set(e, -EEXIST, "%s is awake: it reports.", n->id);
    if (!n->macs.n)
        return err_set(e, -EINVAL,
                       "%s never told the address of a network card, so it can't be woken. It does "
                       "once its agent is up to date.",
                       n->id);
    struct str_list wakers = {0};
    NODES_FOREACH(c, other)
    {
        if (other != n && other->state != NODE_AWAY && other->facts &&
            share_network(&n->addresses, &other->addresses))
            str_list_add(&wakers, other->id);
    }
    if (!wakers.n)
        return err_set(e, -EINVAL,
                       "No node that is connected is in a network of %s, and a card hears nothing "
                       "from further away.",
                       n->id);
    add_macs(n, ret_macs);
    *ret_wakers = wakers;
    return 0;
}
