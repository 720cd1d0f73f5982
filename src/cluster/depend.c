/* What needs what, and whose failure explains whose. */
#include "cluster/model.h"

#include <stdio.h>

static void add_edge(struct live_service *s, struct live_service *need)
{
    if (s == need)
        return;
    for (size_t i = 0; i < s->needs.n; i++)
        if (s->needs.v[i] == need)
            return;
    *vec_add(&s->needs) = need;
    *vec_add(&need->needed_by) = s;
}

/* Observed ids are relative to the node; people give whole ones. */
static void add_edges(struct cluster *c, struct live_service *s)
{
    char id[512];
    for (size_t i = 0; s->seen && i < s->seen->depends_on.n; i++) {
        snprintf(id, sizeof id, "%s/%s", s->node->id, s->seen->depends_on.v[i]);
        struct live_service *need = model_service(c, id);
        if (need)
            add_edge(s, need);
    }
    for (size_t i = 0; s->record && i < s->record->depends_on.n; i++) {
        struct live_service *need = model_service(c, s->record->depends_on.v[i]);
        if (need)
            add_edge(s, need);
    }
}

void depend_rebuild(struct cluster *c)
{
    SERVICES_FOREACH(c, s)
    {
        s->needs.n = s->needed_by.n = 0;
    }
    SERVICES_FOREACH(c, s)
    {
        add_edges(c, s);
    }
}

enum { LIMIT_DEPTH = 16 };

/* The one at the bottom that is down by itself; NULL when nothing that `s` needs is down. */
static struct live_service *root_cause(const struct live_service *s, unsigned depth)
{
    for (size_t i = 0; depth < LIMIT_DEPTH && i < s->needs.n; i++) {
        struct live_service *need = s->needs.v[i];
        if (need->base.state != STATE_DOWN || need->who.hidden)
            continue;
        struct live_service *deeper = root_cause(need, depth + 1);
        return deeper ? deeper : need;
    }
    return NULL;
}

static const struct live_service *stopped_need(const struct live_service *s)
{
    for (size_t i = 0; i < s->needs.n; i++)
        if (s->needs.v[i]->base.state == STATE_STOPPED)
            return s->needs.v[i];
    return NULL;
}

static void blame(struct judgement *j, const char *name, const char *state)
{
    char own[REASON_SIZE / 2];
    str_copy(own, sizeof own, j->reason);
    snprintf(j->reason, sizeof j->reason, "needs %s, which is %s%s%s", name, state,
             own[0] ? "; " : "", own);
}

/* What is down explains those that need it. What somebody stopped explains, but excuses nothing:
 * the one that fails for it stays a problem. */
struct judgement depend_judge(struct live_service *s)
{
    struct judgement j = s->base;
    bool ill = j.state == STATE_DOWN || j.state == STATE_DEGRADED;
    struct live_service *root = ill || state_is_well(j.state) ? root_cause(s, 0) : NULL;
    s->cause = root == s ? NULL : root; /* in a ring everyone would be their own cause */
    if (s->cause && ill) {
        blame(&j, root->who.name, "down");
    } else if (s->cause) {
        j.state = STATE_DEGRADED;
        snprintf(j.reason, sizeof j.reason, "runs, but needs %s, which is down", root->who.name);
    } else if (ill && stopped_need(s)) {
        blame(&j, stopped_need(s)->who.name, "stopped");
    }
    return j;
}
