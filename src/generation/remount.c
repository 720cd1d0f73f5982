/* A mount point anew: what is mounted there is taken off, by force when it does not answer, and
 * mounted again by its own unit, or by its line in /etc/fstab. Whatever may hang for good is done
 * by a child that is left behind in the end. */
#include "generation/generation.h"

#include "base/clock.h"
#include "node/mount-config.h"
#include "node/mount-users.h"
#include "node/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ANSWER_MS = 5 * 1000,
    UNMOUNT_MS = 15 * 1000,
    NOTICE_MS = 10 * 1000, /* until systemd has seen that it is unmounted */
    MOUNT_MS = 100 * 1000, /* systemd itself waits for 90 s */
    VERIFY_MS = 15 * 1000,
    KILLED_MS = 1000, /* that one may take to end, so that it does nothing any more */
    LOOK_US = 20 * 1000,
    LAYERS_MAX = 8, /* mounted over one another */
    TRIES_EACH = 2, /* as ever, then lazily */
    EXIT_CHILD_FAILED = 255,
};

struct remount {
    const char *id, *point;
    char *unit; /* NULL = it has a line in /etc/fstab alone */
    int64_t start_ms;
    uint64_t mount_id;        /* of what was mounted there before; 0 = nothing */
    struct mount_users users; /* before */
    bool off;                 /* nothing was mounted there any more */
    bool forced, lazy;
};

static void say(const struct remount *m, const char *step)
{
    answer(m->id, ROOT_RUNNING, step, NULL);
}

/* --- what may hang --- */

typedef int child_fn(const char *point); /* 0 or an errno */

/* What `fn` returned, or ETIMEDOUT. */
static int in_child(child_fn *fn, const char *point, int64_t deadline_ms)
{
    int status = 0;
    int64_t until = clock_mono_ms() + deadline_ms;
    pid_t pid = fork();
    if (pid == 0)
        _exit(fn(point));
    if (pid < 0)
        return errno;
    bool killed = false;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_mono_ms() > until) {
            if (killed)
                return ETIMEDOUT;
            killed = true;
            kill(pid, SIGKILL);
            until += KILLED_MS;
        }
        usleep(LOOK_US);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : killed ? ETIMEDOUT : EXIT_CHILD_FAILED;
}

static int ask(const char *point)
{
    struct statfs s;
    return statfs(point, &s) < 0 ? errno : 0;
}

static int unmount(const char *point)
{
    return umount2(point, UMOUNT_NOFOLLOW) < 0 ? errno : 0;
}

static int unmount_lazily(const char *point)
{
    return umount2(point, UMOUNT_NOFOLLOW | MNT_DETACH) < 0 ? errno : 0;
}

/* What waits for the server gets an error. */
static int unmount_by_force(const char *point)
{
    return umount2(point, UMOUNT_NOFOLLOW | MNT_DETACH | MNT_FORCE) < 0 ? errno : 0;
}

/* --- what is there --- */

static int read_mounts(struct mount_list *ret_l, struct err *e)
{
    int r = mounts_read("", 0, NULL, ret_l);
    return r < 0 ? err_set(e, r, "/proc/self/mountinfo can't be read: %s.", strerror(-r)) : 0;
}

/* Taking it off would take these off, too, and nobody would mount them again. */
static int check_below(const struct mount_list *l, const struct mount_lines *fstab,
                       const char *point, struct err *e)
{
    const struct mount *lost = mount_lost_below("", l, fstab, point);
    return lost ? err_set(e, -EBUSY, "%s is mounted below %s: unmount that first.", lost->point,
                          point)
                : 0;
}

static int look(struct remount *m, struct err *e)
{
    AUTO(mounts_done) struct mount_list l = {0};
    AUTO(mount_lines_done) struct mount_lines fstab = {0};
    AUTO(mem_freep) char *file = mount_unit_file("", m->point);
    (void)!fstab_read("", &fstab); /* there need not be one */
    if (!file && !mount_line_find(&fstab, m->point))
        return err_set(e, -ENOENT,
                       "%s stands neither in /etc/fstab nor in a unit: this machine does not know "
                       "how to mount it.",
                       m->point);
    m->unit = file ? mount_unit_name(m->point) : NULL;
    int r = read_mounts(&l, e);
    if (r >= 0)
        r = check_below(&l, &fstab, m->point, e);
    const struct mount *there = mount_there(&l, m->point);
    m->mount_id = there ? there->id : 0;
    if (r >= 0 && there)
        (void)!mount_users_read("", &there, 1, &m->users);
    return r;
}

/* --- off --- */

/* `again`: it could not be unmounted as ever. */
static int take_off_once(struct remount *m, bool again)
{
    say(m, "asking whether it answers");
    bool dead = in_child(ask, m->point, ANSWER_MS) != 0;
    say(m, dead ? "unmounting, by force: it does not answer" : "unmounting");
    m->forced |= dead;
    m->lazy |= dead || again;
    return in_child(dead    ? unmount_by_force
                    : again ? unmount_lazily
                            : unmount,
                    m->point, UNMOUNT_MS);
}

/* What umount2() answered counts for less than what is mounted then: whoever is killed for being
 * late may have done it, and somebody else may have been faster. */
static int take_off(struct remount *m, struct err *e)
{
    uint64_t id = 0;
    int error = 0;
    for (unsigned tries = 0, i = 0; i < LAYERS_MAX * TRIES_EACH; i++) {
        AUTO(mounts_done) struct mount_list l = {0};
        int r = read_mounts(&l, e);
        const struct mount *there = r < 0 ? NULL : mount_there(&l, m->point);
        m->off = r >= 0 && !there;
        if (!there)
            return r;
        tries = error && there->id == id ? tries + 1 : 0;
        if (tries == TRIES_EACH)
            return err_set(e, -EIO, "It can't be unmounted: %s.", strerror(error));
        id = there->id;
        error = take_off_once(m, tries > 0);
    }
    return err_set(e, -EBUSY, "Somebody else mounts it again and again.");
}

/* --- on --- */

static void wait_noticed(const char *unit)
{
    int64_t until = clock_mono_ms() + NOTICE_MS;
    while (clock_mono_ms() < until) {
        AUTO(mem_freep) char *state = manager_state(unit);
        if (!str_eq(state, "active"))
            return;
        usleep(LOOK_US);
    }
}

/* What mount(8) said of it, from the journal. */
static void read_said(const char *unit, struct str *ret_said)
{
    AUTO(mem_freep) char *since = mem_printf("--since=-%ds", MOUNT_MS / 1000 + 10);
    const char *argv[] = {NULL, "--no-pager", "--quiet", "-o",  "cat", "-n",
                          "10", "-u",         unit,      since, NULL};
    AUTO(mem_freep) char *journalctl = program_find("", "journalctl");
    argv[0] = journalctl;
    if (journalctl)
        (void)!run_said(argv, ANSWER_MS, NULL, ret_said);
}

static int mount_by_unit(const struct remount *m, struct err *e, struct str *ret_said)
{
    wait_noticed(m->unit);
    int r = manager_start_wait(m->unit, MOUNT_MS, e);
    if (r < 0)
        read_said(m->unit, ret_said);
    return r;
}

static int mount_by_line(const struct remount *m, struct err *e, struct str *ret_said)
{
    AUTO(mem_freep) char *mount = program_find("", "mount");
    if (!mount)
        return err_set(e, -ENOENT, "The program mount is not there.");
    int r = run_said((const char *const[]){mount, m->point, NULL}, MOUNT_MS, e, ret_said);
    return r > 0 ? err_set(e, -EIO, "mount ended with exit code %d.", r) : r;
}

static int verify(const struct remount *m, struct err *e)
{
    AUTO(mounts_done) struct mount_list l = {0};
    say(m, "looking whether it answers");
    int error = in_child(ask, m->point, VERIFY_MS);
    int r = read_mounts(&l, e);
    if (r >= 0 && !mount_there(&l, m->point))
        return err_set(e, -EIO, "Mounting it was said to have worked.");
    if (r >= 0 && error)
        return err_set(e, -EIO, "It is mounted, but does not answer: %s.", strerror(error));
    return r;
}

/* --- the whole --- */

static char *result_of(const struct remount *m)
{
    size_t n = m->users.v.n + m->users.more;
    double took = (double)(clock_mono_ms() - m->start_ms) / 1000;
    if (!n || !m->lazy)
        return mem_printf("%s is mounted again, after %.1f s.", m->point, took);
    return mem_printf(
        "%s is mounted again, after %.1f s. %zu process%s had files of it open, which "
        "%s until %s started anew: the output names %s.",
        m->point, took, n, n == 1 ? "" : "es", m->forced ? "fail" : "stay with the old mount",
        n == 1 ? "it is" : "they are", n == 1 ? "it" : "them");
}

/* What a failure left behind: "" when that can't be said. */
static char *what_is_there(const struct remount *m)
{
    AUTO(mounts_done) struct mount_list l = {0};
    if (read_mounts(&l, NULL) < 0)
        return mem_strdup("");
    const struct mount *there = mount_there(&l, m->point);
    if (!there)
        return mem_strdup(" Nothing is mounted there now.");
    if (!m->off && there->id == m->mount_id)
        return mem_strdup(" What was mounted there still is.");
    return mem_printf(" Mounted there now: %s (%s).", there->device, there->type);
}

static char *failure_of(const struct remount *m, int r, const struct err *e)
{
    AUTO(mem_freep) char *there = what_is_there(m);
    return mem_printf("%s could not be mounted again. %s%s", m->point, err_text(e, r), there);
}

static void tell_end(const struct remount *m, int r, const struct err *e, struct str *said)
{
    struct str output = {0};
    AUTO(mem_freep)
    char *text = r < 0 ? failure_of(m, r, e) : result_of(m);
    if (said->len)
        str_addf(&output, "%s\n", str_trim(said->p));
    mount_users_print(&m->users, &output);
    answer(m->id, r < 0 ? ROOT_FAILED : ROOT_DONE, text, str_text(&output));
    str_done(&output);
}

static int carry_out(struct remount *m)
{
    AUTO(str_done) struct str said = {0};
    struct err e = {0};
    int r = take_off(m, &e);
    if (r >= 0) {
        say(m, "mounting");
        r = m->unit ? mount_by_unit(m, &e, &said) : mount_by_line(m, &e, &said);
    }
    if (r >= 0)
        r = verify(m, &e);
    tell_end(m, r, &e, &said);
    return r;
}

int remount(const struct root_request *request)
{
    AUTO(policy_freep) struct policy *p = policy_load(POLICY_USUAL_PATH, false);
    struct err e = {0};
    const char *point = mount_find(p, request->hash);
    if (!point) {
        answer(request->id, ROOT_REFUSED, "The policy of this node names no such mount.", NULL);
        return -EACCES;
    }
    struct remount m = {.id = request->id, .point = point, .start_ms = clock_mono_ms()};
    int r = look(&m, &e);
    if (r < 0)
        answer(m.id, ROOT_REFUSED, err_text(&e, r), NULL);
    else
        r = carry_out(&m);
    mount_users_done(&m.users);
    mem_free(m.unit);
    return r;
}
