/* What a node allows to be done to it, by its own word. */
#include "api/routes.h"

#include "api/gate.h"
#include "api/problem.h"

static void print_rules(struct jw *w, const char *key, const struct policy *p, bool deny)
{
    jw_key(w, key);
    jw_array(w);
    for (size_t i = 0; p && i < p->rules.n; i++) {
        const struct policy_rule *r = &p->rules.v[i];
        if (r->deny != deny || r->fixed)
            continue;
        jw_object(w);
        jw_key_strs(w, "do", &r->verbs);
        jw_key_strs(w, "on", &r->targets);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* All that rules can be about, in the order in which people think of it. */
static void print_verbs(struct jw *w)
{
    jw_key(w, "verbs");
    jw_array(w);
    for (unsigned v = 0; v < COMMAND_COUNT; v++)
        jw_str(w, command_verb_name((enum command_verb)v));
    jw_str(w, "logs");
    jw_end_array(w);
}

static void get_policy(struct http_exchange *x)
{
    const struct api *a = api_of(x);
    const char *node = http_param(x, "id");
    struct node_look look;
    struct err e = {0};
    int r = cluster_look_node(a->cluster, node, &e, &look);
    if (r < 0) {
        problem_reply_err(x, r, &e);
        return;
    }
    const struct policy *p = jobs_policy(a->jobs, node);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key_bool(&w, "told", p);
    jw_key_str(&w, "path", p && *p->path ? p->path : NULL);
    jw_key_str(&w, "usual_path", POLICY_USUAL_PATH);
    jw_key_str(&w, "trouble", p ? p->trouble : NULL);
    print_rules(&w, "allow", p, false);
    print_rules(&w, "deny", p, true);
    print_verbs(&w);
    jw_end_object(&w);
    http_add_header(x, "Cache-Control", "no-store");
    http_reply_str(x, 200, "application/json", &body);
}

const struct http_route node_policy_routes[] = {
    {"GET", "/api/web/nodes/{id}/policy", ROUTE_ON_LOOP, 0, "nodes:read", get_policy, 0},
    {0},
};
