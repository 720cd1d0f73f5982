/* The trial of a new program: the old one waits beside it, and puts it in its own place or not. The
 * process that the system's manager knows stays the same all the time. */
#include "agent/upgrade-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/vec.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { END_MS = 15 * 1000, LIMIT_ARGUMENTS = 64 << 10 };

enum verdict { VERDICT_GOOD, VERDICT_BAD, VERDICT_STOP /* this program is to end */ };

struct trial {
    const char *program, *fresh;
    struct str_list arguments;
    char **argv; /* of them, ends with NULL */
    sigset_t mask, before;
    int link, signals; /* to the child; of this process */
    pid_t child;
    char why[256]; /* it is no good */
};

/* --- starting it --- */

/* As this program was started. */
static int read_arguments(struct trial *t)
{
    AUTO(mem_freep) char *text = mem_alloc(LIMIT_ARGUMENTS);
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, LIMIT_ARGUMENTS - 1);
    if (fd >= 0)
        close(fd);
    for (ssize_t at = 0; at < n; at += (ssize_t)strlen(text + at) + 1)
        str_list_add(&t->arguments, text + at);
    t->argv = mem_array(t->arguments.n + 1, sizeof *t->argv);
    for (size_t i = 0; i < t->arguments.n; i++)
        t->argv[i] = t->arguments.v[i];
    return t->arguments.n ? 0 : -EIO;
}

/* Made before the fork. The child is not the one that the manager listens to. */
static char **child_environment(int fd)
{
    extern char **environ;
    size_t n = 0, kept = 0;
    while (environ[n])
        n++;
    char **list = mem_array(n + 2, sizeof *list);
    for (size_t i = 0; i < n; i++)
        if (!str_starts(environ[i], "NOTIFY_SOCKET=") && !str_starts(environ[i], UPGRADE_TRIAL_ENV))
            list[kept++] = environ[i];
    list[kept] = mem_printf("%s=%d", UPGRADE_TRIAL_ENV, fd);
    return list;
}

static void free_environment(char **list)
{
    size_t n = 0;
    while (list[n])
        n++;
    mem_free(list[n - 1]);
    mem_free(list);
}

static int start_child(struct trial *t)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    char **environment = child_environment(pair[1]);
    pid_t judge = getpid();
    t->child = fork();
    if (t->child == 0) {
        sigprocmask(SIG_SETMASK, &t->before, NULL);
        fcntl(pair[1], F_SETFD, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody is on trial without a judge */
        if (getppid() != judge)
            _exit(127);
        execve(t->fresh, t->argv, environment);
        _exit(127);
    }
    int r = t->child < 0 ? -errno : 0;
    free_environment(environment);
    close(pair[1]);
    t->link = pair[0];
    return r;
}

/* --- waiting --- */

static void take_signal(const struct trial *t, bool *ret_stop)
{
    struct signalfd_siginfo s;
    if (read(t->signals, &s, sizeof s) == sizeof s &&
        (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT))
        *ret_stop = true;
}

static bool is_over(struct trial *t)
{
    int status;
    if (t->child <= 0 || waitpid(t->child, &status, WNOHANG) != t->child)
        return t->child <= 0;
    t->child = 0;
    if (WIFSIGNALED(status))
        snprintf(t->why, sizeof t->why, "it was ended by signal %d", WTERMSIG(status));
    else
        snprintf(t->why, sizeof t->why, "it ended with exit code %d", WEXITSTATUS(status));
    return true;
}

static enum verdict wait_for_verdict(struct trial *t, uint32_t trial_ms)
{
    int64_t until = clock_mono_ms() + trial_ms;
    bool stop = false;
    char word;
    while (!stop && !is_over(t)) {
        int64_t left = until - clock_mono_ms();
        struct pollfd p[2] = {{t->link, POLLIN, 0}, {t->signals, POLLIN, 0}};
        if (left <= 0) {
            snprintf(t->why, sizeof t->why, "the hub did not confirm it within %u s",
                     trial_ms / 1000);
            return VERDICT_BAD;
        }
        (void)poll(p, 2, (int)left);
        if (p[1].revents & POLLIN)
            take_signal(t, &stop);
        if (p[0].revents && read(t->link, &word, 1) == 1)
            return VERDICT_GOOD;
        if (p[0].revents) { /* the child is ending */
            close(t->link);
            t->link = -1; /* poll() leaves it out */
        }
    }
    return stop ? VERDICT_STOP : VERDICT_BAD;
}

/* True when this program was told to end meanwhile. */
static bool end_child(struct trial *t)
{
    bool stop = false;
    int64_t until = clock_mono_ms() + END_MS;
    char kept[sizeof t->why];
    memcpy(kept, t->why, sizeof kept);
    if (t->child > 0)
        kill(t->child, SIGTERM);
    while (!is_over(t) && clock_mono_ms() < until) {
        struct pollfd p = {t->signals, POLLIN, 0};
        (void)poll(&p, 1, 100);
        if (p.revents)
            take_signal(t, &stop);
    }
    if (t->child > 0) {
        kill(t->child, SIGKILL);
        waitpid(t->child, NULL, 0);
        t->child = 0;
    }
    if (kept[0])
        memcpy(t->why, kept, sizeof kept);
    return stop;
}

/* --- putting it in place --- */

static int sync_folder_of(const char *path)
{
    AUTO(mem_freep) char *folder = mem_strdup(path);
    char *slash = strrchr(folder, '/');
    *slash = 0;
    int fd = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return r;
}

/* The rename is the moment. The old one stays for whoever wants it back by hand. */
static int commit(struct trial *t)
{
    AUTO(mem_freep) char *old = mem_printf("%s.old", t->program);
    (void)unlink(old);
    if (link(t->program, old) < 0)
        log_debug("upgrade", "the old program is not kept", "errno=%d", errno);
    if (rename(t->fresh, t->program) < 0) {
        snprintf(t->why, sizeof t->why, "%s can't be replaced: %s", t->program, strerror(errno));
        return -errno;
    }
    (void)sync_folder_of(t->program); /* either way one of the two is there */
    return 0;
}

/* --- the whole --- */

static int begin(struct trial *t)
{
    sigemptyset(&t->mask);
    sigaddset(&t->mask, SIGTERM);
    sigaddset(&t->mask, SIGINT);
    sigaddset(&t->mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &t->mask, &t->before);
    t->signals = signalfd(-1, &t->mask, SFD_CLOEXEC | SFD_NONBLOCK);
    int r = read_arguments(t);
    return r < 0 || t->signals < 0 ? -EIO : start_child(t);
}

static void trial_done(struct trial *t)
{
    if (t->link >= 0)
        close(t->link);
    if (t->signals >= 0)
        close(t->signals);
    sigprocmask(SIG_SETMASK, &t->before, NULL);
}

static int stop_here(struct trial *t)
{
    trial_done(t);
    return 0;
}

static int become(struct trial *t)
{
    trial_done(t);
    execv(t->program, t->argv);
    fprintf(stderr, "hydra-agent: %s can't be started: %s\n", t->program, strerror(errno));
    return 1;
}

int upgrade_try(const struct upgrade *u, uint32_t trial_ms)
{
    struct trial t = {.program = u->program, .fresh = u->fresh, .link = -1, .signals = -1};
    enum verdict v = VERDICT_BAD;
    log_info("upgrade", "trying a new agent", "version=%s program=%s", u->version, u->fresh);
    if (begin(&t) < 0)
        snprintf(t.why, sizeof t.why, "it can't be started: %s", strerror(errno));
    else
        v = wait_for_verdict(&t, trial_ms);
    if (v == VERDICT_GOOD && commit(&t) < 0)
        v = VERDICT_BAD;
    bool stop = end_child(&t) || v == VERDICT_STOP;
    if (v == VERDICT_GOOD) {
        log_info("upgrade", "the new agent takes over", "version=%s when=%s", u->version,
                 stop ? "at the next start" : "now");
        return stop ? stop_here(&t) : become(&t);
    }
    (void)unlink(t.fresh);
    if (stop)
        return stop_here(&t);
    log_warn("upgrade", "the new agent is no good", "version=%s why=%s it=%s", u->version,
             LOG_Q(t.why), "the old one goes on");
    setenv(UPGRADE_FAILED_ENV, t.why, true);
    return become(&t);
}
