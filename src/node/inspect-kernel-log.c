/* Errors of the kernel since it was started: from the journal, which keeps more; where there is
 * none, from the kernel's own buffer. */
#include "base/clock.h"
#include "node/inspect-private.h"
#include "node/kernel-log.h"
#include "node/logs.h"
#include "node/map-guard.h"

#include <fcntl.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

enum {
    LIMIT_KERNEL_LINES = 20000, /* that are looked at */
    KMSG_RECORD = 8192,         /* the kernel's own limit */
};

struct question {
    char *journal; /* its folder; NULL = the system's */
    char *kmsg;
};

/* --- the journal --- */

static int match(sd_journal *j, const char *text)
{
    return sd_journal_add_match(j, text, 0);
}

static int match_boot(sd_journal *j)
{
    sd_id128_t boot;
    char text[64];
    int r = sd_id128_get_boot(&boot);
    if (r < 0)
        return r;
    snprintf(text, sizeof text, "_BOOT_ID=" SD_ID128_FORMAT_STR, SD_ID128_FORMAT_VAL(boot));
    return match(j, text);
}

static int open_journal(const struct question *q, sd_journal **ret_j)
{
    static const char *const errors[] = {"PRIORITY=0", "PRIORITY=1", "PRIORITY=2", "PRIORITY=3"};
    int r = q->journal ? sd_journal_open_directory(ret_j, q->journal, 0)
                       : sd_journal_open(ret_j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (r < 0)
        return r;
    sd_journal_set_data_threshold(*ret_j, LIMIT_KERNEL_TEXT + 64);
    r = match(*ret_j, "_TRANSPORT=kernel");
    for (size_t i = 0; r >= 0 && i < COUNT_OF(errors); i++)
        r = match(*ret_j, errors[i]);
    if (r >= 0 && !q->journal) /* a recorded one is of another boot */
        r = match_boot(*ret_j);
    return r < 0 ? r : sd_journal_seek_tail(*ret_j);
}

static const char *field(sd_journal *j, const char *name, size_t *ret_len)
{
    const void *data;
    size_t len, skip = strlen(name) + 1;
    if (sd_journal_get_data(j, name, &data, &len) < 0 || len < skip)
        return NULL;
    *ret_len = len - skip;
    return (const char *)data + skip;
}

static void take_entry(sd_journal *j, struct kernel_log *l)
{
    uint64_t us = 0;
    size_t len, n;
    const char *level = field(j, "PRIORITY", &n);
    unsigned number =
        level && n == 1 && *level >= '0' && *level <= '7' ? (unsigned)(*level - '0') : LINE_ERR;
    const char *text = field(j, "MESSAGE", &len);
    if (text && sd_journal_get_realtime_usec(j, &us) >= 0)
        kernel_log_add(l, (int64_t)us / 1000, number, text, len);
}

/* False when the journal says nothing of the kernel, not even of its start: it is not kept there,
 * or may not be read. */
static bool knows_kernel(const struct question *q)
{
    sd_journal *j = NULL;
    int r = q->journal ? sd_journal_open_directory(&j, q->journal, 0)
                       : sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
    if (r >= 0)
        r = match(j, "_TRANSPORT=kernel");
    if (r >= 0 && !q->journal)
        r = match_boot(j);
    if (r >= 0)
        r = sd_journal_seek_tail(j);
    if (r >= 0)
        r = sd_journal_previous(j);
    sd_journal_close(j);
    return r > 0;
}

static bool read_lines(const struct question *q, struct kernel_log *l)
{
    sd_journal *j = NULL;
    unsigned looked = 0;
    if (!knows_kernel(q))
        return false;
    int r = open_journal(q, &j);
    while (r >= 0 && looked < LIMIT_KERNEL_LINES && (r = sd_journal_previous(j)) > 0) {
        take_entry(j, l);
        looked++;
    }
    l->cut |= looked == LIMIT_KERNEL_LINES;
    sd_journal_close(j);
    return r >= 0;
}

static bool read_journal(const struct question *q, struct kernel_log *l)
{
    struct map_guard guard;
    map_guard_enter_all(&guard);
    bool has = read_lines(q, l);
    l->cut |= map_guard_leave(&guard);
    return has;
}

/* --- the kernel's buffer --- */

static int64_t boot_wall_ms(void)
{
    struct timespec up;
    return clock_gettime(CLOCK_BOOTTIME, &up) < 0
               ? 0
               : clock_wall_ms() - (int64_t)up.tv_sec * 1000 - up.tv_nsec / 1000000;
}

/* Oldest first; the list wants the newest first. */
struct lines {
    VEC(struct kmsg) v;
};

static void take_record(struct lines *l, const char *record, size_t len)
{
    struct kmsg m;
    if (kmsg_parse(record, len, &m) < 0 || m.level > LINE_ERR || m.facility != 0)
        return;
    m.text = mem_strndup(m.text, m.len);
    *vec_add(&l->v) = m;
}

static int read_records(int fd, struct lines *l)
{
    char record[KMSG_RECORD];
    for (unsigned i = 0; i < LIMIT_KERNEL_LINES; i++) {
        ssize_t n = read(fd, record, sizeof record);
        if (n > 0)
            take_record(l, record, (size_t)n);
        else if (n == 0 || errno == EAGAIN)
            return 0;
        else if (errno != EPIPE && errno != EINTR && errno != EINVAL) /* overwritten meanwhile */
            return -errno;
    }
    return 0;
}

static int read_kmsg(const struct question *q, struct kernel_log *l, struct err *e)
{
    struct lines lines = {0};
    int64_t boot_ms = boot_wall_ms();
    int fd = open(q->kmsg, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int r = fd < 0 ? -errno : read_records(fd, &lines);
    if (fd >= 0)
        close(fd);
    for (size_t i = lines.v.n; i-- > 0;) {
        const struct kmsg *m = &lines.v.v[i];
        kernel_log_add(l, boot_ms + m->us / 1000, m->level, m->text, m->len);
        mem_free((char *)m->text);
    }
    vec_done(&lines.v);
    if (r == -EPERM || r == -EACCES)
        return err_set(e, -EIO,
                       "The kernel's log may not be read here: let the journal keep it and add "
                       "Hydra's user to the group systemd-journal, or give the agent CAP_SYSLOG.");
    return r < 0 ? err_set(e, -EOPNOTSUPP, "There is no log of the kernel here: %s.", strerror(-r))
                 : 0;
}

/* --- the answer --- */

static int tell(void *arg, struct jw *w, struct err *e)
{
    const struct question *q = arg;
    struct kernel_log l = {0};
    bool journal = read_journal(q, &l);
    int r = journal ? 0 : read_kmsg(q, &l, e);
    if (r >= 0) {
        jw_object(w);
        jw_key_str(w, "source", journal ? "journal" : "kmsg");
        jw_key_time(w, "boot_time", boot_wall_ms());
        jw_key(w, "entries");
        kernel_log_print(&l, w);
        jw_key_bool(w, "cut", l.cut);
        jw_end_object(w);
    }
    kernel_log_done(&l);
    return r;
}

static void free_question(void *arg)
{
    struct question *q = arg;
    mem_free(q->journal);
    mem_free(q->kmsg);
    mem_free(q);
}

static void start(struct inspect *i)
{
    char path[NODE_PATH_MAX];
    struct question *q = mem_alloc(sizeof *q);
    q->journal = mem_strdup(i->node->settings.journal);
    q->kmsg = mem_strdup(node_path(i->node, "/dev/kmsg", path));
    inspect_on_thread(i, tell, q, free_question);
}

const struct inspect_ops kernel_log_inspect = {.allowed_as = "logs", .start = start};
