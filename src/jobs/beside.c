#include "jobs/beside.h"

#include "jobs/jobs-private.h"

struct wanted {
    enum command_verb verb;
    const char *node, *target;
};
typedef bool fits_fn(const struct job *j, const struct wanted *w);

static const struct job *find(const struct jobs *j, fits_fn *fits, const struct wanted *w)
{
    MAP_FOREACH (&j->live, entry) {
        const struct live_job *l = entry->value;
        if (fits(&l->job, w))
            return &l->job;
    }
    MAP_FOREACH (&j->planned, entry)
        if (fits(entry->value, w))
            return entry->value;
    return NULL;
}

static bool is_on(const struct job *j, const char *node)
{
    return !job_is_over(j->state) && !j->children.n && str_eq(j->node, node);
}

bool is_same_job(const struct job *j, enum command_verb verb, const char *node, const char *target)
{
    if (!is_on(j, node))
        return false;
    return (command_is_generation(j->verb) && command_is_generation(verb)) ||
           (j->verb == verb && str_eq(j->target, target));
}

static bool is_same(const struct job *j, const struct wanted *w)
{
    return is_same_job(j, w->verb, w->node, w->target);
}

const struct job *beside_same(const struct jobs *j, enum command_verb verb, const char *node,
                              const char *target)
{
    return find(j, is_same, &(struct wanted){verb, node, target});
}

/* --- what excludes what --- */

static bool replaces(enum command_verb v)
{
    return v == COMMAND_AGENT_UPGRADE || v == COMMAND_GENERATION_SWITCH ||
           v == COMMAND_GENERATION_ROLLBACK || v == COMMAND_GENERATION_REBUILD;
}

static bool is_other(const struct job *j, const struct wanted *w)
{
    if (!is_on(j, w->node))
        return false;
    return command_goes_down(j->verb) ? command_goes_down(w->verb) || replaces(w->verb)
                                      : replaces(j->verb) && command_goes_down(w->verb);
}

const struct job *beside_other(const struct jobs *j, enum command_verb verb, const char *node)
{
    return find(j, is_other, &(struct wanted){verb, node, NULL});
}

char *beside_sentence(const struct job *other)
{
    AUTO(mem_freep) char *title = job_title(other);
    return mem_printf("%s is under way, ordered by %s: wait until it is over.", title,
                      other->actor);
}

void beside_cut_off(const struct jobs *j, const char *node, struct str_list *ret_titles)
{
    MAP_FOREACH (&j->live, entry) {
        const struct live_job *l = entry->value;
        if (!is_on(&l->job, node) || l->job.state != JOB_RUNNING)
            continue;
        AUTO(mem_freep) char *title = job_title(&l->job);
        str_list_add(ret_titles, title);
    }
}
