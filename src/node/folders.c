#include "node/folders.h"

#include "base/clock.h"
#include "base/vec.h"
#include "node/mounts.h"
#include "node/program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512, LOOK_AT_CLOCK = 256 };

struct sum {
    uint64_t bytes, files;
    uint64_t hidden; /* folders that could not be read */
    bool is_mount;
};

struct folder {
    char *name;
    bool is_file;
    struct sum sum;
};

struct walk {
    struct mount_list mounts; /* by point */
    struct str path;          /* of the folder that is read */
    int64_t until_ms;
    uint64_t *links; /* numbers of files with several names; open addressing, 0 = free */
    size_t n_links, n_slots;
    unsigned ticks;
    bool late;
};

/* --- files with several names --- */

static bool put_link(uint64_t *slots, size_t n_slots, uint64_t number)
{
    size_t i = (size_t)(number * 0x9e3779b97f4a7c15ull >> 20) & (n_slots - 1);
    for (; slots[i]; i = (i + 1) & (n_slots - 1))
        if (slots[i] == number)
            return false;
    slots[i] = number;
    return true;
}

static void grow_links(struct walk *w)
{
    size_t n = w->n_slots ? w->n_slots * 2 : 1024;
    uint64_t *slots = mem_array(n, sizeof *slots);
    for (size_t i = 0; i < w->n_slots; i++)
        if (w->links[i])
            (void)put_link(slots, n, w->links[i]);
    mem_free(w->links);
    w->links = slots;
    w->n_slots = n;
}

static bool is_new_link(struct walk *w, uint64_t number)
{
    if (w->n_links >= LIMIT_FOLDER_LINKS)
        return true;
    if (w->n_links * 2 >= w->n_slots)
        grow_links(w);
    bool is_new = put_link(w->links, w->n_slots, number);
    w->n_links += is_new;
    return is_new;
}

/* --- mounts --- */

static int by_point(const void *a, const void *b)
{
    return strcmp(((const struct mount *)a)->point, ((const struct mount *)b)->point);
}

static void read_mounts(struct walk *w, const char *root)
{
    if (mounts_read(root, 0, NULL, &w->mounts) >= 0 && w->mounts.v.n)
        qsort(w->mounts.v.v, w->mounts.v.n, sizeof *w->mounts.v.v, by_point);
}

static const struct mount *mount_at(const struct walk *w, const char *path)
{
    const struct mount key = {.point = (char *)path};
    return w->mounts.v.n ? bsearch(&key, w->mounts.v.v, w->mounts.v.n, sizeof key, by_point) : NULL;
}

/* --- walking --- */

static bool is_late(struct walk *w)
{
    if (!w->late && ++w->ticks % LOOK_AT_CLOCK == 0)
        w->late = clock_mono_ms() >= w->until_ms || program_is_stopped();
    return w->late;
}

static void add_file(struct walk *w, const struct stat *st, struct sum *s)
{
    if (st->st_nlink > 1 && !is_new_link(w, st->st_ino))
        return;
    s->bytes += (uint64_t)st->st_blocks * BLOCK;
    s->files++;
}

static void add_folder(struct walk *w, int fd, unsigned depth, struct sum *s);

static void add_below(struct walk *w, int parent, const char *name, unsigned depth, struct sum *s)
{
    size_t len = w->path.len;
    str_addf(&w->path, "%s%s", len && w->path.p[len - 1] == '/' ? "" : "/", name);
    if (mount_at(w, str_text(&w->path))) {
        s->is_mount = true;
    } else {
        int fd = depth > LIMIT_FOLDER_DEPTH
                     ? -1
                     : openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            s->hidden++;
        else
            add_folder(w, fd, depth, s);
    }
    w->path.len = len;
    w->path.p[len] = 0;
}

/* A folder by its entry; a filesystem that does not say what an entry is says it to stat(). */
static bool is_folder(int fd, const struct dirent *d, struct stat *ret_st)
{
    if (d->d_type == DT_DIR)
        return true;
    if (fstatat(fd, d->d_name, ret_st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
        *ret_st = (struct stat){0};
    return S_ISDIR(ret_st->st_mode);
}

static bool is_self(const char *name)
{
    return str_eq(name, ".") || str_eq(name, "..");
}

/* Takes `fd`. */
static void add_folder(struct walk *w, int fd, unsigned depth, struct sum *s)
{
    struct stat st;
    if (fstat(fd, &st) == 0)
        s->bytes += (uint64_t)st.st_blocks * BLOCK;
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        s->hidden++;
        return;
    }
    for (const struct dirent *x; !is_late(w) && (x = readdir(d));) {
        if (is_self(x->d_name))
            continue;
        struct sum below = {0};
        if (is_folder(fd, x, &st))
            add_below(w, fd, x->d_name, depth + 1, &below);
        else if (st.st_nlink)
            add_file(w, &st, s);
        s->bytes += below.bytes;
        s->files += below.files;
        s->hidden += below.hidden;
    }
    closedir(d);
}

/* --- the path that is asked for --- */

/* The next component of `*p`; NULL = the end. */
static char *next_part(const char **p)
{
    const char *from = *p + strspn(*p, "/");
    size_t len = strcspn(from, "/");
    *p = from + len;
    return len ? mem_strndup(from, len) : NULL;
}

static int check_path(const char *path, struct err *e)
{
    bool plain = *path == '/';
    for (const char *p = path; plain && *p;) {
        AUTO(mem_freep) char *part = next_part(&p);
        plain = !part || !is_self(part);
    }
    return plain ? 0 : err_set(e, -EINVAL, "Say the whole path of a folder, such as /var/lib.");
}

/* Component by component, so that no link leads onto a share; a mount on the way is fine unless
 * it is remote. */
static int open_path(struct walk *w, const char *root, const char *path, struct err *e)
{
    int fd = open(str_is_empty(root) ? "/" : root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0) {
        AUTO(mem_freep) char *part = next_part(&path);
        if (!part)
            break;
        str_addf(&w->path, "/%s", part);
        const struct mount *m = mount_at(w, str_text(&w->path));
        if (m && m->remote) {
            close(fd);
            return err_set(e, -EINVAL,
                           "%s is on the network (%s): look on the machine that serves it.",
                           m->point, m->device);
        }
        int next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int error = errno;
        close(fd);
        errno = error;
        fd = next;
    }
    if (fd >= 0) {
        if (!w->path.len)
            str_add(&w->path, "/");
        return fd;
    }
    switch (errno) {
    case ENOENT:
        return err_set(e, -ENOENT, "There is no folder %.300s.", str_text(&w->path));
    case ELOOP:
    case ENOTDIR:
        return err_set(e, -ENOENT, "%.300s is no folder: a file, or a link to somewhere else.",
                       str_text(&w->path));
    case EACCES:
        return err_set(e, -EACCES, "The agent may not read %.300s.", str_text(&w->path));
    default:
        return err_set(e, -errno, "%.300s can't be opened: %s.", str_text(&w->path),
                       strerror(errno));
    }
}

/* --- the answer --- */

struct folders {
    VEC(struct folder) v;
    struct sum all, loose; /* files right in it */
};

static void list_children(struct walk *w, int fd, struct folders *f)
{
    struct stat st;
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        f->all.hidden++;
        return;
    }
    for (const struct dirent *x; !is_late(w) && (x = readdir(d));) {
        if (is_self(x->d_name))
            continue;
        if (!is_folder(fd, x, &st)) {
            if (st.st_nlink)
                add_file(w, &st, &f->loose);
            continue;
        }
        struct folder *c = vec_add(&f->v);
        *c = (struct folder){.name = mem_strdup(x->d_name)};
        add_below(w, fd, x->d_name, 1, &c->sum);
    }
    closedir(d);
}

static int biggest_first(const void *a, const void *b)
{
    const struct folder *x = a, *y = b;
    if (x->sum.bytes != y->sum.bytes)
        return x->sum.bytes < y->sum.bytes ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void print_sum(struct jw *w, const struct sum *s)
{
    jw_key_uint(w, "bytes", s->bytes);
    jw_key_uint(w, "files", s->files);
    jw_key_uint(w, "unreadable", s->hidden);
}

static void print_folders(struct jw *w, struct folders *f)
{
    struct sum *all = &f->all;
    *all = f->loose;
    for (size_t i = 0; i < f->v.n; i++) {
        all->bytes += f->v.v[i].sum.bytes;
        all->files += f->v.v[i].sum.files;
        all->hidden += f->v.v[i].sum.hidden;
    }
    if (f->v.n)
        qsort(f->v.v, f->v.n, sizeof *f->v.v, biggest_first);
    print_sum(w, all);
    jw_key_uint(w, "own_bytes", f->loose.bytes);
    jw_key_uint(w, "left_out", f->v.n > LIMIT_FOLDERS ? f->v.n - LIMIT_FOLDERS : 0);
    jw_key(w, "folders");
    jw_array(w);
    for (size_t i = 0; i < f->v.n && i < LIMIT_FOLDERS; i++) {
        jw_object(w);
        jw_key_str(w, "name", f->v.v[i].name);
        jw_key_bool(w, "mount", f->v.v[i].sum.is_mount);
        print_sum(w, &f->v.v[i].sum);
        jw_end_object(w);
    }
    jw_end_array(w);
}

int folders_print(const char *root, const char *path, int64_t max_ms, struct jw *w, struct err *e)
{
    struct walk walk = {.until_ms = clock_mono_ms() + max_ms};
    struct folders f = {0};
    read_mounts(&walk, root);
    int r = check_path(path, e);
    if (r >= 0)
        r = open_path(&walk, root, path, e);
    if (r >= 0) {
        jw_object(w);
        jw_key_str(w, "path", str_text(&walk.path));
        list_children(&walk, r, &f);
        jw_key_bool(w, "complete", !walk.late);
        print_folders(w, &f);
        jw_end_object(w);
        r = 0;
    }
    for (size_t i = 0; i < f.v.n; i++)
        mem_free(f.v.v[i].name);
    vec_done(&f.v);
    mounts_done(&walk.mounts);
    str_done(&walk.path);
    mem_free(walk.links);
    return r;
}
