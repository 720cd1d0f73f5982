#include "node/mount-users.h"

#include "node/kfile.h"
#include "node/processes.h"

#include <stdlib.h>

enum { LIMIT_NAMESPACES = 1024, NS_NAME_MAX = 64, LIMIT_IDS = 4096 };

struct mount_id {
    uint64_t id;
    size_t of; /* which of the mounts */
};

/* The mounts of those file systems in one namespace of mounts. */
struct space {
    char ns[NS_NAME_MAX];
    VEC(struct mount_id) ids;
};

struct search {
    const char *root;
    const struct mount *const *mounts;
    size_t n_mounts;
    VEC(struct space) spaces;
    struct mount_users *found; /* of each mount */
    /* the process that is looked at */
    int pid;
    const struct space *space;
    unsigned *files; /* of each mount */
};

/* --- namespaces --- */

static void add_ids(const struct search *s, const struct mount *m, struct space *space)
{
    for (size_t i = 0; i < s->n_mounts && space->ids.n < LIMIT_IDS; i++)
        if (s->mounts[i] && s->mounts[i]->number == m->number)
            *(struct mount_id *)vec_add(&space->ids) = (struct mount_id){m->id, i};
}

static void read_ids(const struct search *s, struct space *space)
{
    AUTO(mounts_done) struct mount_list l = {0};
    (void)!mounts_read(s->root, s->pid, NULL, &l); /* it may have ended */
    for (size_t i = 0; i < l.v.n; i++)
        add_ids(s, &l.v.v[i], space);
}

static const struct space *space_of(struct search *s)
{
    char ns[NS_NAME_MAX];
    if (kfile_link(ns, sizeof ns, s->root, "/proc/%d/ns/mnt", s->pid) < 0)
        return NULL;
    for (size_t i = 0; i < s->spaces.n; i++)
        if (str_eq(s->spaces.v[i].ns, ns))
            return &s->spaces.v[i];
    if (s->spaces.n == LIMIT_NAMESPACES)
        return NULL;
    struct space *fresh = vec_add(&s->spaces);
    str_copy(fresh->ns, sizeof fresh->ns, ns);
    read_ids(s, fresh);
    return fresh;
}

static bool has_mount(const struct space *space, size_t which)
{
    for (size_t i = 0; i < space->ids.n; i++)
        if (space->ids.v[i].of == which)
            return true;
    return false;
}

/* --- one process --- */

static void count_file(struct search *s, uint64_t mount_id)
{
    for (size_t i = 0; i < s->space->ids.n; i++)
        if (s->space->ids.v[i].id == mount_id)
            s->files[s->space->ids.v[i].of]++;
}

static void look_at_file(void *arg, const char *name)
{
    static const char key[] = "mnt_id:\t";
    char text[256];
    uint64_t id;
    struct search *s = arg;
    if (kfile_text(text, sizeof text, s->root, "/proc/%d/fdinfo/%s", s->pid, name) < 0)
        return;
    char *at = strstr(text, key);
    if (!at)
        return;
    at += strlen(key);
    at[strcspn(at, "\n")] = 0;
    if (str_to_u64(at, &id) == 0)
        count_file(s, id);
}

static void look_at_folder(struct search *s)
{
    char path[KFILE_PATH_MAX];
    if (kfile_link(path, sizeof path, s->root, "/proc/%d/cwd", s->pid) < 0)
        return;
    for (size_t i = 0; i < s->n_mounts; i++)
        if (has_mount(s->space, i) && mount_is_at_or_below(path, s->mounts[i]->point))
            s->files[i]++;
}

static void remember(const struct search *s, struct mount_users *found, unsigned files)
{
    if (found->v.n == LIMIT_MOUNT_USERS) {
        found->more++;
        return;
    }
    struct mount_user *u = vec_add(&found->v);
    *u = (struct mount_user){.pid = s->pid, .files = files};
    if (kfile_text(u->name, sizeof u->name, s->root, "/proc/%d/comm", s->pid) < 0)
        str_copy(u->name, sizeof u->name, "?");
}

static void look_at_process(void *arg, const char *name)
{
    char folder[64];
    uint64_t pid;
    struct search *s = arg;
    if (str_to_u64(name, &pid) < 0 || pid > INT32_MAX)
        return;
    s->pid = (int)pid;
    s->space = space_of(s);
    if (!s->space || !s->space->ids.n)
        return;
    memset(s->files, 0, s->n_mounts * sizeof *s->files);
    snprintf(folder, sizeof folder, "/proc/%d/fdinfo", s->pid);
    (void)!kfile_list(s->root, folder, look_at_file, s);
    look_at_folder(s);
    for (size_t i = 0; i < s->n_mounts; i++)
        if (s->files[i])
            remember(s, &s->found[i], s->files[i]);
}

/* --- all of them --- */

int mount_users_read(const char *root, const struct mount *const *mounts, size_t n,
                     struct mount_users *ret_users)
{
    struct search s = {.root = root, .mounts = mounts, .n_mounts = n, .found = ret_users};
    if (!n)
        return 0;
    memset(ret_users, 0, n * sizeof *ret_users);
    s.files = mem_array(n, sizeof *s.files);
    int r = kfile_list(root, "/proc", look_at_process, &s);
    for (size_t i = 0; i < s.spaces.n; i++)
        vec_done(&s.spaces.v[i].ids);
    for (size_t i = 0; r < 0 && i < n; i++)
        mount_users_done(&ret_users[i]);
    vec_done(&s.spaces);
    mem_free(s.files);
    return r < 0 ? r : 0;
}

void mount_users_done(struct mount_users *u)
{
    vec_done(&u->v);
}

void mount_users_print(const struct mount_users *u, struct str *out)
{
    for (size_t i = 0; i < u->v.n; i++) {
        AUTO(mem_freep) char *name = str_mend_utf8(mem_strdup(u->v.v[i].name));
        str_addf(out, "%d %s: %u %s\n", u->v.v[i].pid, name, u->v.v[i].files,
                 u->v.v[i].files == 1 ? "file" : "files");
    }
    if (u->more)
        str_addf(out, "and %zu more\n", u->more);
}
