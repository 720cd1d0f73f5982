/* Questions to a node that is played: what a real one would answer (node/inspect.h), from its
 * scenery and from how it is now. */
#include "demo/player-private.h"

#include "base/clock.h"
#include "node/docker-networks.h"
#include "node/kernel-log.h"
#include "node/nix-garbage.h"

enum { LIMIT_PATH = 512, LIMIT_NAME = 256, S = 1000 };

struct question {
    struct player *player;
    const struct inspection *q;
};
/* 0, or as struct inspect_answer has it, with a sentence. */
typedef int answer_fn(const struct question *q, struct jw *w, struct err *e);

/* --- what is as it stands in the scenery --- */

static int answer_packages(const struct question *q, struct jw *w, struct err *e)
{
    (void)e;
    jw_json(w, player_scenery(q->player, "packages"));
    return 0;
}

static int answer_unraid(const struct question *q, struct jw *w, struct err *e)
{
    const json_t *j = player_scenery(q->player, "unraid");
    if (!j)
        return err_set(e, -EOPNOTSUPP, "This machine does not run Unraid.");
    jw_json(w, j);
    return 0;
}

static int answer_disks(const struct question *q, struct jw *w, struct err *e)
{
    (void)e;
    jw_object(w);
    jw_key(w, "disks");
    jw_json(w, player_scenery(q->player, "disks"));
    jw_key_str(w, "smartctl", "7.4");
    jw_key_str(w, "text", NULL);
    jw_key_str(w, "hint", NULL);
    jw_end_object(w);
    return 0;
}

static int answer_time(const struct question *q, struct jw *w, struct err *e)
{
    const json_t *of = player_scenery(q->player, "time");
    const char *key;
    json_t *v;
    (void)e;
    jw_object(w);
    jw_key_time(w, "time", clock_wall_ms());
    json_object_foreach ((json_t *)of, key, v) {
        jw_key(w, key);
        jw_json(w, v);
    }
    jw_end_object(w);
    return 0;
}

/* --- the kernel --- */

static void add_hanging(const struct player *p, struct kernel_log *l)
{
    static const char blocked[] = "INFO: task python3:1001 blocked for more than 122 seconds.";
    static const char away[] = "nfs: server 192.168.1.244 not responding, still trying";
    if (!p->hangs)
        return;
    if (clock_wall_ms() - p->hangs_since_ms > 20LL * S)
        kernel_log_add(l, clock_wall_ms() - 2LL * S, LINE_ERR, blocked, sizeof blocked - 1);
    kernel_log_add(l, p->hangs_since_ms, LINE_ERR, away, sizeof away - 1);
}

static void add_recorded(const struct player *p, const json_t *j, struct kernel_log *l)
{
    const char *text = json_get_str(j, "text", "");
    enum line_level level = LINE_ERR;
    int64_t now_ms = clock_wall_ms(), count = json_get_int(j, "count", 1);
    int64_t last_ms = now_ms - json_get_int(j, "age_s", 0) * S;
    int64_t first_ms = now_ms - json_get_int(j, "first_s", 0) * S;
    (void)!line_level_parse(json_get_str(j, "level", "err"), &level);
    if (p->facts && first_ms < p->facts->boot_ms)
        return;
    for (int64_t i = 0; i < count; i++)
        kernel_log_add(l, last_ms - (count > 1 ? (last_ms - first_ms) * i / (count - 1) : 0),
                       (unsigned)level, text, strlen(text));
}

static int answer_kernel_log(const struct question *q, struct jw *w, struct err *e)
{
    const json_t *list = player_scenery(q->player, "kernel");
    struct kernel_log l = {0};
    (void)e;
    add_hanging(q->player, &l);
    for (size_t i = 0; i < json_array_size(list); i++)
        add_recorded(q->player, json_array_get(list, i), &l);
    jw_object(w);
    jw_key_str(w, "source", q->player->systems ? "journal" : "kmsg");
    jw_key_time(w, "boot_time", q->player->facts ? q->player->facts->boot_ms : 0);
    jw_key(w, "entries");
    kernel_log_print(&l, w);
    jw_key_bool(w, "cut", l.cut);
    jw_end_object(w);
    kernel_log_done(&l);
    return 0;
}

/* --- mounts --- */

static void print_user(struct player *p, const char *id, struct jw *w)
{
    const struct played *s = player_find(p, id);
    if (!s || s->now->run != RUN_RUNNING)
        return;
    jw_object(w);
    jw_key_int(w, "pid", s->pid);
    jw_key_str(w, "name", json_get_str(s->cast, "name", s->now->name));
    jw_key_int(w, "files", 4);
    jw_end_object(w);
}

static void print_mount(struct player *p, const json_t *m, struct jw *w)
{
    const json_t *users = json_object_get(m, "users");
    const char *point = json_get_str(m, "mount", "");
    struct err e = {0};
    bool allowed = policy_check_mount(p->policy, point, &e) >= 0;
    jw_object(w);
    jw_key_str(w, "mount", point);
    jw_key_str(w, "device", json_get_str(m, "device", NULL));
    jw_key_str(w, "type", json_get_str(m, "type", NULL));
    jw_key_bool(w, "mounted", true);
    jw_key_str(w, "configured", "unit");
    jw_key_str(w, "unit", json_get_str(m, "unit", NULL));
    jw_key_bool(w, "allowed", allowed);
    jw_key_str(w, "why", allowed ? NULL : e.text);
    jw_key(w, "users");
    jw_array(w);
    for (size_t i = 0; i < json_array_size(users); i++)
        print_user(p, json_string_value(json_array_get(users, i)), w);
    jw_end_array(w);
    jw_key_int(w, "more_users", 0);
    jw_end_object(w);
}

static int answer_mounts(const struct question *q, struct jw *w, struct err *e)
{
    const json_t *list = player_scenery(q->player, "mounts");
    (void)e;
    jw_object(w);
    jw_key(w, "mounts");
    jw_array(w);
    for (size_t i = 0; i < json_array_size(list); i++)
        print_mount(q->player, json_array_get(list, i), w);
    jw_end_array(w);
    jw_end_object(w);
    return 0;
}

/* --- folders --- */

static const json_t *child_named(const json_t *folder, const char *name)
{
    const json_t *list = json_object_get(folder, "folders");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (str_eq(json_get_str(json_array_get(list, i), "name", NULL), name))
            return json_array_get(list, i);
    return NULL;
}

static const json_t *folder_at(const json_t *root, const char *path)
{
    AUTO(str_list_done) struct str_list names = {0};
    str_list_split(&names, path, '/');
    for (size_t i = 0; root && i < names.n; i++)
        root = child_named(root, names.v[i]);
    return root;
}

struct amount {
    double bytes;
    int64_t files;
};

static struct amount amount_of(const json_t *folder)
{
    const json_t *list = json_object_get(folder, "folders");
    struct amount a = {json_get_num(folder, "bytes", 0), json_get_int(folder, "files", 0)};
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *child = json_array_get(list, i);
        struct amount b = amount_of(child);
        if (json_get_bool(child, "mount", false))
            continue;
        a.bytes += b.bytes;
        a.files += b.files;
    }
    return a;
}

static void print_folder(const json_t *j, struct jw *w)
{
    bool mount = json_get_bool(j, "mount", false);
    struct amount a = mount ? (struct amount){0} : amount_of(j);
    jw_object(w);
    jw_key_str(w, "name", json_get_str(j, "name", ""));
    jw_key_bool(w, "mount", mount);
    jw_key_int(w, "bytes", (int64_t)a.bytes);
    jw_key_int(w, "files", a.files);
    jw_key_int(w, "unreadable", 0);
    jw_end_object(w);
}

/* Largest first. */
static void print_folders(const json_t *list, struct jw *w)
{
    size_t n = json_array_size(list);
    AUTO(mem_freep) bool *told = mem_array(n + 1, sizeof *told);
    for (size_t k = 0; k < n; k++) {
        size_t best = n;
        for (size_t i = 0; i < n; i++)
            if (!told[i] && (best == n || amount_of(json_array_get(list, i)).bytes >
                                              amount_of(json_array_get(list, best)).bytes))
                best = i;
        told[best] = true;
        print_folder(json_array_get(list, best), w);
    }
}

static int answer_folders(const struct question *q, struct jw *w, struct err *e)
{
    const char *path = q->q->target;
    const json_t *f = folder_at(player_scenery(q->player, "folders"), path);
    if (*path != '/')
        return err_set(e, -EINVAL, "Say the whole path of a folder, such as /var/lib.");
    if (f && str_starts(path, "/mnt/models") && json_get_bool(f, "mount", false))
        return err_set(e, -EINVAL,
                       "/mnt/models is on the network (storage:/mnt/user/models): look on the "
                       "machine that serves it.");
    if (!f)
        return err_set(e, -ENOENT, "There is no folder %.300s.", path);
    struct amount all = amount_of(f);
    jw_object(w);
    jw_key_str(w, "path", path);
    jw_key_bool(w, "complete", true);
    jw_key_int(w, "bytes", (int64_t)all.bytes);
    jw_key_int(w, "files", all.files);
    jw_key_int(w, "unreadable", 0);
    jw_key_int(w, "own_bytes", (int64_t)json_get_num(f, "bytes", 0));
    jw_key_int(w, "left_out", 0);
    jw_key(w, "folders");
    jw_array(w);
    print_folders(json_object_get(f, "folders"), w);
    jw_end_array(w);
    jw_end_object(w);
    return 0;
}

/* --- what is played --- */

static int answer_docker(const struct question *q, struct jw *w, struct err *e)
{
    (void)e;
    docker_print(q->player, w);
    return 0;
}

/* Those that its containers are in, as recorded and now, and the engine's own. */
static struct str_list networks_of(const struct player *p)
{
    struct str_list l = {0};
    MAP_FOREACH (&p->services, e) {
        const struct played *s = e->value;
        const struct str_list *both[] = {&s->first->networks, &s->now->networks};
        for (size_t k = 0; k < COUNT_OF(both); k++)
            for (size_t i = 0; i < both[k]->n; i++)
                if (!str_list_has(&l, both[k]->v[i]))
                    str_list_add(&l, both[k]->v[i]);
    }
    static const char *const own[] = {"bridge", "host", "none"};
    for (size_t i = 0; i < COUNT_OF(own); i++)
        if (!str_list_has(&l, own[i]))
            str_list_add(&l, own[i]);
    return l;
}

static int answer_networks(const struct question *q, struct jw *w, struct err *e)
{
    const char *of = q->q->target;
    const struct played *s = strchr(of, '/') ? player_find(q->player, of) : NULL;
    if (strchr(of, '/') && !s)
        return err_set(e, -ENOENT, "There is no container %.200s on this node.", of);
    AUTO(str_list_done) struct str_list l = networks_of(q->player);
    AUTO(json_decrefp) json_t *list = json_array();
    AUTO(json_decrefp) json_t *joined = json_object();
    for (size_t i = 0; i < l.n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "Name", l.v[i], "Driver",
                                              str_eq(l.v[i], "host")   ? "host"
                                              : str_eq(l.v[i], "none") ? "null"
                                                                       : "bridge"));
    for (size_t i = 0; s && i < s->now->networks.n; i++)
        json_object_set_new(joined, s->now->networks.v[i], json_object());
    jw_object(w);
    jw_key_str(w, "engine", "docker");
    docker_networks_tell(list, s ? joined : NULL, w);
    jw_end_object(w);
    return 0;
}

static int answer_logs(const struct question *q, struct jw *w, struct err *e)
{
    (void)e;
    logs_print(q->player, w);
    return 0;
}

static int answer_processes(const struct question *q, struct jw *w, struct err *e)
{
    (void)e;
    cast_print(q->player, w);
    return 0;
}

static int answer_ports(const struct question *q, struct jw *w, struct err *e)
{
    uint64_t port = 0;
    if (*q->q->argument && (str_to_u64(q->q->argument, &port) < 0 || !port || port > UINT16_MAX))
        return err_set(e, -EINVAL, "“%.20s” is no port: say a number from 1 to 65535.",
                       q->q->argument);
    network_print_ports(q->player, (uint16_t)port, w);
    return 0;
}

static int answer_reach(const struct question *q, struct jw *w, struct err *e)
{
    struct reach_order o;
    int r = reach_order_parse(q->q->target, q->q->argument, e, &o);
    if (r >= 0)
        network_print_reach(q->player, &o, w);
    return r;
}

static int need_systems(const struct question *q, struct err *e)
{
    return q->player->systems
               ? 0
               : err_set(e, -EOPNOTSUPP, "This machine has no generations: it does not run NixOS.");
}

static int answer_generations(const struct question *q, struct jw *w, struct err *e)
{
    int r = need_systems(q, e);
    if (r >= 0)
        systems_print(q->player->systems, q->player->policy, w);
    return r;
}

static int answer_diff(const struct question *q, struct jw *w, struct err *e)
{
    const struct generation *from, *to;
    int r = need_systems(q, e);
    if (r >= 0)
        r = generations_pick(&q->player->systems->list, q->q->target, e, &from);
    if (r >= 0)
        r = generations_pick(&q->player->systems->list, q->q->argument, e, &to);
    if (r >= 0)
        systems_print_diff(q->player->systems, from, to, w);
    return r;
}

static int answer_plan(const struct question *q, struct jw *w, struct err *e)
{
    const struct generation *to;
    int r = need_systems(q, e);
    if (r >= 0)
        r = generations_pick(&q->player->systems->list, q->q->target, e, &to);
    if (r >= 0)
        systems_print_plan(q->player->systems, to, w);
    return r;
}

static int answer_garbage(const struct question *q, struct jw *w, struct err *e)
{
    unsigned days;
    int r = need_systems(q, e);
    if (r >= 0)
        r = garbage_days(q->q->argument, e, &days);
    if (r >= 0)
        systems_print_garbage(q->player->systems, days, clock_wall_ms(), w);
    return r;
}

/* --- asking --- */

static const struct {
    answer_fn *answer;
    const char *allowed_as; /* as the kinds of node/ have it */
} kinds[INSPECT_COUNT] = {
    [INSPECT_DOCKER_USAGE] = {answer_docker, NULL},
    [INSPECT_GENERATIONS] = {answer_generations, NULL},
    [INSPECT_GENERATION_DIFF] = {answer_diff, NULL},
    [INSPECT_GENERATION_PLAN] = {answer_plan, NULL},
    [INSPECT_GARBAGE] = {answer_garbage, NULL},
    [INSPECT_PROCESSES] = {answer_processes, NULL},
    [INSPECT_KERNEL_LOG] = {answer_kernel_log, "logs"},
    [INSPECT_TIME] = {answer_time, NULL},
    [INSPECT_DISKS] = {answer_disks, NULL},
    [INSPECT_PACKAGES] = {answer_packages, NULL},
    [INSPECT_FOLDERS] = {answer_folders, NULL},
    [INSPECT_UNRAID] = {answer_unraid, NULL},
    [INSPECT_MOUNTS] = {answer_mounts, NULL},
    [INSPECT_LOG_USAGE] = {answer_logs, NULL},
    [INSPECT_NETWORKS] = {answer_networks, NULL},
    [INSPECT_PORTS] = {answer_ports, NULL},
    [INSPECT_REACH] = {answer_reach, NULL},
};

static int answer(const struct question *q, struct jw *w, struct err *e)
{
    const char *name = inspect_kind_name(q->q->kind), *as = kinds[q->q->kind].allowed_as;
    int r = as ? policy_check(q->player->policy, as, "", e) : 0;
    if (r < 0)
        return r;
    if (!kinds[q->q->kind].answer)
        return err_set(e, -EOPNOTSUPP, "A demonstration can't tell of %s.", name);
    return kinds[q->q->kind].answer(q, w, e);
}

void player_inspect(struct player *p, uint64_t id, const struct inspection *q, inspect_fn *done,
                    void *arg)
{
    AUTO(str_done) struct str out = {0};
    struct jw w = jw_begin(&out);
    struct err e = {0};
    int r = answer(&(struct question){p, q}, &w, &e);
    if (r < 0)
        done(arg, id, &(struct inspect_answer){.code = r, .text = e.text, .json = ""});
    else
        done(arg, id, &(struct inspect_answer){.text = "", .json = out.p, .len = out.len});
}
