#include "node/program.h"

#include "base/clock.h"
#include "node/rooted.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    READ_SIZE = 8192,
    LOOK_MS = 200,   /* whether it is to be stopped */
    FORCED_MS = 500, /* that one may take that was killed */
    LIMIT_LEFT = 32, /* killed ones that hang in the kernel */
};

static _Thread_local const atomic_bool *stop_flag;

struct running {
    const struct program *p;
    struct program_end *end;
    pid_t pid;
    int out, errors; /* -1 = at its end */
    int64_t until_ms;
};

void program_end_done(struct program_end *end)
{
    str_done(&end->text);
    str_done(&end->errors);
}

void program_stop_by(const atomic_bool *flag)
{
    stop_flag = flag;
}

bool program_is_stopped(void)
{
    return stop_flag && atomic_load(stop_flag);
}

static const char *name_of(const struct program *p)
{
    const char *slash = strrchr(p->argv[0], '/');
    return slash ? slash + 1 : p->argv[0];
}

static int start(struct running *r, int out, int errors)
{
    static const char *const usual[] = {"PATH=/run/current-system/sw/bin:/usr/bin:/bin", "LC_ALL=C",
                                        "HOME=/", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out, 1);
    posix_spawn_file_actions_adddup2(&files, errors, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    int error = posix_spawn(&r->pid, r->p->argv[0], &files, &attributes, (char **)r->p->argv,
                            (char **)(r->p->env ? r->p->env : usual));
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return -error;
}

/* The last bytes are the ones that say why. */
static void keep_tail(struct str *text, size_t max)
{
    if (text->len <= max)
        return;
    memmove(text->p, text->p + text->len - max, max + 1);
    text->len = max;
}

/* -E2BIG when it says too much. */
static int take(struct running *r, int *fd, struct str *to, size_t max, bool tail)
{
    char bytes[READ_SIZE];
    ssize_t n = read(*fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (n <= 0) {
        close(*fd);
        *fd = -1;
        return 0;
    }
    if (!tail && to->len + (size_t)n > max)
        return -E2BIG;
    str_add_n(to, bytes, (size_t)n);
    if (tail)
        keep_tail(to, max);
    (void)r;
    return 0;
}

static int read_all(struct running *r)
{
    while (r->out >= 0 || r->errors >= 0) {
        struct pollfd fds[] = {{r->out, POLLIN, 0}, {r->errors, POLLIN, 0}};
        int64_t left = r->until_ms - clock_mono_ms();
        if (left <= 0)
            return -ETIMEDOUT;
        if (program_is_stopped())
            return -ECANCELED;
        if (poll(fds, COUNT_OF(fds), left < LOOK_MS ? (int)left : LOOK_MS) < 0 && errno != EINTR)
            return -errno;
        int error = 0;
        if (fds[0].revents)
            error = take(r, &r->out, &r->end->text, r->p->output_max, r->p->mixed);
        if (error >= 0 && fds[1].revents)
            error = take(r, &r->errors, &r->end->errors, LIMIT_PROGRAM_ERRORS, true);
        if (error < 0)
            return error;
    }
    return 0;
}

/* Closing its output is not yet its end. */
static int await(struct running *r, int *ret_status)
{
    for (;;) {
        pid_t pid = waitpid(r->pid, ret_status, WNOHANG);
        if (pid == r->pid)
            return 0;
        if (pid < 0 && errno != EINTR)
            return -errno;
        if (clock_mono_ms() >= r->until_ms)
            return -ETIMEDOUT;
        if (program_is_stopped())
            return -ECANCELED;
        poll(NULL, 0, 5);
    }
}

/* --- those that even SIGKILL does not end: a disk that does not answer holds them --- */

static pthread_mutex_t left_lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t left[LIMIT_LEFT]; /* 0 = free */

static void reap_left(void)
{
    pthread_mutex_lock(&left_lock);
    for (size_t i = 0; i < COUNT_OF(left); i++)
        if (left[i] && waitpid(left[i], NULL, WNOHANG) != 0)
            left[i] = 0;
    pthread_mutex_unlock(&left_lock);
}

static void leave(pid_t pid)
{
    pthread_mutex_lock(&left_lock);
    for (size_t i = 0; i < COUNT_OF(left); i++)
        if (!left[i]) {
            left[i] = pid;
            break;
        }
    pthread_mutex_unlock(&left_lock);
}

static void end_by_force(struct running *r)
{
    kill(-r->pid, SIGKILL);
    kill(r->pid, SIGKILL);
    for (int64_t until = clock_mono_ms() + FORCED_MS; clock_mono_ms() < until; poll(NULL, 0, 5))
        if (waitpid(r->pid, NULL, WNOHANG) != 0)
            return;
    leave(r->pid);
}

static int run(struct running *r)
{
    int status = 0, error = read_all(r);
    if (error >= 0)
        error = await(r, &status);
    if (error < 0)
        end_by_force(r);
    else
        r->end->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return error;
}

static int failed(const struct program *p, int error, struct err *e)
{
    if (error == -ETIMEDOUT)
        return err_set(e, error, "%s has not come to an end within %u s.", name_of(p),
                       p->deadline_ms / 1000);
    if (error == -ECANCELED)
        return err_set(e, error, "%s was stopped: nobody waits for it any more.", name_of(p));
    if (error == -E2BIG)
        return err_set(e, error, "%s said more than %zu KiB.", name_of(p), p->output_max >> 10);
    return err_set(e, error, "%s can't be run: %s.", p->argv[0], strerror(-error));
}

char *program_find(const char *root, const char *name)
{
    static const char *const folders[] = {
        "/run/wrappers/bin",
        "/usr/bin",
        "/usr/sbin",
        "/bin",
        "/sbin",
        "/usr/local/bin",
        "/usr/local/sbin",
        "/run/current-system/sw/bin",
    };
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        AUTO(mem_freep) char *path = mem_printf("%s/%s", folders[i], name);
        AUTO(mem_freep) char *real = rooted_real(root, path);
        AUTO(mem_freep) char *seen = real ? mem_printf("%s%s", root, real) : NULL;
        if (seen && access(seen, X_OK) == 0) /* its own name where it can be had: some go by it */
            return *root ? TAKE(seen) : TAKE(path);
    }
    return NULL;
}

int program_run(const struct program *p, struct err *e, struct program_end *ret_end)
{
    struct program_end end = {0};
    struct running r = {
        .p = p, .end = &end, .out = -1, .errors = -1, .until_ms = clock_mono_ms() + p->deadline_ms};
    int out[2] = {-1, -1}, errors[2] = {-1, -1}, error = 0;
    reap_left();
    if (pipe2(out, O_CLOEXEC) < 0 || (!p->mixed && pipe2(errors, O_CLOEXEC) < 0))
        error = -errno;
    if (error >= 0)
        error = start(&r, out[1], p->mixed ? out[1] : errors[1]);
    r.out = out[0];
    r.errors = errors[0];
    if (out[1] >= 0)
        close(out[1]);
    if (errors[1] >= 0)
        close(errors[1]);
    if (error >= 0)
        error = run(&r);
    if (r.out >= 0)
        close(r.out);
    if (r.errors >= 0)
        close(r.errors);
    if (error < 0) {
        program_end_done(&end);
        return failed(p, error, e);
    }
    *ret_end = end;
    return 0;
}
