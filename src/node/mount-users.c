#include "node/mount-users.h"

#include "node/kfile.h"
#include "node/processes.h"

#include <stdlib.h>

enum { LIMIT_NAMESPACES = 1024, NS_NAME_MAX = 64, LIMIT_IDS = 16 };

/* The mounts of that file system in one namespace of mounts. */
struct space {
    char ns[NS_NAME_MAX];
    uint64_t ids[LIMIT_IDS];
    size_t n_ids;
};

struct search {
    const char *root;
    const struct mount *mount;
    struct kbuf buf;
    VEC(struct space) spaces;
    struct mount_users *found;
    /* the process that is looked at */
    int pid;
    const struct space *space;
    unsigned files;
};

/* --- namespaces --- */

static void read_ids(struct search *s, struct space *space)
{
    struct scan text;
    int fd = kfile_open(s->root, "/proc/%d/mountinfo", s->pid);
    AUTO(mounts_done) struct mount_list l = {0};
    if (fd >= 0 && kfile_read_long(&s->buf, fd, &text) >= 0)
        mounts_parse_all(&l, text);
    kfile_close(&fd);
    for (size_t i = 0; i < l.v.n && space->n_ids < LIMIT_IDS; i++)
        if (l.v.v[i].number == s->mount->number)
            space->ids[space->n_ids++] = l.v.v[i].id;
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

/* --- one process --- */

static bool has_id(const struct space *space, uint64_t id)
{
    for (size_t i = 0; i < space->n_ids; i++)
        if (space->ids[i] == id)
            return true;
    return false;
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
    if (str_to_u64(at, &id) == 0 && has_id(s->space, id))
        s->files++;
}

static void look_at_folder(struct search *s)
{
    char path[KFILE_PATH_MAX];
    if (kfile_link(path, sizeof path, s->root, "/proc/%d/cwd", s->pid) >= 0 &&
        mount_is_at_or_below(path, s->mount->point))
        s->files++;
}

static void remember(struct search *s)
{
    if (s->found->v.n == LIMIT_MOUNT_USERS) {
        s->found->more++;
        return;
    }
    struct mount_user *u = vec_add(&s->found->v);
    *u = (struct mount_user){.pid = s->pid, .files = s->files};
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
    s->files = 0;
    s->space = space_of(s);
    if (!s->space || !s->space->n_ids)
        return;
    snprintf(folder, sizeof folder, "/proc/%d/fdinfo", s->pid);
    (void)!kfile_list(s->root, folder, look_at_file, s);
    look_at_folder(s);
    if (s->files)
        remember(s);
}

/* --- all of them --- */

int mount_users_read(const char *root, const struct mount *m, struct mount_users *ret_u)
{
    struct mount_users found = {0};
    struct search s = {.root = root, .mount = m, .found = &found};
    int r = kfile_list(root, "/proc", look_at_process, &s);
    kbuf_done(&s.buf);
    vec_done(&s.spaces);
    if (r < 0)
        mount_users_done(&found);
    else
        *ret_u = found;
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
