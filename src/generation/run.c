#include "generation/generation.h"

#include "base/clock.h"
#include "node/program.h"
#include "node/rooted.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define SWITCH_LOCK "/run/nixos/switch-to-configuration.lock"

enum { HELD_WAIT_MS = 5 * 60 * 1000, HELD_PAUSE_S = 1 };

static const char *const root_env[] = {"PATH=/run/current-system/sw/bin:/usr/bin:/bin", "LC_ALL=C",
                                       "HOME=/root", NULL};

int run_said(const char *const *argv, uint32_t deadline_ms, struct err *e, struct str *ret_said)
{
    struct program_end end = {0};
    int r = program_run(&(struct program){.argv = argv,
                                          .env = root_env,
                                          .deadline_ms = deadline_ms,
                                          .output_max = LIMIT_SAID,
                                          .mixed = true},
                        e, &end);
    if (r < 0)
        return r;
    str_done(ret_said);
    *ret_said = end.text;
    end.text = (struct str){0};
    program_end_done(&end);
    return end.status;
}

/* switch-to-configuration itself gives up when somebody else's runs. */
static void wait_unlocked(void)
{
    int64_t until = clock_mono_ms() + HELD_WAIT_MS;
    while (switch_is_locked() && clock_mono_ms() < until)
        sleep(HELD_PAUSE_S);
}

int run_switch(const char *system, const char *action, uint32_t deadline_ms, struct err *e,
               struct str *ret_said)
{
    AUTO(mem_freep) char *program = mem_printf("%s/bin/switch-to-configuration", system);
    wait_unlocked();
    return run_said((const char *const[]){program, action, NULL}, deadline_ms, e, ret_said);
}

bool switch_is_locked(void)
{
    int fd = open(SWITCH_LOCK, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool locked = flock(fd, LOCK_EX | LOCK_NB) < 0;
    close(fd);
    return locked;
}

int root_path(const char *link, const char *target, struct err *e)
{
    AUTO(mem_freep) char *fresh = mem_printf("%s.new", link);
    (void)unlink(fresh);
    if (symlink(target, fresh) < 0 || rename(fresh, link) < 0)
        return err_set(e, -errno, "%s can't be made: %s.", link, strerror(errno));
    return 0;
}
