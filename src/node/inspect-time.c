/* Is the clock kept right, by what, and how far is it off? timedated knows what systemd was told,
 * the kernel whether somebody steers the clock, /proc who that is. */
#include "base/clock.h"
#include "node/inspect-private.h"
#include "node/kfile.h"
#include "node/rooted.h"
#include "node/systemd-private.h"

#include <math.h>
#include <sys/stat.h>
#include <sys/timex.h>

enum { BUS_US = 5000000, LIMIT_PROCESSES = 50000 };

/* What the thread works on. */
struct question {
    char *root;
    char *zone; /* of timedated; NULL = not asked */
    bool told;  /* timedated answered */
    bool ntp, synchronised, rtc_local;
};

struct asking {
    struct inspect *i;
    struct question *q;
    sd_bus_slot *call;
};

/* --- the thread --- */

static const struct {
    const char *comm, *name;
} keepers[] = {
    {"chronyd", "chronyd"},   {"ntpd", "ntpd"},     {"systemd-timesyn", "systemd-timesyncd"},
    {"openntpd", "openntpd"}, {"ntpsec", "ntpsec"}, {"ptp4l", "ptp4l"}};

/* Which of them runs. */
static const char *find_keeper(const char *root)
{
    struct str_list names = {0};
    const char *found = NULL;
    char comm[32];
    if (rooted_list(root, "/proc", LIMIT_PROCESSES, &names) < 0)
        return NULL;
    for (size_t i = 0; i < names.n && !found; i++) {
        uint64_t pid;
        if (str_to_u64(names.v[i], &pid) < 0 ||
            kfile_text(comm, sizeof comm, root, "/proc/%s/comm", names.v[i]) < 0)
            continue;
        for (size_t k = 0; k < COUNT_OF(keepers) && !found; k++)
            if (str_eq(comm, keepers[k].comm))
                found = keepers[k].name;
    }
    str_list_done(&names);
    return found;
}

struct kernel_clock {
    bool known, synchronised;
    double offset_ms, max_error_ms; /* NaN = not known */
};

/* A recorded tree has no clock; a sandbox may forbid even looking. */
static struct kernel_clock read_clock(const char *root)
{
    struct timex t = {0};
    struct kernel_clock c = {.offset_ms = NAN, .max_error_ms = NAN};
    if (*root || adjtimex(&t) < 0)
        return c;
    c.known = true;
    c.synchronised = !(t.status & STA_UNSYNC);
    c.offset_ms = (double)t.offset / (t.status & STA_NANO ? 1e6 : 1e3);
    if (c.synchronised)
        c.max_error_ms = (double)t.maxerror / 1e3;
    return c;
}

static char *sentence(bool synchronised, const char *by, const struct kernel_clock *c,
                      const struct question *q)
{
    if (synchronised && by)
        return mem_printf("The clock is kept right by %s.", by);
    if (synchronised)
        return mem_strdup("The clock is kept right from outside: by the hypervisor or the host.");
    if (by)
        return mem_printf("%s runs, but the clock is not in step yet: it may reach no time server.",
                          by);
    if (!c->known && !q->told)
        return mem_strdup("Nobody here tells whether the clock is kept right.");
    return mem_strdup("Nothing keeps the clock right. To have it done: timedatectl set-ntp true, "
                      "or install chrony.");
}

static void key_number(struct jw *w, const char *key, double v)
{
    jw_key(w, key);
    jw_fixed(w, v, 3);
}

static void key_told(struct jw *w, const char *key, const struct question *q, bool v)
{
    jw_key(w, key);
    if (q->told)
        jw_bool(w, v);
    else
        jw_null(w);
}

static int tell(void *arg, struct jw *w, struct err *e)
{
    struct question *q = arg;
    char zone[64] = "";
    const char *by = find_keeper(q->root);
    struct kernel_clock c = read_clock(q->root);
    bool synchronised = c.known ? c.synchronised : q->told && q->synchronised;
    AUTO(mem_freep) char *text = sentence(synchronised, by, &c, q);
    (void)e;
    if (!q->zone && kfile_text(zone, sizeof zone, q->root, "/etc/timezone") >= 0 && *zone)
        q->zone = mem_strdup(zone);
    jw_object(w);
    jw_key_time(w, "time", clock_wall_ms());
    jw_key_str(w, "zone", q->zone);
    jw_key_bool(w, "synchronised", synchronised);
    jw_key_str(w, "text", text);
    jw_key_str(w, "by", by);
    key_told(w, "enabled", q, q->ntp);
    key_number(w, "offset_ms", c.offset_ms);
    key_number(w, "max_error_ms", c.max_error_ms);
    key_told(w, "rtc_local", q, q->rtc_local);
    jw_end_object(w);
    return 0;
}

static void free_question(void *arg)
{
    struct question *q = arg;
    mem_free(q->root);
    mem_free(q->zone);
    mem_free(q);
}

static void go_on(struct asking *k)
{
    inspect_on_thread(k->i, tell, TAKE(k->q), free_question);
}

/* --- timedated --- */

static void take_property(struct question *q, const char *name, sd_bus_message *m)
{
    static const struct {
        const char *name;
        size_t at;
    } flags[] = {{"NTP", offsetof(struct question, ntp)},
                 {"NTPSynchronized", offsetof(struct question, synchronised)},
                 {"LocalRTC", offsetof(struct question, rtc_local)}};
    const char *zone;
    int on;
    if (str_eq(name, "Timezone")) {
        if (sd_bus_message_read(m, "v", "s", &zone) >= 0)
            mem_set_str(&q->zone, zone);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(flags); i++)
        if (str_eq(name, flags[i].name)) {
            if (sd_bus_message_read(m, "v", "b", &on) >= 0)
                *(bool *)((char *)q + flags[i].at) = on;
            return;
        }
    (void)!sd_bus_message_skip(m, "v");
}

static int on_properties(sd_bus_message *m, void *arg, sd_bus_error *error)
{
    struct asking *k = arg;
    const char *name;
    (void)error;
    k->call = sd_bus_slot_unref(k->call);
    if (!sd_bus_message_is_method_error(m, NULL) &&
        sd_bus_message_enter_container(m, 'a', "{sv}") >= 0) {
        k->q->told = true;
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
            if (sd_bus_message_read(m, "s", &name) < 0)
                break;
            take_property(k->q, name, m);
            if (sd_bus_message_exit_container(m) < 0)
                break;
        }
    }
    go_on(k);
    return 0;
}

static int ask(struct asking *k, struct bus *b)
{
    AUTO(sd_bus_message_unrefp) sd_bus_message *m = NULL;
    sd_bus *bus = bus_sd(b);
    int r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.timedate1",
                                           "/org/freedesktop/timedate1",
                                           "org.freedesktop.DBus.Properties", "GetAll");
    if (r >= 0)
        r = sd_bus_message_append(m, "s", "org.freedesktop.timedate1");
    return r < 0 ? r : sd_bus_call_async(bus, &k->call, m, on_properties, k, BUS_US);
}

static void start(struct inspect *i)
{
    struct asking *k = i->state = mem_alloc(sizeof *k);
    struct bus *b = systemd_bus(i->node);
    k->i = i;
    k->q = mem_alloc(sizeof *k->q);
    k->q->root = mem_strdup(i->node->settings.root);
    if (!b || ask(k, b) < 0)
        go_on(k);
    else
        bus_flush(b);
}

static void stop(struct inspect *i)
{
    struct asking *k = i->state;
    sd_bus_slot_unref(k->call);
    if (k->q)
        free_question(k->q);
    mem_free(k);
}

const struct inspect_ops time_inspect = {.start = start, .stop = stop};
