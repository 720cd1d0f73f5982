#include "cluster/judge.h"

#include <stdio.h>

enum {
    SLOW_START_MS = 5 * 60 * 1000, /* starting for longer is worth a word */
    LOOP_REST_MS = 60 * 1000,      /* in a restart loop, up for less is still down */
};

const char *service_state_name(enum service_state s)
{
    switch (s) {
    case STATE_HEALTHY:
        return "healthy";
    case STATE_UNCHECKED:
        return "unchecked";
    case STATE_DEGRADED:
        return "degraded";
    case STATE_DOWN:
        return "down";
    case STATE_UNKNOWN:
        return "unknown";
    case STATE_WORKING:
        return "working";
    case STATE_STOPPED:
        break;
    }
    return "stopped";
}

const char *node_state_name(enum node_state s)
{
    return s == NODE_ONLINE ? "online" : s == NODE_LATE ? "late" : "away";
}

bool state_is_well(enum service_state s)
{
    return s == STATE_HEALTHY || s == STATE_UNCHECKED;
}

static void say(struct judgement *j, enum service_state state, const char *fmt, ...) PRINTF(3, 4);
static void say(struct judgement *j, enum service_state state, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    j->state = state;
    vsnprintf(j->reason, sizeof j->reason, fmt, ap);
    va_end(ap);
}

void judge_ended_how(const struct evidence *e, char *out, size_t size)
{
    char meaning[EXIT_MEANING_SIZE] = "";
    const char *why = str_is_empty(e->why) ? NULL : e->why;
    if (e->has_exit || e->oom_killed)
        exit_meaning(e->exit_code, e->oom_killed, e->kind, meaning);
    if (meaning[0])
        snprintf(out, size, "%s%s%s", meaning, why ? ": " : "", why ? why : "");
    else if (e->has_exit)
        snprintf(out, size, "exit code %d%s%s", e->exit_code, why ? ": " : "", why ? why : "");
    else
        snprintf(out, size, "%s", why ? why : "");
}

static void judge_ended(const struct evidence *e, struct judgement *j)
{
    char how[REASON_SIZE];
    judge_ended_how(e, how, sizeof how);
    if (e->looping || e->run == RUN_RESTARTING)
        say(j, STATE_DOWN, "restarts again and again%s%s", how[0] ? ": " : "", how);
    else if (how[0])
        say(j, STATE_DOWN, "%s", how);
    else
        say(j, STATE_DOWN, "it does not run");
}

/* The engine says it does not run. */
static bool judge_run(const struct evidence *e, struct judgement *j)
{
    switch (e->run) {
    case RUN_RUNNING:
        return false;
    case RUN_STARTING:
        if (e->looping)
            judge_ended(e, j);
        else if (e->run_ms < SLOW_START_MS)
            say(j, STATE_WORKING, "starts");
        else
            say(j, STATE_DEGRADED, "has been starting for %lld min", (long long)e->run_ms / 60000);
        return true;
    case RUN_STOPPING:
        say(j, STATE_WORKING, "stops");
        return true;
    case RUN_PAUSED:
        say(j, STATE_STOPPED, "paused");
        return true;
    case RUN_STOPPED:
        if (e->on_purpose) {
            say(j, STATE_STOPPED, "stopped on purpose");
            return true;
        }
        break;
    case RUN_FAILED:
    case RUN_RESTARTING:
        break;
    }
    judge_ended(e, j);
    return true;
}

/* A check that speaks against it; the engine says it runs, or there is no engine. */
static bool judge_check_bad(const struct evidence *e, struct judgement *j)
{
    const char *text = str_is_empty(e->check_text) ? "the check failed" : e->check_text;
    if (e->check != CHECK_DEAD && e->check != CHECK_ERRORS)
        return false;
    if (e->check_asks)
        return false; /* the check asks another service: no evidence about this one */
    if (e->check == CHECK_DEAD && !e->check_automatic)
        say(j, STATE_DOWN, "%s", text);
    else
        say(j, STATE_DEGRADED, "runs, but %s", text);
    return true;
}

static bool judge_engine_health(const struct evidence *e, struct judgement *j)
{
    if (e->health == HEALTH_STARTING) {
        say(j, STATE_WORKING, "starts: its own check has not passed yet");
        return true;
    }
    if (e->health != HEALTH_UNHEALTHY)
        return false;
    const char *text = str_is_empty(e->health_text) ? NULL : e->health_text;
    say(j, STATE_DEGRADED, "its own health check fails%s%s%s", text ? ": " : "", text ? text : "",
        e->check == CHECK_GOOD ? " (but it answers)" : "");
    return true;
}

static void judge_running(const struct evidence *e, struct judgement *j)
{
    if (e->looping) {
        char how[REASON_SIZE / 2];
        judge_ended_how(e, how, sizeof how);
        say(j, e->run_ms < LOOP_REST_MS ? STATE_DOWN : STATE_DEGRADED,
            "restarted %u times in 10 min%s%s", e->restarts_10min, how[0] ? ": " : "", how);
        return;
    }
    if (judge_check_bad(e, j) || judge_engine_health(e, j))
        return;
    bool proved = e->check == CHECK_GOOD || e->check == CHECK_RETRYING;
    if (e->check_asks)
        say(j, STATE_UNCHECKED, "its check asks a port that belongs to %s", e->check_asks);
    else if (proved || e->health == HEALTH_HEALTHY || e->holds_port)
        j->state = STATE_HEALTHY;
    else if (e->check == CHECK_UNTRIED && !e->check_automatic)
        say(j, STATE_UNCHECKED, "the check could not be tried%s%s", e->check_text ? ": " : "",
            e->check_text ? e->check_text : "");
    else
        j->state = STATE_UNCHECKED;
}

static void judge_manual(const struct evidence *e, struct judgement *j)
{
    switch (e->check) {
    case CHECK_NOT_SET:
        j->state = STATE_UNCHECKED;
        return;
    case CHECK_WAITING:
        say(j, STATE_UNKNOWN, "waits for its first check");
        return;
    case CHECK_GOOD:
    case CHECK_RETRYING:
        j->state = STATE_HEALTHY;
        return;
    case CHECK_ERRORS:
    case CHECK_DEAD:
        say(j, STATE_DOWN, "%s", str_is_empty(e->check_text) ? "the check failed" : e->check_text);
        return;
    case CHECK_UNTRIED:
        break;
    }
    say(j, STATE_UNKNOWN, "the check could not be tried%s%s", e->check_text ? ": " : "",
        e->check_text ? e->check_text : "");
}

static enum proof proof_of(const struct evidence *e)
{
    if (e->check != CHECK_NOT_SET && !e->check_automatic)
        return PROOF_SET;
    bool automatic = e->check == CHECK_GOOD || e->check == CHECK_RETRYING ||
                     e->check == CHECK_ERRORS || e->check == CHECK_DEAD;
    return automatic || e->health != HEALTH_NONE || e->holds_port ? PROOF_AUTO : PROOF_NONE;
}

void judge(const struct evidence *e, struct judgement *ret)
{
    *ret = (struct judgement){.proof = proof_of(e)};
    if (e->node == NODE_AWAY || e->node == NODE_LATE)
        say(ret, STATE_UNKNOWN, "its node has not been heard from");
    else if (e->source_lost && !e->manual)
        say(ret, STATE_UNKNOWN, "%s can't be asked",
            e->source_name ? e->source_name : "the engine");
    else if (e->manual)
        judge_manual(e, ret);
    else if (!judge_run(e, ret))
        judge_running(e, ret);
}

/* --- over time --- */

static void add_turn(struct health *h, int64_t mono)
{
    if (h->n_turns == FLAP_CHANGES) {
        memmove(h->turns, h->turns + 1, sizeof h->turns - sizeof h->turns[0]);
        h->n_turns--;
    }
    h->turns[h->n_turns++] = mono;
}

/* Counts turns between well and not well; what people do (stop, start) and silence are none. */
static void watch_turns(struct health *h, enum service_state s, int64_t mono)
{
    bool well = state_is_well(s), ill = s == STATE_DOWN || s == STATE_DEGRADED;
    if ((well || ill) && h->known && well != h->was_well)
        add_turn(h, mono);
    if (well || ill)
        h->was_well = well;
    if (h->n_turns == FLAP_CHANGES && mono - h->turns[0] < FLAP_WINDOW_MS)
        h->flapping = true;
    if (h->flapping && mono - h->turns[h->n_turns - 1] >= FLAP_STEADY_MS)
        h->flapping = false;
}

bool health_feed(struct health *h, const struct judgement *j, struct cluster_now now,
                 enum service_state *ret_from)
{
    struct judgement next = *j;
    *ret_from = h->told.state;
    watch_turns(h, j->state, now.mono_ms);
    if (h->flapping && state_is_well(j->state))
        say(&next, STATE_DEGRADED, "comes and goes: %d changes in 10 min", FLAP_CHANGES);
    bool changed = !h->known || next.state != h->told.state;
    bool differs = changed || next.proof != h->told.proof || !str_eq(next.reason, h->told.reason);
    if (changed)
        h->since_ms = now.wall_ms;
    h->known = true;
    h->told = next;
    return differs;
}
