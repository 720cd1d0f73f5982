/* Which observed service owns a process: by announced main pid, else by cgroup.
 *
 * A service owns its cgroup and everything below it; the deepest owner wins. Paths are as in
 * /proc/PID/cgroup, below the mount of the hierarchy: "/system.slice/nginx.service",
 * "/docker/0123…". Not thread-safe. */
#pragma once

#include "base/vec.h"
#include "node/report.h"
#include "node/series.h"

/* A service's own series. */
enum { OWNER_CPU, OWNER_MEMORY, OWNER_SERIES };

/* What is known of its use of the machine, the best source first; NaN = that one doesn't tell. */
enum usage_source { USAGE_CGROUP, USAGE_PROCESSES, USAGE_ENGINE, USAGE_SOURCES };
struct usage {
    double cpu;      /* seconds, counted from some time on */
    double memory;   /* bytes */
    int64_t read_ms; /* mono */
};

/* Of collect-service.c: between the last two readings of the source in use. */
struct pace {
    const struct usage *source; /* NULL = none */
    double before, last;
    int64_t before_ms, last_ms;
};

struct owner {
    char *id;      /* observed id */
    char *cgroup;  /* NULL = shares its cgroup with others */
    int main_pid;  /* 0 = not known */
    unsigned told; /* how often something was said of it */
    bool gone;     /* the service is gone; the place stays so that its series keep their numbers */
    uint32_t series; /* the first of OWNER_SERIES, SERIES_NONE = none yet */
    struct usage usage[USAGE_SOURCES];
    struct pace pace;
    double cpu_seconds; /* of its processes, summed so far */
};

struct owners {
    VEC(struct owner *) v; /* in the order of appearance; pointers are stable */
    unsigned generation;   /* grows whenever an attribution may have changed */
};

struct owners *owners_new(void);
void owners_free(struct owners *o);
/* Who owns what, for another thread; nothing of its use. */
struct owners *owners_copy(const struct owners *from);

void owners_set(struct owners *o, const struct observed *service);
void owners_remove(struct owners *o, const char *id);

/* A reading of one of the sources; owner_unused() when it tells nothing any more. */
void owner_used(struct owner *w, enum usage_source source, double cpu, double memory, int64_t now);
void owner_unused(struct owner *w, enum usage_source source);

/* After series_reset(): all take new ones. */
void owners_forget_series(struct owners *o);

/* Gives it its series, when it has none. */
void owner_add_series(struct owner *w, struct series *s);

struct owner *owners_by_id(const struct owners *o, const char *id);
struct owner *owners_by_cgroup(const struct owners *o, const char *cgroup);
struct owner *owners_by_pid(const struct owners *o, int pid);

enum { CGROUP_PATH_MAX = 512 };

/* The path that tells most in the text of /proc/PID/cgroup (which is changed by parsing): of the
 * unified hierarchy, else of systemd's, else of the deepest controller. "/" when it says nothing.
 * Points into `text`. */
const char *cgroup_parse(char *text);

/* The same of a live process; -ENOENT when it has ended. `root`: see node_settings. */
int cgroup_of_pid(const char *root, int pid, char ret_path[CGROUP_PATH_MAX]) MUST_CHECK;
