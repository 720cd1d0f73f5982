#include "node/holders.h"

#include "base/str.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ANCESTORS_MAX = 8, ENTRIES_SIZE = 8192 };

typedef void note_fn(struct holder *h, int pid, void *arg);

struct holders_search {
    uv_work_t work;
    char *root;
    struct holders_scope scope;
    struct holder *v;
    size_t n;
    holders_fn *on_done; /* NULL = cancelled */
    void *arg;
    bool denied;
};

static int open_folder(const char *root, int pid, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/proc/%d/%s", root, pid, name);
    return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* "socket:[12345]" of one open file; 0 = no socket. */
static uint64_t socket_inode(int folder, const char *name)
{
    char target[64];
    uint64_t inode;
    ssize_t n = readlinkat(folder, name, target, sizeof target - 1);
    if (n < 10 || strncmp(target, "socket:[", 8) != 0 || target[n - 1] != ']')
        return 0;
    target[n - 1] = 0;
    return str_to_u64(target + 8, &inode) == 0 ? inode : 0;
}

static int compare_inode(const void *a, const void *b)
{
    const struct holder *x = a, *y = b;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

static void match(int folder, const char *name, struct holder *h, size_t n, int pid, note_fn *fn,
                  void *arg)
{
    struct holder key = {.inode = *name == '.' ? 0 : socket_inode(folder, name)};
    struct holder *found = key.inode ? bsearch(&key, h, n, sizeof *h, compare_inode) : NULL;
    if (found)
        fn(found, pid, arg);
}

/* Calls for each of the searched sockets that `pid` holds. Returns -EACCES when it may not look. */
static int each_held(const char *root, int pid, struct holder *h, size_t n, note_fn *fn, void *arg)
{
    _Alignas(struct dirent64) char entries[ENTRIES_SIZE];
    int fd = open_folder(root, pid, "fd");
    if (fd < 0)
        return errno == EACCES || errno == EPERM ? -EACCES : 0;
    for (ssize_t len; (len = getdents64(fd, entries, sizeof entries)) > 0;)
        for (ssize_t at = 0; at < len;) {
            const struct dirent64 *e = (const void *)(entries + at);
            match(fd, e->d_name, h, n, pid, fn, arg);
            at += e->d_reclen;
        }
    close(fd);
    return 0;
}

static void note_first(struct holder *h, int pid, void *arg)
{
    size_t *left = arg;
    if (!h->pid)
        (*left)--;
    if (!h->pid || h->pid == 1)
        h->pid = pid;
}

static void note_same(struct holder *h, int pid, void *arg)
{
    (void)h, (void)pid;
    *(bool *)arg = true;
}

static int parent_of(const char *root, int pid)
{
    char path[512], text[512];
    snprintf(path, sizeof path, "%s/proc/%d/stat", root, pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC), parent = 0;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *end = strrchr(text, ')');
    return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

static int eldest_holder(const char *root, int pid, uint64_t inode)
{
    for (int i = 0; i < ANCESTORS_MAX; i++) {
        struct holder h = {.inode = inode};
        bool holds = false;
        int parent = parent_of(root, pid);
        if (parent <= 1)
            break;
        (void)!each_held(root, parent, &h, 1, note_same, &holds);
        if (!holds)
            break;
        pid = parent;
    }
    return pid;
}

static int descending(const void *a, const void *b)
{
    return *(const int *)b - *(const int *)a;
}

static void list_pids(const char *root, pid_list *pids)
{
    char path[512];
    snprintf(path, sizeof path, "%s/proc", root);
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
        uint64_t pid;
        if (str_to_u64(e->d_name, &pid) == 0 && pid > 0 && pid < INT32_MAX)
            *vec_add(pids) = (int)pid;
    }
    if (d)
        closedir(d);
    if (pids->n)
        qsort(pids->v, pids->n, sizeof *pids->v, descending);
}

static int newer_first(const void *a, const void *b)
{
    return descending(&((const struct holders_seen *)a)->pid,
                      &((const struct holders_seen *)b)->pid);
}

static const struct holders_seen *find_seen(const struct holders_scope *s, int pid)
{
    struct holders_seen key = {.pid = pid};
    return s->seen.n ? bsearch(&key, s->seen.v, s->seen.n, sizeof key, newer_first) : NULL;
}

static bool is_in_scope(const struct holders_scope *s, int pid)
{
    const struct holders_seen *seen = find_seen(s, pid);
    if (s->everywhere || !seen || s->now_ms - seen->since_ms < HOLDERS_YOUNG_MS)
        return true;
    for (size_t i = 0; i < s->holders.n; i++)
        if (s->holders.v[i] == pid)
            return true;
    return false;
}

/* Those that are there now; when each was first met is kept. Who was there before us is old. */
static void meet(struct holders_scope *s, const pid_list *pids)
{
    holders_seen_list now = {0};
    int64_t new_ms = s->seen.n ? s->now_ms : s->now_ms - HOLDERS_YOUNG_MS;
    for (size_t i = 0; i < pids->n; i++) {
        const struct holders_seen *before = find_seen(s, pids->v[i]);
        *vec_add(&now) = (struct holders_seen){.pid = pids->v[i],
                                               .since_ms = before ? before->since_ms : new_ms};
    }
    vec_done(&s->seen);
    s->seen = now;
}

bool holders_walk(const char *root, struct holders_scope *scope, struct holder *h, size_t n)
{
    pid_list pids = {0};
    bool denied = false;
    size_t left = n;
    list_pids(root, &pids);
    for (size_t i = 0; i < pids.n && left; i++)
        if (is_in_scope(scope, pids.v[i]))
            denied |= each_held(root, pids.v[i], h, n, note_first, &left) < 0;
    for (size_t i = 0; i < n; i++)
        if (h[i].pid > 1)
            h[i].pid = eldest_holder(root, h[i].pid, h[i].inode);
    meet(scope, &pids);
    vec_done(&pids);
    return denied;
}

void holders_scope_done(struct holders_scope *s)
{
    vec_done(&s->seen);
    vec_done(&s->holders);
}

static void on_thread(uv_work_t *w)
{
    struct holders_search *s = CONTAINER_OF(w, struct holders_search, work);
    s->denied = holders_walk(s->root, &s->scope, s->v, s->n);
}

static void on_walked(uv_work_t *w, int status)
{
    struct holders_search *s = CONTAINER_OF(w, struct holders_search, work);
    if (s->on_done && status == 0)
        s->on_done(s->arg, s->v, s->n, &s->scope, s->denied);
    holders_scope_done(&s->scope);
    mem_free(s->root);
    mem_free(s->v);
    mem_free(s);
}

struct holders_search *holders_find(struct loop *loop, const char *root, const uint64_t *inodes,
                                    size_t n, struct holders_scope *scope, holders_fn *on_done,
                                    void *arg)
{
    struct holders_search *s = mem_alloc(sizeof *s);
    s->root = mem_strdup(root);
    s->v = mem_array(n ? n : 1, sizeof *s->v);
    s->n = n;
    s->scope = *scope;
    *scope = (struct holders_scope){0};
    for (size_t i = 0; i < n; i++)
        s->v[i].inode = inodes[i];
    if (n)
        qsort(s->v, n, sizeof *s->v, compare_inode);
    s->on_done = on_done;
    s->arg = arg;
    uv_queue_work(loop_uv(loop), &s->work, on_thread, on_walked);
    return s;
}

void holders_cancel(struct holders_search *s)
{
    if (!s)
        return;
    s->on_done = NULL;
    uv_cancel((uv_req_t *)&s->work);
}
