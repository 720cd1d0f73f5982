/* Disks: what they are, what is mounted from them, and how they are by S.M.A.R.T., where smartctl
 * is there. A disk that sleeps is left asleep. */
#include "node/disk-list.h"
#include "node/inspect-report.h"
#include "node/smart-run.h"
#include "node/smart.h"

#include <unistd.h>

static const char may_not[] = "The agent may not ask its disks itself.";
static const char is_not_here[] = "Its device is not where the agent is.";
static const char give_it[] = "In a container the agent needs --device /dev/NAME of each disk, and "
                              "--cap-add SYS_RAWIO (of NVMe: SYS_ADMIN).";
static const char *const is_missing[] = {
    "smartctl is not on this machine, so its disks can't be asked how they are.",
    "Install smartmontools: apt install smartmontools, or on NixOS "
    "environment.systemPackages = [ pkgs.smartmontools ];"};

/* What is asked, by whom. */
struct order {
    struct inspect_report report;
    char *root;
};

struct survey {
    const struct order *order;
    const char *root;
    char *smartctl; /* NULL = there is none */
    char version[16];
    const char *denied_hint;
    bool any_denied, any_told;
};

/* --- smartctl --- */

/* By root's report where there is one, else by asking. */
static int ask_disk(struct survey *s, const struct disk *d, struct err *e, struct smart *ret_smart)
{
    const char *json;
    size_t len;
    int status, r;
    if (s->order->report.text) {
        r = smart_report_find(s->order->report.text, d->name, e, &json, &len, &status);
        return r < 0 ? r : smart_parse(json, len, status, e, ret_smart);
    }
    AUTO(program_end_done) struct program_end end = {0};
    r = smartctl_ask(s->smartctl, d->name, e, &end);
    return r < 0 ? r : smart_parse(str_text(&end.text), end.text.len, end.status, e, ret_smart);
}

static void read_version(struct survey *s)
{
    AUTO(program_end_done) struct program_end end = {0};
    const char *const argv[] = {s->smartctl, "--version", NULL};
    if (program_run(&(struct program){.argv = argv, .deadline_ms = 5000, .output_max = 64 << 10},
                    NULL, &end) < 0 ||
        !str_starts(str_text(&end.text), "smartctl "))
        return;
    const char *at = end.text.p + strlen("smartctl ");
    snprintf(s->version, sizeof s->version, "%.*s", (int)strcspn(at, " \n"), at);
}

/* --- printing --- */

static void print_mounts(const struct disk *d, struct jw *w)
{
    jw_key(w, "filesystems");
    jw_array(w);
    for (size_t i = 0; i < d->mounts.n; i++) {
        jw_object(w);
        jw_key_str(w, "device", d->mounts.v[i].device);
        jw_key_str(w, "mount", d->mounts.v[i].point);
        jw_key_str(w, "type", d->mounts.v[i].type);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* What there is to tell of its health, and why it is no more: a sentence and what to do. */
struct verdict {
    struct smart smart;
    const char *text, *hint;
    bool asked;
};

/* A container has the devices that it was given. */
static bool is_reachable(const struct survey *s, const struct disk *d)
{
    AUTO(mem_freep) char *device = mem_printf("/dev/%s", d->name);
    const struct inspect_report *root = &s->order->report;
    return root->text || root->trouble || *s->root || access(device, F_OK) == 0;
}

static void deny(struct survey *s, const char *text, struct verdict *v)
{
    v->text = text;
    v->hint = s->denied_hint;
    s->any_denied = true;
}

static void ask(struct survey *s, const struct disk *d, struct verdict *v, struct err *e)
{
    smart_init(&v->smart);
    if (d->is_virtual) {
        v->text = "A virtual disk: its host knows how it is.";
    } else if (!s->smartctl) {
        v->text = is_missing[0];
    } else if (!is_reachable(s, d)) {
        deny(s, is_not_here, v);
    } else if (ask_disk(s, d, e, &v->smart) < 0) {
        v->text = e->text;
    } else if (v->smart.denied) {
        deny(s, may_not, v);
    } else if (v->smart.asleep) {
        v->text = "It sleeps, and was not woken to be asked.";
        v->asked = true;
    } else {
        v->asked = s->any_told = true;
        if (v->smart.passed == SMART_UNKNOWN && *v->smart.trouble)
            v->text = v->smart.trouble;
    }
}

static void print_disk(struct survey *s, const struct disk *d, struct jw *w)
{
    struct err e = {0};
    struct verdict v = {0};
    struct str_list problems = {0};
    ask(s, d, &v, &e);
    const char *health = smart_judge(&v.smart, d->spins, &problems);
    const char *model = *v.smart.model ? v.smart.model : d->model;
    jw_object(w);
    jw_key_str(w, "device", d->name);
    jw_key_str(w, "model", model);
    jw_key_str(w, "serial", *v.smart.serial ? v.smart.serial : d->serial);
    jw_key_uint(w, "bytes", d->bytes);
    jw_key_str(w, "kind", d->is_virtual ? "virtual" : d->spins ? "hdd" : "ssd");
    jw_key_str(w, "transport", d->transport);
    jw_key_bool(w, "removable", d->removable);
    jw_key_bool(w, "read_only", d->read_only);
    jw_key_str(w, "state", v.smart.asleep ? "asleep" : v.asked ? "active" : "unknown");
    jw_key_str(w, "health", health);
    jw_key_strs(w, "problems", &problems);
    jw_key(w, "smart");
    smart_print(&v.smart, v.text, v.hint, w);
    print_mounts(d, w);
    jw_end_object(w);
    str_list_done(&problems);
}

static int tell(void *arg, struct jw *w, struct err *e)
{
    const struct order *o = arg;
    struct survey s = {.order = o,
                       .root = o->root,
                       .denied_hint = o->report.trouble ? o->report.trouble : give_it};
    struct disk_list l = {0};
    int r = disk_list_read(s.root, &l);
    if (r < 0)
        return err_set(e, -EOPNOTSUPP, "This machine shows no disks in /sys/block: %s.",
                       strerror(-r));
    s.smartctl = program_find(s.root, "smartctl");
    if (s.smartctl)
        read_version(&s);
    jw_object(w);
    jw_key(w, "disks");
    jw_array(w);
    for (size_t i = 0; i < l.v.n; i++)
        print_disk(&s, &l.v.v[i], w);
    jw_end_array(w);
    bool denied = s.any_denied && !s.any_told;
    jw_key_str(w, "smartctl", *s.version ? s.version : NULL);
    jw_key_str(w, "text", !s.smartctl ? is_missing[0] : denied ? may_not : NULL);
    jw_key_str(w, "hint", !s.smartctl ? is_missing[1] : denied ? s.denied_hint : NULL);
    jw_end_object(w);
    mem_free(s.smartctl);
    disk_list_done(&l);
    return 0;
}

/* --- who asks --- */

static void free_order(void *arg)
{
    struct order *o = arg;
    inspect_report_done(&o->report);
    mem_free(o->root);
    mem_free(o);
}

/* Asking a disk takes root's rights. Of a recorded tree nobody is asked. */
static bool needs_root(const struct order *o)
{
    AUTO(mem_freep) char *smartctl = program_find(o->root, "smartctl");
    return geteuid() != 0 && !*o->root && smartctl;
}

static void start(struct inspect *i)
{
    struct order *o = mem_alloc(sizeof *o);
    o->root = mem_strdup(i->node->settings.root);
    if (needs_root(o))
        inspect_with_report(i, &o->report, ROOT_DISKS, ROOT_DISKS_ID, tell, o, free_order);
    else
        inspect_on_thread(i, tell, o, free_order);
}

static void stop(struct inspect *i)
{
    if (i->state)
        free_order(TAKE(i->state));
}

const struct inspect_ops disks_inspect = {.start = start, .stop = stop};
