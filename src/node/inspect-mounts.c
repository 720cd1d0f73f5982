/* Mounts over the network, and others that the policy names: there or not, who has files of them
 * open, and what may be mounted anew. Nothing that is mounted is touched: it may hang. */
#include "node/commands.h"
#include "node/inspect-private.h"
#include "node/mount-config.h"
#include "node/mount-users.h"
#include "node/policy.h"

enum { LIMIT_MOUNTS = 128 };

struct survey {
    char *root;
    struct policy *policy;
    struct mount_list known; /* without the machine's own and what others cover */
    struct mount_list all;
    struct mount_lines fstab;
    struct str_list points; /* to be told of */
};

static void free_survey(void *arg)
{
    struct survey *s = arg;
    policy_free(s->policy);
    mounts_done(&s->known);
    mounts_done(&s->all);
    mount_lines_done(&s->fstab);
    str_list_done(&s->points);
    mem_free(s->root);
    mem_free(s);
}

/* --- which --- */

static void add_point(struct survey *s, const char *point)
{
    if (s->points.n < LIMIT_MOUNTS && !str_list_has(&s->points, point))
        str_list_add(&s->points, point);
}

static void add_named(struct survey *s)
{
    for (size_t i = 0; i < s->policy->rules.n; i++) {
        const struct str_list *targets = &s->policy->rules.v[i].targets;
        for (size_t k = 0; k < targets->n; k++)
            if (policy_check_mount(s->policy, targets->v[k], NULL) >= 0)
                add_point(s, targets->v[k]);
    }
}

static void collect_points(struct survey *s)
{
    for (size_t i = 0; i < s->known.v.n; i++)
        if (s->known.v.v[i].remote)
            add_point(s, s->known.v.v[i].point);
    for (size_t i = 0; i < s->fstab.v.n; i++)
        if (s->fstab.v.v[i].remote)
            add_point(s, s->fstab.v.v[i].point);
    add_named(s);
}

/* --- telling --- */

static void print_users(const struct mount_users *users, struct jw *w)
{
    jw_key(w, "users");
    jw_array(w);
    for (size_t i = 0; i < users->v.n; i++) {
        AUTO(mem_freep) char *name = str_mend_utf8(mem_strdup(users->v.v[i].name));
        jw_object(w);
        jw_key_int(w, "pid", users->v.v[i].pid);
        jw_key_str(w, "name", name);
        jw_key_uint(w, "files", users->v.v[i].files);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_key_uint(w, "more_users", users->more);
}

static void print_mount(const struct survey *s, const char *point, const struct mount *m,
                        const struct mount_users *users, struct jw *w)
{
    struct err e = {0};
    const struct mount_line *line = mount_line_find(&s->fstab, point);
    AUTO(mem_freep) char *file = mount_unit_file(s->root, point);
    AUTO(mem_freep) char *unit = file ? mount_unit_name(point) : NULL;
    bool allowed = policy_check_mount(s->policy, point, &e) >= 0;
    const char *why = allowed ? NULL : e.text;
    if (allowed && !file && !line) {
        allowed = false;
        why = "It stands neither in /etc/fstab nor in a unit: this machine does not know how to "
              "mount it.";
    }
    jw_object(w);
    jw_key_str(w, "mount", point);
    jw_key_str(w, "device", m ? m->device : line ? line->device : NULL);
    jw_key_str(w, "type", m ? m->type : line ? line->type : NULL);
    jw_key_bool(w, "mounted", m);
    jw_key_str(w, "configured", line ? "fstab" : file ? "unit" : NULL);
    jw_key_str(w, "unit", unit);
    jw_key_bool(w, "allowed", allowed);
    jw_key_str(w, "why", why);
    print_users(users, w);
    jw_end_object(w);
}

static void print_mounts(const struct survey *s, struct jw *w)
{
    const struct mount *there[LIMIT_MOUNTS];
    struct mount_users users[LIMIT_MOUNTS];
    for (size_t i = 0; i < s->points.n; i++)
        there[i] = mount_there(&s->all, s->points.v[i]);
    (void)!mount_users_read(s->root, there, s->points.n, users); /* else none is known */
    jw_array(w);
    for (size_t i = 0; i < s->points.n; i++) {
        print_mount(s, s->points.v[i], there[i], &users[i], w);
        mount_users_done(&users[i]);
    }
    jw_end_array(w);
}

static int tell(void *arg, struct jw *w, struct err *e)
{
    struct survey *s = arg;
    int r = mounts_read(s->root, 0, &s->known, &s->all);
    if (r < 0)
        return err_set(e, -EIO, "This machine does not tell what is mounted: %s.", strerror(-r));
    (void)!fstab_read(s->root, &s->fstab); /* there need not be one */
    collect_points(s);
    jw_object(w);
    jw_key(w, "mounts");
    print_mounts(s, w);
    jw_end_object(w);
    return 0;
}

static void start(struct inspect *i)
{
    struct survey *s = mem_alloc(sizeof *s);
    s->root = mem_strdup(i->node->settings.root);
    s->policy = policy_copy(commands_policy(i->node));
    inspect_on_thread(i, tell, s, free_survey);
}

const struct inspect_ops mounts_inspect = {.start = start};
