#include "node/container-logs.h"

#include "node/command.h"
#include "node/docker-json.h"
#include "node/engine-ask.h"
#include "node/rooted.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCK = 512, LIMIT_FILES = 1000 /* of one container */, LIMIT_TOLD = 500 };

static const char driver[] = "json-file";

void container_logs_done(struct container_logs *l)
{
    for (size_t i = 0; i < l->v.n; i++)
        mem_free(l->v.v[i].name);
    vec_done(&l->v);
}

/* --- what there is --- */

/* Where the engine keeps its data: an absolute path. mem_free(). */
static int find_root(struct err *e, char **ret_root)
{
    AUTO(json_decrefp) json_t *info = NULL;
    int r = engine_ask("/info", e, &info);
    if (r < 0)
        return r;
    const char *root = json_get_str(info, "DockerRootDir", "");
    if (*root != '/')
        return err_set(e, -EIO, "Docker does not say where it keeps its data.");
    *ret_root = mem_strdup(root);
    return 0;
}

/* Its own name has one slash, a link's two. */
static const char *own_name(const json_t *container)
{
    const json_t *name, *names = json_object_get(container, "Names");
    size_t i;
    json_array_foreach (names, i, name) {
        const char *text = json_string_value(name);
        if (text && *text == '/' && !strchr(text + 1, '/') && container_name_is_valid(text + 1))
            return text + 1;
    }
    return NULL;
}

static uint64_t bytes_of(const char *path, bool *ret_is_there)
{
    struct stat st;
    *ret_is_there = lstat(path, &st) == 0 && S_ISREG(st.st_mode);
    return *ret_is_there ? (uint64_t)st.st_blocks * BLOCK : 0;
}

static uint64_t bytes_of_older(const char *folder, const char *file)
{
    AUTO(str_list_done) struct str_list names = {0};
    AUTO(mem_freep) char *prefix = mem_printf("%s.", file);
    uint64_t sum = 0;
    bool there;
    (void)!rooted_list("", folder, LIMIT_FILES, &names);
    for (size_t i = 0; i < names.n; i++) {
        AUTO(mem_freep) char *path = mem_printf("%s/%s", folder, names.v[i]);
        if (str_starts(names.v[i], prefix))
            sum += bytes_of(path, &there);
    }
    return sum;
}

static void add(const char *root, const json_t *container, struct container_logs *l)
{
    const char *id = json_get_str(container, "Id", ""), *name = own_name(container);
    bool there;
    if (!docker_id_is_valid(id) || !name)
        return;
    AUTO(mem_freep) char *folder = mem_printf("%s/containers/%s", root, id);
    AUTO(mem_freep) char *file = mem_printf("%s-json.log", id);
    AUTO(mem_freep) char *path = mem_printf("%s/%s", folder, file);
    uint64_t bytes = bytes_of(path, &there);
    if (there)
        *(struct container_log *)vec_add(&l->v) = (struct container_log){
            .name = mem_strdup(name), .bytes = bytes, .older = bytes_of_older(folder, file)};
}

static int by_size(const void *a, const void *b)
{
    const struct container_log *x = a, *y = b;
    uint64_t of_x = x->bytes + x->older, of_y = y->bytes + y->older;
    return of_x == of_y ? strcmp(x->name, y->name) : of_x < of_y ? 1 : -1;
}

void container_logs_sort(struct container_logs *l)
{
    if (l->v.v)
        qsort(l->v.v, l->v.n, sizeof *l->v.v, by_size);
}

int container_logs_read(struct err *e, struct container_logs *ret_l)
{
    AUTO(mem_freep) char *root = NULL;
    AUTO(json_decrefp) json_t *list = NULL;
    int r = find_root(e, &root);
    if (r >= 0)
        r = engine_ask("/containers/json?all=1", e, &list);
    if (r < 0)
        return r;
    AUTO(mem_freep) char *folder = mem_printf("%s/containers", root);
    if (access(folder, R_OK | X_OK) < 0)
        return err_set(e, -EIO, "%.200s, where Docker keeps logs, can't be looked into: %s.",
                       folder, strerror(errno));
    for (size_t i = 0; i < json_array_size(list) && i < LIMIT_DOCKER_CONTAINERS; i++)
        add(root, json_array_get(list, i), ret_l);
    container_logs_sort(ret_l);
    return 0;
}

/* --- emptying --- */

static int open_log(const char *data_root, const char *id, struct err *e)
{
    struct open_how how = {.flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
                           .resolve =
                               RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH};
    AUTO(mem_freep) char *below = mem_printf("containers/%s/%s-json.log", id, id);
    int root = open(data_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = root < 0 ? -1 : (int)syscall(SYS_openat2, root, below, &how, sizeof how);
    int error = errno;
    if (root >= 0)
        close(root);
    if (fd >= 0)
        return fd;
    if (error == ELOOP)
        return err_set(e, -EIO, "A symbolic link is on the way to its log: it is left alone.");
    if (error == ENOSYS)
        return err_set(e, -EIO, "This takes Linux 5.6: older ones can't open a file safely.");
    return err_set(e, error == ENOENT ? -ENOENT : -EIO, "Its log can't be opened: %s.",
                   strerror(error));
}

static int check_log(const struct stat *st, struct err *e)
{
    if (!S_ISREG(st->st_mode))
        return err_set(e, -EIO, "Its log is no regular file: it is left alone.");
    if (st->st_nlink != 1)
        return err_set(e, -EIO, "Its log has a second name on this disk: it is left alone.");
    return 0;
}

static int empty_open(int fd, struct err *e, uint64_t *ret_won)
{
    struct stat before = {0}, after = {0};
    int r = fstat(fd, &before) < 0 ? -errno : check_log(&before, e);
    if (r < 0)
        return r;
    if (ftruncate(fd, 0) < 0 || fstat(fd, &after) < 0)
        return err_set(e, -EIO, "Its log can't be emptied: %s.", strerror(errno));
    *ret_won = before.st_blocks > after.st_blocks
                   ? (uint64_t)(before.st_blocks - after.st_blocks) * BLOCK
                   : 0;
    return 0;
}

int container_log_empty_at(const char *data_root, const char *id, const char *log_path,
                           struct err *e, uint64_t *ret_won)
{
    AUTO(mem_freep) char *path = mem_printf("%s/containers/%s/%s-json.log", data_root, id, id);
    if (!docker_id_is_valid(id) || !str_eq(path, log_path))
        return err_set(e, -EINVAL, "Its log is not where Docker keeps logs: %.200s is left alone.",
                       log_path);
    int fd = open_log(data_root, id, e);
    if (fd < 0)
        return fd;
    int r = empty_open(fd, e, ret_won);
    close(fd);
    return r;
}

int container_log_empty(const char *name, struct err *e, uint64_t *ret_won)
{
    AUTO(mem_freep) char *root = NULL;
    AUTO(mem_freep) char *path = mem_printf("/containers/%s/json", name);
    AUTO(json_decrefp) json_t *v = NULL;
    int r = find_root(e, &root);
    if (r >= 0)
        r = engine_ask(path, e, &v);
    if (r < 0)
        return r;
    assert(root); /* found, or there was an error */
    const char *own = json_get_str(v, "Name", "");
    const char *type = json_get_str(json_object_get(json_object_get(v, "HostConfig"), "LogConfig"),
                                    "Type", "another one");
    if (*own != '/' || !str_eq(own + 1, name)) /* an id would do for the engine, too */
        return err_set(e, -ENOENT, "There is no container %s.", name);
    if (!str_eq(type, driver))
        return err_set(e, -EINVAL,
                       "Docker keeps no file of what %s prints: its log driver is %.60s, not %s.",
                       name, type, driver);
    return container_log_empty_at(root, json_get_str(v, "Id", ""), json_get_str(v, "LogPath", ""),
                                  e, ret_won);
}

/* --- a report --- */

void container_logs_print(const struct container_logs *l, struct str *out)
{
    for (size_t i = 0; i < l->v.n; i++)
        str_addf(out, "%s %llu %llu\n", l->v.v[i].name, (unsigned long long)l->v.v[i].bytes,
                 (unsigned long long)l->v.v[i].older);
}

static bool parse_line(const char *line, struct container_logs *l)
{
    AUTO(str_list_done) struct str_list words = {0};
    struct container_log log = {0};
    str_list_split(&words, line, ' ');
    if (words.n != 3 || !container_name_is_valid(words.v[0]) ||
        str_to_u64(words.v[1], &log.bytes) < 0 || str_to_u64(words.v[2], &log.older) < 0)
        return false;
    log.name = mem_strdup(words.v[0]);
    *(struct container_log *)vec_add(&l->v) = log;
    return true;
}

int container_logs_parse(const char *report, struct container_logs *ret_l)
{
    AUTO(str_list_done) struct str_list lines = {0};
    struct container_logs l = {0};
    bool good = true;
    str_list_split(&lines, report, '\n');
    for (size_t i = 0; good && i < lines.n && i < LIMIT_DOCKER_CONTAINERS; i++)
        good = parse_line(lines.v[i], &l);
    if (!good) {
        container_logs_done(&l);
        return -EINVAL;
    }
    *ret_l = l;
    return 0;
}

/* --- telling --- */

static void print_log(const struct container_log *l, const struct policy *p, struct jw *w)
{
    struct err e = {0};
    AUTO(mem_freep) char *target = mem_printf("docker/%s", l->name);
    bool allowed =
        policy_check(p, command_verb_name(COMMAND_CONTAINER_TRUNCATE_LOG), target, &e) >= 0;
    jw_object(w);
    jw_key_str(w, "name", l->name);
    jw_key_str(w, "target", target);
    jw_key_uint(w, "bytes", l->bytes);
    jw_key_uint(w, "older_bytes", l->older);
    jw_key_bool(w, "allowed", allowed);
    jw_key_str(w, "why", allowed ? NULL : e.text);
    jw_end_object(w);
}

void container_logs_tell(const struct container_logs *l, const struct policy *p, struct jw *w)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < l->v.n; i++)
        sum += l->v.v[i].bytes + l->v.v[i].older;
    jw_object(w);
    jw_key_uint(w, "count", l->v.n);
    jw_key_uint(w, "bytes", sum);
    jw_key_bool(w, "cut", l->v.n > LIMIT_TOLD);
    jw_key(w, "items");
    jw_array(w);
    for (size_t i = 0; i < l->v.n && i < LIMIT_TOLD; i++)
        print_log(&l->v.v[i], p, w);
    jw_end_array(w);
    jw_end_object(w);
}
