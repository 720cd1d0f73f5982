#include "node/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

struct owners *owners_new(void)
{
    return mem_alloc(sizeof(struct owners));
}

void owners_free(struct owners *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < o->v.n; i++) {
        mem_free(o->v.v[i]->id);
        mem_free(o->v.v[i]->cgroup);
        mem_free(o->v.v[i]);
    }
    vec_done(&o->v);
    mem_free(o);
}

struct owners *owners_copy(const struct owners *from)
{
    struct owners *o = owners_new();
    for (size_t i = 0; i < from->v.n; i++) {
        const struct owner *w = from->v.v[i];
        if (!w->gone)
            owners_set(
                o, &(struct observed){.id = w->id, .cgroup = w->cgroup, .main_pid = w->main_pid});
    }
    return o;
}

struct owner *owners_by_id(const struct owners *o, const char *id)
{
    for (size_t i = 0; i < o->v.n; i++)
        if (str_eq(o->v.v[i]->id, id))
            return o->v.v[i];
    return NULL;
}

void owner_used(struct owner *w, enum usage_source source, double cpu, double memory, int64_t now)
{
    w->usage[source] = (struct usage){.cpu = cpu, .memory = memory, .read_ms = now};
}

void owner_unused(struct owner *w, enum usage_source source)
{
    owner_used(w, source, (double)NAN, (double)NAN, 0);
}

static struct owner *add(struct owners *o, const char *id)
{
    struct owner *w = mem_alloc(sizeof *w);
    w->id = mem_strdup(id);
    w->series = SERIES_NONE;
    for (unsigned i = 0; i < USAGE_SOURCES; i++)
        owner_unused(w, i);
    *vec_add(&o->v) = w;
    return w;
}

/* The root of a hierarchy holds everything: it is nobody's. */
static const char *own_cgroup(const struct observed *s)
{
    return str_is_empty(s->cgroup) || str_eq(s->cgroup, "/") ? NULL : s->cgroup;
}

void owners_set(struct owners *o, const struct observed *service)
{
    struct owner *w = owners_by_id(o, service->id);
    if (!w)
        w = add(o, service->id);
    w->told++;
    bool runs = service->run != RUN_STOPPED && service->run != RUN_FAILED;
    if (!runs)
        owner_unused(w, USAGE_ENGINE);
    bool changed = mem_set_str(&w->cgroup, runs ? own_cgroup(service) : NULL);
    int pid = runs ? service->main_pid : 0;
    if (changed || w->main_pid != pid || w->gone)
        o->generation++;
    w->main_pid = pid;
    w->gone = false;
}

void owners_remove(struct owners *o, const char *id)
{
    struct owner *w = owners_by_id(o, id);
    if (!w)
        return;
    w->gone = true;
    owner_unused(w, USAGE_ENGINE);
    w->main_pid = 0;
    mem_set_str(&w->cgroup, NULL);
    o->generation++;
}

void owners_forget_series(struct owners *o)
{
    for (size_t i = o->v.n; i-- > 0;) {
        struct owner *w = o->v.v[i];
        w->series = SERIES_NONE;
        if (!w->gone)
            continue;
        mem_free(w->id);
        mem_free(w);
        vec_remove_at(&o->v, i);
    }
    o->generation++;
}

static const struct series_tmpl owner_series[OWNER_SERIES] = {
    [OWNER_CPU] = {"hydra_service_cpu_seconds_total", SERIES_COUNTER,
                   "CPU time used by the processes of the service.", NULL},
    [OWNER_MEMORY] = {"hydra_service_memory_bytes", SERIES_GAUGE,
                      "Memory used by the service, without page cache that can be given back. Read "
                      "each 2 s, of one that used no CPU each 10 s; that cache each 20 s and 60 s.",
                      NULL},
};

void owner_add_series(struct owner *w, struct series *s)
{
    if (w->series != SERIES_NONE)
        return;
    AUTO(str_done) struct str labels = {0};
    label_add(&labels, "service", w->id);
    w->series = series_add(s, owner_series, OWNER_SERIES, labels.p);
}

static bool is_below(const char *path, const char *parent, size_t parent_len)
{
    return strncmp(path, parent, parent_len) == 0 &&
           (path[parent_len] == 0 || path[parent_len] == '/');
}

struct owner *owners_by_cgroup(const struct owners *o, const char *cgroup)
{
    struct owner *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < o->v.n; i++) {
        struct owner *w = o->v.v[i];
        size_t n = w->cgroup ? strlen(w->cgroup) : 0;
        if (n > best_len && is_below(cgroup, w->cgroup, n)) {
            best = w;
            best_len = n;
        }
    }
    return best;
}

struct owner *owners_by_pid(const struct owners *o, int pid)
{
    for (size_t i = 0; i < o->v.n; i++)
        if (pid > 0 && o->v.v[i]->main_pid == pid)
            return o->v.v[i];
    return NULL;
}

/* How much a line "id:controllers:path" tells; 0 = nothing. */
static size_t line_weight(const char *controllers, const char *path)
{
    if (path[0] != '/' || path[1] == 0)
        return 0;
    if (*controllers == 0)
        return SIZE_MAX;
    if (str_eq(controllers, "name=systemd"))
        return SIZE_MAX - 1;
    return strlen(path);
}

const char *cgroup_parse(char *text)
{
    const char *best = "/";
    size_t best_weight = 0;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        char *controllers = strchr(line, ':');
        char *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = 0;
        size_t weight = line_weight(controllers + 1, path);
        if (weight > best_weight) {
            best_weight = weight;
            best = path;
        }
    }
    return best;
}

int cgroup_of_pid(const char *root, int pid, char ret_path[CGROUP_PATH_MAX])
{
    char path[CGROUP_PATH_MAX], text[4096];
    int len = snprintf(path, sizeof path, "%s/proc/%d/cgroup", root, pid);
    if (len < 0 || (size_t)len >= sizeof path)
        return -ENAMETOOLONG;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, text, sizeof text - 1);
    int r = n < 0 ? -errno : 0;
    close(fd);
    if (r < 0)
        return r == -ESRCH ? -ENOENT : r;
    text[n] = 0;
    return str_copy(ret_path, CGROUP_PATH_MAX, cgroup_parse(text)) ? 0 : -ENAMETOOLONG;
}
