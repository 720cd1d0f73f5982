/* The management controller of a node: where it is, and as whom it is asked. Its password is never
 * told again. The same handlers serve web and command line. */
#include "api/people.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/problem.h"
#include "node/power.h"

struct looking {
    struct api *api;
    const char *node;
    bool known;
};

static void look_on_loop(void *arg)
{
    struct looking *l = arg;
    l->known = cluster_has_node(l->api->cluster, l->node);
}

static bool is_node(struct api *a, const char *node)
{
    struct looking l = {a, node, false};
    loop_call(a->loop, look_on_loop, &l);
    return l.known;
}

/* False after a problem was sent. */
static bool is_there(struct http_exchange *x)
{
    const char *node = http_param(x, "id");
    struct err e = {0};
    if (is_node(api_of(x), node))
        return true;
    int r = err_set(&e, -ENOENT, "There is no node with the id %.100s.", node);
    problem_reply_err(x, r, &e);
    return false;
}

static void reply_bmc(struct http_exchange *x)
{
    struct fleet_bmc b = {0};
    bool is_set = fleet_bmc(api_of(x)->fleet, http_param(x, "id"), &b);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key_bool(&w, "set", is_set);
    jw_key_str(&w, "address", is_set ? b.address : NULL);
    jw_key_str(&w, "user", is_set ? b.user : NULL);
    jw_key_str(&w, "via", *b.via ? b.via : NULL);
    jw_key_str(&w, "hub_node", api_of(x)->local_node);
    jw_key_time(&w, "changed", b.changed_ms);
    jw_key_str(&w, "changed_by", is_set ? b.changed_by : NULL);
    jw_end_object(&w);
    people_reply(x, 200, &body);
}

static void get_bmc(struct http_exchange *x)
{
    if (is_there(x))
        reply_bmc(x);
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

static int read_user(struct http_exchange *x, const json_t *body, struct fleet_bmc *b,
                     const char **ret_password)
{
    const char *user;
    if (body_text(x, body, "user", true, &user) < 0 ||
        body_text(x, body, "password", false, ret_password) < 0)
        return -EINVAL;
    if (!*user || strlen(user) > LIMIT_POWER_USER || !is_plain(user))
        return body_refuse(x, "user", "A user of IPMI has 1 to %d bytes.", LIMIT_POWER_USER);
    if (*ret_password && (!**ret_password || strlen(*ret_password) > LIMIT_POWER_PASSWORD ||
                          !is_plain(*ret_password)))
        return body_refuse(x, "password", "A password of IPMI has 1 to %d bytes.",
                           LIMIT_POWER_PASSWORD);
    str_copy(b->user, sizeof b->user, user);
    return 0;
}

static int read_via(struct http_exchange *x, const json_t *body, struct fleet_bmc *b)
{
    const char *via, *asks;
    if (body_text(x, body, "via", false, &via) < 0)
        return -EINVAL;
    asks = str_is_empty(via) ? api_of(x)->local_node : via;
    if (!is_node(api_of(x), asks))
        return body_refuse(x, "via", "There is no node with the id %.100s.", asks);
    if (str_eq(asks, b->node))
        return body_refuse(x, "via",
                           "%s can't ask its own controller, once it is off: say which other node "
                           "does.",
                           b->node);
    if (!gate_on(x, PERM_NODES_WRITE, asks))
        return -EPERM;
    str_copy(b->via, sizeof b->via, via ? via : "");
    return 0;
}

/* Negative after a problem was sent. */
static int read_bmc(struct http_exchange *x, const json_t *body, struct fleet_bmc *b,
                    const char **ret_password)
{
    const char *address;
    struct power_place place;
    struct err e = {0};
    if (body_text(x, body, "address", true, &address) < 0)
        return -EINVAL;
    if (power_address_parse(address, &e, &place) < 0)
        return body_refuse(x, "address", "%s", e.text);
    str_copy(b->address, sizeof b->address, address);
    int r = read_user(x, body, b, ret_password);
    return r < 0 ? r : read_via(x, body, b);
}

static void put_bmc(struct http_exchange *x)
{
    static const char *const members[] = {"address", "user", "password", "via", NULL};
    AUTO(json_decrefp) json_t *body = body_json(x, members);
    struct fleet_bmc b = {0};
    struct err e = {0};
    const char *password = NULL;
    if (!body || !is_there(x))
        return;
    str_copy(b.node, sizeof b.node, http_param(x, "id"));
    if (read_bmc(x, body, &b, &password) < 0)
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct actor by = gate_actor(x);
    int r = fleet_bmc_set(api_of(x)->fleet, db, &by, &b, password, &e);
    if (r < 0)
        problem_reply_err(x, r, &e);
    else
        reply_bmc(x);
}

static void remove_bmc(struct http_exchange *x)
{
    struct err e = {0};
    if (!is_there(x))
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct actor by = gate_actor(x);
    int r = fleet_bmc_remove(api_of(x)->fleet, db, &by, http_param(x, "id"), &e);
    people_done(x, r, &e);
}

const struct http_route bmc_routes[] = {
    PEOPLE_BOTH_WITH(ROUTE_OF_RESOURCE, "GET", "nodes/{id}/bmc", "nodes:write", get_bmc),
    PEOPLE_BOTH_WITH(ROUTE_OF_RESOURCE, "PUT", "nodes/{id}/bmc", "nodes:write", put_bmc),
    PEOPLE_BOTH_WITH(ROUTE_OF_RESOURCE, "DELETE", "nodes/{id}/bmc", "nodes:write", remove_bmc),
    {0},
};
