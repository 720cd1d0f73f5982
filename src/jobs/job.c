#include "jobs/job.h"

#include "base/vec.h"

#include <assert.h>
#include <stdio.h>

static const char *const state_names[] = {
    [JOB_WAITING] = "waiting", [JOB_RUNNING] = "running", [JOB_DONE] = "done",
    [JOB_FAILED] = "failed",   [JOB_REFUSED] = "refused", [JOB_CANCELLED] = "cancelled",
    [JOB_LOST] = "lost",
};

const char *job_state_name(enum job_state s)
{
    return state_names[s];
}

int job_state_parse(const char *name, enum job_state *ret_s)
{
    for (unsigned s = 0; s < COUNT_OF(state_names); s++)
        if (str_eq(name, state_names[s])) {
            *ret_s = (enum job_state)s;
            return 0;
        }
    return -ENOENT;
}

static const struct {
    const char *label;
    enum permission permission;
    bool interrupts;
} verbs[COMMAND_COUNT] = {
    [COMMAND_UNIT_START] = {"Start", PERM_SERVICE_RESTART, false},
    [COMMAND_UNIT_STOP] = {"Stop", PERM_SERVICE_RESTART, true},
    [COMMAND_UNIT_RESTART] = {"Restart", PERM_SERVICE_RESTART, true},
    [COMMAND_UNIT_RELOAD] = {"Reload", PERM_SERVICE_RESTART, false},
    [COMMAND_UNIT_RESET_FAILED] = {"Reset failure of", PERM_SERVICE_RESTART, false},
    [COMMAND_UNIT_MASK] = {"Mask", PERM_SERVICE_UPDATE, true},
    [COMMAND_UNIT_UNMASK] = {"Unmask", PERM_SERVICE_UPDATE, false},
    [COMMAND_CONTAINER_START] = {"Start", PERM_SERVICE_RESTART, false},
    [COMMAND_CONTAINER_STOP] = {"Stop", PERM_SERVICE_RESTART, true},
    [COMMAND_CONTAINER_RESTART] = {"Restart", PERM_SERVICE_RESTART, true},
    [COMMAND_CONTAINER_PAUSE] = {"Pause", PERM_SERVICE_RESTART, true},
    [COMMAND_CONTAINER_UNPAUSE] = {"Resume", PERM_SERVICE_RESTART, false},
    [COMMAND_CONTAINER_KILL] = {"Kill", PERM_SERVICE_RESTART, true},
    [COMMAND_CONTAINER_RENAME] = {"Rename", PERM_SERVICE_UPDATE, false},
    [COMMAND_CONTAINER_REMOVE] = {"Remove", PERM_SERVICE_UPDATE, true},
    [COMMAND_CONTAINER_UPDATE] = {"Update", PERM_SERVICE_UPDATE, true},
    [COMMAND_CONTAINER_CONNECT] = {"Connect", PERM_SERVICE_UPDATE, false},
    [COMMAND_CONTAINER_DISCONNECT] = {"Disconnect", PERM_SERVICE_UPDATE, true},
    [COMMAND_CONTAINER_TRUNCATE_LOG] = {"Empty the log of", PERM_SERVICE_UPDATE, false},
    [COMMAND_PROJECT_UP] = {"Start project", PERM_SERVICE_UPDATE, false},
    [COMMAND_PROJECT_DOWN] = {"Take down project", PERM_SERVICE_UPDATE, true},
    [COMMAND_PROJECT_RESTART] = {"Restart project", PERM_SERVICE_UPDATE, true},
    [COMMAND_PROJECT_PULL] = {"Pull images of project", PERM_SERVICE_UPDATE, false},
    [COMMAND_PROCESS_SIGNAL] = {"Signal process", PERM_PROCESS_SIGNAL, true},
    [COMMAND_MACHINE_REBOOT] = {"Reboot", PERM_NODE_REBOOT, true},
    [COMMAND_MACHINE_POWER_OFF] = {"Power off", PERM_NODE_REBOOT, true},
    [COMMAND_GENERATION_SWITCH] = {"Switch", PERM_GENERATION_SWITCH, true},
    [COMMAND_GENERATION_ROLLBACK] = {"Roll back", PERM_GENERATION_SWITCH, true},
    [COMMAND_GENERATION_REBUILD] = {"Rebuild", PERM_GENERATION_SWITCH, true},
    [COMMAND_GENERATION_COLLECT] = {"Clean up the Nix store of", PERM_GENERATION_SWITCH, false},
    [COMMAND_GENERATION_CONFIRM] = {"Confirm the switch of", PERM_GENERATION_SWITCH, false},
    [COMMAND_DOCKER_PRUNE] = {"Clean up", PERM_SERVICE_UPDATE, false},
    [COMMAND_AGENT_UPGRADE] = {"Upgrade the agent of", PERM_NODES_WRITE, false},
    [COMMAND_MACHINE_WAKE] = {"Wake", PERM_NODE_REBOOT, false},
    [COMMAND_MOUNT_REMOUNT] = {"Remount", PERM_SERVICE_RESTART, true},
    [COMMAND_MACHINE_POWER] = {"Power", PERM_NODE_REBOOT, true},
    [COMMAND_JOURNAL_VACUUM] = {"Shorten the journal of", PERM_SERVICE_UPDATE, false},
};

enum permission verb_permission(enum command_verb v)
{
    assert(v < COMMAND_COUNT);
    return verbs[v].permission;
}

const char *verb_label(enum command_verb v)
{
    assert(v < COMMAND_COUNT);
    return verbs[v].label;
}

bool verb_interrupts(enum command_verb v)
{
    assert(v < COMMAND_COUNT);
    return verbs[v].interrupts;
}

/* A new name would take a container out from under its rule. */
bool verb_is_guarded(enum command_verb v)
{
    return verb_interrupts(v) || v == COMMAND_CONTAINER_RENAME;
}

bool verb_is_machine(enum command_verb v)
{
    return v == COMMAND_MACHINE_REBOOT || v == COMMAND_MACHINE_POWER_OFF ||
           v == COMMAND_AGENT_UPGRADE || v == COMMAND_MACHINE_WAKE || v == COMMAND_MACHINE_POWER;
}

bool verb_is_project(enum command_verb v)
{
    return v >= COMMAND_PROJECT_UP && v <= COMMAND_PROJECT_PULL;
}

const char *job_resource(const struct job *j)
{
    return str_is_empty(j->service) || verb_is_project(j->verb) ? j->node : j->service;
}

void job_done(struct job *j)
{
    char **const texts[] = {&j->node, &j->service, &j->target, &j->argument, &j->step,
                            &j->text, &j->output,  &j->actor,  &j->via,      &j->ran_before};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        mem_free(*texts[i]);
    str_list_done(&j->children);
    *j = (struct job){0};
}

void job_copy(struct job *to, const struct job *from)
{
    *to = *from;
    char **const texts[] = {&to->node, &to->service, &to->target, &to->argument, &to->step,
                            &to->text, &to->output,  &to->actor,  &to->via,      &to->ran_before};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        *texts[i] = mem_strdup(*texts[i] ? *texts[i] : "");
    to->children = (struct str_list){0};
    str_list_copy(&to->children, &from->children);
}

void job_list_done(struct job_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        job_done(&l->v[i]);
    vec_done(l);
}

/* "docker/plex" and "systemd/nginx.service" as people call them. */
static char *short_name(const char *target)
{
    if (*target == '/') /* a path */
        return mem_strdup(target);
    const char *slash = strchr(target, '/');
    char *name = mem_strdup(slash ? slash + 1 : target);
    if (str_ends(name, ".service"))
        name[strlen(name) - strlen(".service")] = 0;
    char *colon = strchr(name, ':');
    if (!slash && colon)
        *colon = 0; /* PID:START */
    return name;
}

char *job_title(const struct job *j)
{
    const char *label = verb_label(j->verb);
    if (j->children.n)
        return mem_printf("%s %zu services", label, j->children.n);
    if (j->verb == COMMAND_MACHINE_WAKE) /* another one than it is asked of */
        return mem_printf("%s %s from %s", label, j->argument ? j->argument : "", j->node);
    if (j->verb == COMMAND_MACHINE_POWER) /* "cycle nas" */
        return mem_printf("%s: %s, by its controller from %s", label, j->argument, j->node);
    if (!*j->target) /* the machine as a whole */
        return mem_printf("%s %s", label, j->node);
    if (command_is_generation(j->verb))
        return mem_printf("%s %s to generation %s", label, j->node, j->target);
    AUTO(mem_freep) char *name = short_name(j->target);
    return mem_printf("%s %s on %s", label, name, j->node);
}

static const char *or_null(const char *s)
{
    return str_is_empty(s) ? NULL : s;
}

void job_print(struct jw *w, const struct job *j, bool with_output)
{
    AUTO(mem_freep) char *title = job_title(j);
    jw_object(w);
    jw_key_str(w, "id", j->id);
    jw_key_str(w, "verb", command_verb_name(j->verb));
    jw_key_str(w, "title", title);
    jw_key_str(w, "node", or_null(j->node));
    jw_key_str(w, "service", or_null(j->service));
    jw_key_str(w, "target", j->target);
    jw_key_str(w, "argument", j->argument);
    jw_key_str(w, "state", job_state_name(j->state));
    jw_key_str(w, "step", j->step);
    jw_key_str(w, "text", j->text);
    jw_key_str(w, "output", with_output ? j->output : "");
    jw_key_str(w, "actor", j->actor);
    jw_key_time(w, "created", j->created_ms);
    jw_key_time(w, "started", j->started_ms);
    jw_key_time(w, "ended", j->ended_ms);
    jw_key_str(w, "parent", or_null(j->parent));
    jw_key_strs(w, "children", &j->children);
    jw_end_object(w);
}
