/* docker, systemd, process: what the machine itself knows of a container, a unit, a program. They
 * are answered at once, from what is being watched anyway. */
#include "node/check-private.h"

#include "node/docker.h"
#include "node/kfile.h"
#include "node/systemd.h"

#include <dirent.h>

static void judge(struct check_run *run, const struct observed *o)
{
    const char *why = o->why ? o->why : o->health_text;
    bool runs = o->run == RUN_RUNNING;
    if (runs && o->health == HEALTH_UNHEALTHY)
        check_finish(run, CHECK_DOWN, NULL, "unhealthy%s%.200s", why ? ": " : "", why ? why : "");
    else if (runs)
        check_finish(run, CHECK_UP, NULL, "%s%s", o->run_text,
                     o->health == HEALTH_HEALTHY ? ", healthy" : "");
    else
        check_finish(run, CHECK_DOWN, NULL, "%s%s%.200s", o->run_text, o->why ? ": " : "",
                     o->why ? o->why : "");
}

static void absent(struct check_run *run, bool complete, const char *what, const char *source)
{
    if (complete)
        check_finish(run, CHECK_DOWN, NULL, "there is no %s %.100s", what, run->spec->target);
    else
        check_finish(run, CHECK_UNKNOWN, NULL, "%s can't be asked", source);
}

static void start_docker(struct check_run *run)
{
    const struct observed *o = docker_find(run->node, run->spec->target);
    bool complete = docker_is_complete(run->node);
    if (o && complete)
        judge(run, o);
    else
        absent(run, complete, "container", "Docker");
}

static void start_systemd(struct check_run *run)
{
    const struct observed *o = systemd_find(run->node, run->spec->target);
    bool complete = systemd_is_complete(run->node);
    if (o && complete)
        judge(run, o);
    else
        absent(run, complete, "active unit", "systemd");
}

static bool runs_program(const char *root, uint64_t pid, const char *name)
{
    char program[64];
    if (kfile_program(program, sizeof program, root, (int)pid) < 0)
        return false;
    bool cut = strlen(name) == KFILE_COMM_MAX && str_starts(program, name); /* as ps says it */
    return cut || str_eq(program, name);
}

static void start_process(struct check_run *run)
{
    char path[NODE_PATH_MAX];
    unsigned found = 0;
    uint64_t pid, first = 0;
    DIR *d = opendir(node_path(run->node, "/proc", path));
    for (struct dirent *e; d && (e = readdir(d));)
        if (str_to_u64(e->d_name, &pid) == 0 &&
            runs_program(run->node->settings.root, pid, run->spec->target) && !found++)
            first = pid;
    if (d)
        closedir(d);
    if (!d)
        check_finish(run, CHECK_UNKNOWN, NULL, "/proc can't be read");
    else if (found == 1)
        check_finish(run, CHECK_UP, NULL, "process %llu", (unsigned long long)first);
    else if (found)
        check_finish(run, CHECK_UP, NULL, "%u processes", found);
    else
        check_finish(run, CHECK_DOWN, NULL, "no process %.100s runs", run->spec->target);
}

const struct check_kind_ops check_docker = {.start = start_docker};
const struct check_kind_ops check_systemd = {.start = start_systemd};
const struct check_kind_ops check_process = {.start = start_process};
