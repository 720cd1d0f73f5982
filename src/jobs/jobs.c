#include "jobs/jobs-private.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

/* --- the live ones --- */

struct live_job *jobs_live(const struct jobs *j, const char *id)
{
    return map_get(&j->live, id);
}

const struct job *jobs_find(const struct jobs *j, const char *id)
{
    const struct live_job *l = jobs_live(j, id);
    return l ? &l->job : NULL;
}

static void free_live(void *p)
{
    struct live_job *l = p;
    if (l)
        job_done(&l->job);
    mem_free(l);
}

struct live_job *jobs_add(struct jobs *j, struct job *taken)
{
    struct live_job *l = mem_alloc(sizeof *l);
    l->job = *taken;
    *taken = (struct job){0};
    free_live(map_set(&j->live, l->job.id, l));
    j->n_unfinished += !job_is_over(l->job.state);
    return l;
}

/* The oldest that are over and written make room; families go as one. */
static void forget_old(struct jobs *j)
{
    size_t over = map_count(&j->live) - j->n_unfinished;
    if (over <= LIMIT_JOBS_REMEMBERED)
        return;
    MAP_FOREACH (&j->live, entry) {
        struct live_job *l = entry->value;
        const struct live_job *parent = *l->job.parent ? jobs_live(j, l->job.parent) : NULL;
        if (!job_is_over(l->job.state) || l->dirty || l->writing || l->held ||
            (parent && !job_is_over(parent->job.state)))
            continue;
        free_live(map_remove(&j->live, l->job.id));
        if (--over <= LIMIT_JOBS_REMEMBERED)
            return;
    }
}

void jobs_publish(struct jobs *j, const struct live_job *l)
{
    struct str data = {0};
    struct jw w = jw_begin(&data);
    job_print(&w, &l->job, false);
    uint64_t sequence;
    struct event_draft d = {.topic = EVENT_CLASS_JOBS,
                            .resource = l->job.id,
                            .type = "job.changed",
                            .permissions = permission_bit(PERM_SERVICES_READ),
                            .data = str_text(&data),
                            .len = data.len};
    if (event_log_append(j->log, &d, &sequence) < 0)
        log_debug("jobs", "change not told", "job=%s", l->job.id);
    str_done(&data);
}

/* --- states --- */

static void end_of_child(struct jobs *j, const struct live_job *l, struct cluster_now now)
{
    struct live_job *parent = *l->job.parent ? jobs_live(j, l->job.parent) : NULL;
    if (parent && !job_is_over(parent->job.state))
        jobs_next_child(j, parent, now);
}

void jobs_set_state(struct jobs *j, struct live_job *l, enum job_state s, const char *text,
                    struct cluster_now now)
{
    bool was_over = job_is_over(l->job.state);
    log_debug("jobs", "state", "job=%s verb=%s from=%s to=%s text=%s", l->job.id,
              command_verb_name(l->job.verb), job_state_name(l->job.state), job_state_name(s),
              LOG_Q(text));
    l->job.state = s;
    mem_set_str(&l->job.text, text);
    if (s == JOB_RUNNING)
        l->job.started_ms = now.wall_ms;
    if (job_is_over(s)) {
        mem_set_str(&l->job.step, "");
        l->job.ended_ms = now.wall_ms;
        j->n_unfinished -= !was_over;
        l->to_send = false;
    }
    l->dirty = true;
    jobs_publish(j, l);
    if (job_is_over(s) && !was_over)
        end_of_child(j, l, now);
}

void jobs_set_step(struct jobs *j, struct live_job *l, const char *step)
{
    if (mem_set_str(&l->job.step, step))
        jobs_publish(j, l);
}

/* --- sending and asking --- */

/* "tower is away since 3 min" */
static int away(const struct jobs *j, const char *node, int64_t wall_ms, const char *tail,
                struct err *e)
{
    struct node_look look;
    char age[CLOCK_AGE_SIZE];
    if (cluster_look_node(j->cluster, node, e, &look) < 0 || !look.seen_ms ||
        wall_ms - look.seen_ms < 1000)
        return err_set(e, -ENOTCONN, "%s is away: %s", node, tail);
    return err_set(e, -ENOTCONN, "%s is away since %s: %s", node,
                   clock_age(wall_ms - look.seen_ms, age), tail);
}

int64_t jobs_ceiling(const struct jobs *j, int64_t wall_ms)
{
    int64_t above_clock = wall_ms + JOB_SEQUENCE_AHEAD_MS;
    int64_t above_given = (int64_t)j->sequence + JOB_SEQUENCES_AHEAD;
    return above_clock > above_given ? above_clock : above_given;
}

void jobs_ceiling_raised(struct jobs *j, int64_t ceiling)
{
    if (ceiling <= j->ceiling)
        return;
    j->ceiling = ceiling;
    j->used_up = false;
}

uint64_t jobs_next_sequence(struct jobs *j, int64_t wall_ms)
{
    int64_t clock = wall_ms < j->ceiling ? wall_ms : j->ceiling;
    uint64_t now = clock > 0 ? (uint64_t)clock : 0;
    uint64_t next = now > j->sequence ? now : j->sequence + 1;
    j->used_up = next > (uint64_t)j->ceiling;
    if (j->used_up)
        return 0;
    j->sequence = next;
    return next;
}

void jobs_send(struct jobs *j, struct live_job *l, struct cluster_now now)
{
    struct err e = {0};
    struct command c = {.user = l->job.actor,
                        .verb = l->job.verb,
                        .target = l->job.target,
                        .argument = l->job.argument,
                        .expires_ms = now.wall_ms + JOB_COMMAND_LIFE_MS,
                        .sequence = jobs_next_sequence(j, now.wall_ms)};
    if (!c.sequence) { /* once it has been written again */
        l->to_send = l->dirty = true;
        return;
    }
    str_copy(c.id, sizeof c.id, l->job.id);
    l->to_send = false;
    l->sent = true;
    l->heard_mono_ms = now.mono_ms;
    int r = j->hooks.command(j->hooks.arg, l->job.node, &c, &e);
    if (r == -ENOTCONN && !*e.text)
        away(j, l->job.node, now.wall_ms, "nothing was sent.", &e);
    if (r < 0)
        jobs_set_state(j, l, JOB_REFUSED, err_text(&e, r), now);
}

static void ask(struct jobs *j, struct live_job *l, struct cluster_now now)
{
    struct err e = {0};
    l->asked_mono_ms = now.mono_ms;
    if (j->hooks.query(j->hooks.arg, l->job.node, l->job.id, &e) >= 0)
        return;
    AUTO(mem_freep)
    char *step = mem_printf("%s is away: asked for the outcome once it is back", l->job.node);
    jobs_set_step(j, l, step);
}

static bool is_with_node(const struct live_job *l)
{
    return l->sent && l->job.state == JOB_RUNNING && !l->job.children.n;
}

/* Has silence lasted so long that nobody waits any more? */
static bool give_up(struct jobs *j, struct live_job *l, struct cluster_now now)
{
    struct node_look look;
    bool is_away = cluster_look_node(j->cluster, l->job.node, NULL, &look) < 0 || look.away;
    int64_t quiet = now.mono_ms - l->heard_mono_ms;
    if (quiet < (is_away ? JOB_AWAY_MS : JOB_SILENCE_MS))
        return false;
    char age[CLOCK_AGE_SIZE];
    AUTO(mem_freep)
    char *text = mem_printf("%s said nothing of it for %s. Look there whether it was done.",
                            l->job.node, clock_age(quiet, age));
    jobs_set_state(j, l, JOB_LOST, text, now);
    return true;
}

static void watch(struct jobs *j, struct live_job *l, struct cluster_now now)
{
    if (!is_with_node(l) || give_up(j, l, now))
        return;
    if (now.mono_ms - l->heard_mono_ms >= JOB_QUIET_MS &&
        now.mono_ms - l->asked_mono_ms >= JOB_ASK_AGAIN_MS)
        ask(j, l, now);
}

void jobs_tick(struct jobs *j, struct cluster_now now)
{
    MAP_FOREACH (&j->live, entry) {
        watch(j, entry->value, now);
        jobs_confirm(j, entry->value, now);
    }
    forget_old(j);
    jobs_flush(j);
}

/* Time to answer begins now, however long it was away. */
void jobs_node_back(struct jobs *j, const char *node, struct cluster_now now)
{
    MAP_FOREACH (&j->live, entry) {
        struct live_job *l = entry->value;
        if (!is_with_node(l) || !str_eq(l->job.node, node))
            continue;
        l->heard_mono_ms = now.mono_ms;
        ask(j, l, now);
    }
}

void jobs_node_away(struct jobs *j, const char *node, struct cluster_now now)
{
    MAP_FOREACH (&j->live, entry) {
        struct live_job *l = entry->value;
        if (!is_with_node(l) || !str_eq(l->job.node, node))
            continue;
        AUTO(mem_freep)
        char *step = mem_printf("%s is away: asked for the outcome once it is back", node);
        jobs_set_step(j, l, step);
        l->heard_mono_ms = now.mono_ms;
    }
}

/* --- outcomes --- */

static enum job_state state_of(enum outcome_state s)
{
    switch (s) {
    case OUTCOME_RUNNING:
        return JOB_RUNNING;
    case OUTCOME_DONE:
        return JOB_DONE;
    case OUTCOME_FAILED:
        return JOB_FAILED;
    case OUTCOME_REFUSED:
        return JOB_REFUSED;
    case OUTCOME_UNKNOWN:
        return JOB_LOST;
    }
    return JOB_LOST;
}

void jobs_outcome(struct jobs *j, const char *node, const struct command_outcome *o,
                  struct cluster_now now)
{
    struct live_job *l = jobs_live(j, o->id);
    if (!l || !l->sent || !str_eq(l->job.node, node))
        return;
    enum job_state s = state_of(o->state);
    /* What was given up may be told after all; what is known stays. */
    if (job_is_over(l->job.state) &&
        (l->job.state != JOB_LOST || s <= JOB_RUNNING || s == JOB_LOST))
        return;
    l->heard_mono_ms = now.mono_ms;
    l->asked_mono_ms = 0;
    if (s == JOB_RUNNING) {
        jobs_set_step(j, l, o->step ? o->step : "");
        return;
    }
    AUTO(mem_freep)
    char *unknown = mem_printf("%s knows nothing of it: it was most likely never begun.", node);
    mem_set_str(&l->job.output, o->output ? o->output : "");
    l->audited = false;
    jobs_set_state(j, l, s, o->state == OUTCOME_UNKNOWN ? unknown : o->text ? o->text : "", now);
    jobs_flush(j);
}

/* --- beginning --- */

static void begin_one(struct jobs *j, struct live_job *l, struct cluster_now now)
{
    jobs_publish(j, l);
    if (l->job.state == JOB_RUNNING && !l->job.children.n)
        jobs_send(j, l, now);
}

static void free_planned(void *p)
{
    job_done(p);
    mem_free(p);
}

static void forget_plan(struct jobs *j, const struct job_list *jobs)
{
    for (size_t i = 0; i < jobs->n; i++) {
        struct job *planned = map_remove(&j->planned, jobs->v[i].id);
        if (planned)
            free_planned(planned);
    }
}

void jobs_abandon(struct jobs *j, struct job_list *jobs)
{
    forget_plan(j, jobs);
    job_list_done(jobs);
}

void jobs_begin(struct jobs *j, struct job_list *jobs, struct cluster_now now)
{
    VEC(struct live_job *) added = {0};
    forget_plan(j, jobs);
    jobs_ceiling_raised(j, jobs->ceiling);
    for (size_t i = 0; i < jobs->n; i++)
        *vec_add(&added) = jobs_add(j, &jobs->v[i]);
    job_list_done(jobs);
    for (size_t i = 0; i < added.n; i++)
        begin_one(j, added.v[i], now);
    vec_done(&added);
    jobs_flush(j);
}

/* --- cancelling --- */

/* Held first: nobody else writes it until who cancels says whether it is written. */
static void cancel_one(struct jobs *j, struct live_job *l, const char *text, struct cluster_now now,
                       struct job_list *changed)
{
    l->held = true;
    jobs_set_state(j, l, JOB_CANCELLED, text, now);
    job_copy(vec_add(changed), &l->job);
}

int jobs_cancel(struct jobs *j, const char *id, const char *actor, struct cluster_now now,
                struct err *e, struct job_list *ret_changed)
{
    struct live_job *l = jobs_live(j, id);
    AUTO(mem_freep) char *text = mem_printf("Cancelled by %s.", actor);
    bool any = false;
    if (!l)
        return err_set(e, -ENOENT, "There is no job with the id %.60s that could be cancelled.",
                       id);
    if (l->job.state == JOB_WAITING) {
        cancel_one(j, l, text, now, ret_changed);
        return 0;
    }
    for (size_t i = 0; !job_is_over(l->job.state) && i < l->job.children.n; i++) {
        struct live_job *child = jobs_live(j, l->job.children.v[i]);
        if (!child || child->job.state != JOB_WAITING)
            continue;
        cancel_one(j, child, text, now, ret_changed);
        any = true;
    }
    if (any)
        return 0;
    return err_set(e, -EBUSY, "That job %s: only what has not begun can be cancelled.",
                   job_is_over(l->job.state) ? "is over" : "has begun");
}

void jobs_cancelled(struct jobs *j, const struct job_list *changed, bool written)
{
    for (size_t i = 0; i < changed->n; i++) {
        struct live_job *l = jobs_live(j, changed->v[i].id);
        if (!l)
            continue;
        l->held = false;
        l->audited |= written;
    }
    jobs_flush(j);
}

/* --- guard rails --- */

struct cluster *jobs_cluster(const struct jobs *j)
{
    return j->cluster;
}

const struct guard *jobs_guard(const struct jobs *j)
{
    return &j->guard;
}

void jobs_set_guard(struct jobs *j, const struct guard *g)
{
    if (g->version < j->guard.version)
        return;
    guard_done(&j->guard);
    guard_copy(&j->guard, g);
}

/* --- what nodes allow --- */

static void free_policy(void *p)
{
    policy_free(p);
}

const struct policy *jobs_policy(const struct jobs *j, const char *node)
{
    return map_get(&j->policies, node);
}

bool jobs_bmc(const struct jobs *j, const char *node, struct fleet_bmc *ret_b)
{
    return j->hooks.bmc && j->hooks.bmc(j->hooks.arg, node, ret_b);
}

void jobs_set_policy(struct jobs *j, const char *node, const struct policy *p)
{
    policy_free(map_set(&j->policies, node, policy_copy(p)));
}

void jobs_node_removed(struct jobs *j, const char *node)
{
    policy_free(map_remove(&j->policies, node));
}

/* --- life --- */

struct jobs *jobs_new(struct loop *loop, struct workers *workers, struct store *store,
                      struct cluster *cluster, struct event_log *log,
                      const struct jobs_hooks *hooks)
{
    struct jobs *j = mem_alloc(sizeof *j);
    *j = (struct jobs){.loop = loop,
                       .workers = workers,
                       .store = store,
                       .cluster = cluster,
                       .log = log,
                       .hooks = *hooks};
    return j;
}

static void free_self(void *arg)
{
    struct jobs *j = arg;
    map_done(&j->live, free_live);
    map_done(&j->planned, free_planned);
    map_done(&j->policies, free_policy);
    guard_done(&j->guard);
    mem_free(j);
}

/* Freed by the loop, after the last message of a worker that points here. */
void jobs_free(struct jobs *j)
{
    if (!j)
        return;
    jobs_write_rest(j);
    loop_post(j->loop, free_self, j);
}
