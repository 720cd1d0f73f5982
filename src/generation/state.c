#include "generation/generation.h"

#include "base/clock.h"
#include "node/rooted.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

enum { LOCK_PAUSE_US = 100 * 1000 };

int state_lock(unsigned wait_s, struct err *e)
{
    static int fd = -1;
    int64_t until = clock_mono_ms() + (int64_t)wait_s * 1000;
    if (fd < 0)
        fd = open(SWITCH_FOLDER "/lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(e, -errno, "%s can't be written: %s.", SWITCH_FOLDER, strerror(errno));
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (clock_mono_ms() >= until)
            return err_set(e, -EBUSY, "Hydra is switching this machine already, or cleaning up.");
        usleep(LOCK_PAUSE_US);
    }
    return 0;
}

void read_boot_id(char ret_id[SWITCH_BOOT_SIZE])
{
    AUTO(str_done) struct str text = {0};
    if (rooted_read("", "/proc/sys/kernel/random/boot_id", SWITCH_BOOT_SIZE, &text) < 0)
        str_add(&text, "unknown");
    str_copy(ret_id, SWITCH_BOOT_SIZE, str_trim(text.p));
}

bool state_is_of_this_boot(const struct switch_state *s)
{
    char boot[SWITCH_BOOT_SIZE];
    read_boot_id(boot);
    return str_eq(boot, s->boot);
}

int state_load(struct switch_state *ret_s, struct err *e)
{
    int r = switch_state_read(SWITCH_FILE, e, ret_s);
    return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

bool state_is_nonsense(int r)
{
    return r == -EINVAL || r == -E2BIG;
}

int state_load_or_put_aside(struct switch_state *ret_s, struct err *e)
{
    struct err why = {0};
    int r = state_load(ret_s, &why);
    if (state_is_nonsense(r) && rename(SWITCH_FILE, SWITCH_DAMAGED) == 0) {
        fprintf(stderr,
                "%s It is put aside as %s: what was under way is over, and the machine runs what "
                "it runs.\n",
                why.text, SWITCH_DAMAGED);
        return 0;
    }
    return r < 0 ? err_set(e, r, "%s", why.text) : r;
}

int state_save(struct switch_state *s, struct err *e)
{
    AUTO(str_done) struct str text = {0};
    read_boot_id(s->boot);
    switch_state_print(s, &text);
    return switch_write_file(SWITCH_FILE, &text, e);
}

int state_enter(struct switch_state *s, enum switch_phase phase, struct err *e)
{
    s->phase = phase;
    return state_save(s, e);
}

char *system_running(void)
{
    return rooted_real("", "/run/current-system");
}

char *system_booted(void)
{
    return rooted_real("", "/run/booted-system");
}
