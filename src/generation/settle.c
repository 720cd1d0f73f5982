/* The end of a switch: new or old, whoever died before. See README.md. */
#include "generation/generation.h"

#include "base/clock.h"
#include "node/nix-store.h"
#include "node/rooted.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOCK_WAIT_S = 20 * 60, NOTE_WAIT_S = 30 };

/* --- the profile and the boot loader --- */

static unsigned number_of_profile(void)
{
    struct generations l = {0};
    const struct generation *current = NULL;
    unsigned number = 0;
    if (generations_read("", NULL, &l) >= 0 && generations_pick(&l, "current", NULL, &current) >= 0)
        number = current->number;
    generations_done(&l);
    return number;
}

static int run_profile(const char *first, const char *second, struct err *e)
{
    AUTO(mem_freep) char *nix_env = nix_program("nix-env");
    AUTO(str_done) struct str said = {0};
    if (!nix_env)
        return err_set(e, -ENOPKG, "Nix is not installed on this machine.");
    int r = run_said(
        (const char *const[]){nix_env, "--profile", NIX_SYSTEM_PROFILE, first, second, NULL},
        BOOT_MS, e, &said);
    return r > 0 ? err_set(e, -EIO, "nix-env failed: %.300s", str_text(&said)) : r;
}

static int set_number(unsigned number, struct err *e)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    return number_of_profile() == number ? 0 : run_profile("--switch-generation", text, e);
}

/* A generation that is there gets no copy of itself. */
static int set_profile(unsigned number, const char *system, struct err *e)
{
    AUTO(mem_freep) char *link = mem_printf("%s-%u-link", NIX_SYSTEM_PROFILE, number);
    AUTO(mem_freep) char *there = number ? rooted_real("", link) : NULL;
    AUTO(mem_freep) char *now = rooted_real("", NIX_SYSTEM_PROFILE);
    if (str_eq(now, system))
        return 0;
    return str_eq(there, system) ? set_number(number, e) : run_profile("--set", system, e);
}

static int write_boot(const char *system, struct err *e)
{
    AUTO(str_done) struct str said = {0};
    int r = run_switch(system, "boot", BOOT_MS, e, &said);
    return r > 0 ? err_set(e, -EIO, "The boot loader could not be written: %.300s", str_text(&said))
                 : r;
}

/* The boot loader first: while the profile leads elsewhere, whoever comes next does it again. */
int make_default(unsigned number, const char *system, struct err *e)
{
    int r = write_boot(system, e);
    return r < 0 ? r : set_profile(number, system, e);
}

/* --- the two ends --- */

void forget_roots(void)
{
    (void)unlink(ROOT_TO);
    (void)unlink(ROOT_FROM);
    (void)unlink(ROOT_BUILT);
}

static int end(struct switch_state *s, enum switch_phase phase, const char *text)
{
    struct err e = {0};
    mem_set_str(&s->text, text);
    int r = state_enter(s, phase, &e);
    stage("told");
    if (r < 0) {
        fprintf(stderr, "%s\n", e.text);
        return r;
    }
    (void)!manager_stop(ROLLBACK_TIMER, NULL);
    forget_roots();
    printf("%s: %s\n", switch_phase_name(phase), text);
    return 0;
}

static int end_new(struct switch_state *s)
{
    AUTO(mem_freep)
    char *what = s->number ? mem_printf("Generation %u runs, and starts next time.", s->number)
                           : mem_strdup("What was built runs, and starts next time.");
    AUTO(mem_freep)
    char *text = mem_printf("%s%s", what,
                            s->exit_code == SWITCH_PARTLY
                                ? " Some units failed while it was activated; they stand below."
                                : "");
    return end(s, SWITCH_CONFIRMED, text);
}

/* "WHY It runs what it ran before." */
static int end_old(struct switch_state *s)
{
    AUTO(mem_freep)
    char *why = mem_strdup(str_is_empty(s->text) ? "It was not confirmed." : s->text);
    AUTO(mem_freep) char *running = system_running();
    AUTO(mem_freep) char *text = mem_printf("%s The system before runs again.", why);
    if (!str_eq(running, s->from)) {
        mem_free(text);
        text = mem_printf("%s Somebody else switched the machine meanwhile: that was left alone.",
                          why);
    }
    return end(s, SWITCH_ROLLED_BACK, text);
}

/* --- back --- */

/* The run of the machine that is written down stays the one in which it was decided. */
static int decide_back(struct switch_state *s, const char *why)
{
    struct err e = {0};
    if (s->phase == SWITCH_ROLLING_BACK)
        return 0;
    if (str_is_empty(s->text))
        mem_set_str(&s->text, why);
    int r = state_enter(s, SWITCH_ROLLING_BACK, &e);
    stage("rolling-back");
    if (r < 0)
        fprintf(stderr, "%s\n", e.text);
    return r;
}

/* Units may be stopped that it has, even where it is what runs: it is always run. */
static int run_old(const struct switch_state *s)
{
    int r = -EIO;
    for (unsigned i = 0; i < TRIES; i++) {
        AUTO(str_done) struct str said = {0};
        struct err e = {0};
        r = run_switch(s->from, "test", BACK_MS, &e, &said);
        if (r == 0 || r == SWITCH_PARTLY)
            return 0;
        fprintf(stderr, "%s test: %d: %s%s\n", s->from, r, e.text, str_text(&said));
        sleep(TRY_AGAIN_S);
    }
    return r < 0 ? r : -EIO;
}

/* `anyway`: the machine came up with the new one, whatever the profile says. */
static int put_profile_back(const struct switch_state *s, bool anyway)
{
    AUTO(mem_freep) char *now = rooted_real("", NIX_SYSTEM_PROFILE);
    struct err e = {0};
    if (!str_eq(now, s->to) && !anyway)
        return 0;
    int r = make_default(s->from_number, s->from, &e);
    if (r < 0)
        fprintf(stderr, "%s\n", e.text);
    return r;
}

static void forget_once(void)
{
    AUTO(mem_freep) char *bootctl = nix_program("bootctl");
    AUTO(str_done) struct str said = {0};
    if (bootctl)
        (void)!run_said((const char *const[]){bootctl, "set-oneshot", "", NULL}, BOOT_MS, NULL,
                        &said);
}

/* Somebody's own switch is not ours to undo. */
static bool is_somebody_elses(const struct switch_state *s)
{
    AUTO(mem_freep) char *running = system_running();
    return running && !str_eq(running, s->from) && !str_eq(running, s->to);
}

/* Nothing of the new one was activated since the machine started. */
static bool is_untouched(const struct switch_state *s)
{
    AUTO(mem_freep) char *booted = system_booted();
    AUTO(mem_freep) char *running = system_running();
    return str_eq(running, s->from) &&
           (state_is_of_this_boot(s) ? s->reboot : str_eq(booted, s->from));
}

static int take_back(struct switch_state *s, const char *why)
{
    AUTO(mem_freep) char *booted = system_booted();
    bool is_new = s->reboot && str_eq(booted, s->to), is_old = is_untouched(s);
    /* It was to start with the old one, and did not: what a second start would not mend. */
    bool again = is_new && s->phase == SWITCH_ROLLING_BACK && !state_is_of_this_boot(s);
    struct err e = {0};
    int r = decide_back(s, why);
    if (r >= 0 && (r = manager_stop(ACTIVATE_SERVICE, &e)) < 0)
        fprintf(stderr, "%s\n", e.text);
    if (r >= 0)
        r = put_profile_back(s, again);
    stage("profile-back");
    if (r < 0)
        return r;
    if (s->reboot)
        forget_once();
    if (is_new && !again && !is_old)
        return manager_reboot(&e);
    if (!is_old && !is_somebody_elses(s))
        r = run_old(s);
    stage("old-runs");
    return r < 0 ? r : end_old(s);
}

/* What can't be done now is tried again by the unit of the timer, where that stands. */
int roll_back(struct switch_state *s, const char *why)
{
    int r = take_back(s, why);
    if (r < 0)
        (void)!manager_start(ROLLBACK_SERVICE, NULL);
    return r;
}

/* --- forward --- */

static int try_forward(struct switch_state *s, struct err *e)
{
    int r = set_profile(s->number, s->to, e);
    stage("profile-set");
    if (r >= 0)
        r = write_boot(s->to, e);
    stage("boot-written");
    return r;
}

static int go_forward(struct switch_state *s)
{
    struct err e = {0};
    for (unsigned i = 0; i < TRIES; i++) {
        if (try_forward(s, &e) >= 0)
            return end_new(s);
        fprintf(stderr, "%s\n", e.text);
        sleep(TRY_AGAIN_S);
    }
    return roll_back(s, e.text);
}

/* `ret_s` is to be freed even when it is none. */
static int load_waiting(const char *id, struct err *e, struct switch_state *ret_s)
{
    AUTO(mem_freep) char *running = system_running();
    switch_state_done(ret_s);
    int r = state_load(ret_s, e);
    if (r < 0)
        return r;
    if (r == 0 || !str_eq(ret_s->id, id) || ret_s->phase != SWITCH_WAITING)
        return err_set(e, -EINVAL, "No such switch waits to be confirmed.");
    if (!str_eq(running, ret_s->to))
        return err_set(e, -EINVAL, "Another system runs than the one that is to be confirmed.");
    return 0;
}

/* What is not to be confirmed waits for nobody. */
int confirm(const struct root_request *r)
{
    struct switch_state s = {0};
    struct err e = {0};
    AUTO(mem_freep) char *asked = mem_printf("confirm-%s", r->id);
    int status = load_waiting(r->id, &e, &s);
    if (status >= 0)
        status = state_lock(LOCK_WAIT_S, &e);
    if (status >= 0)
        status = load_waiting(r->id, &e, &s);
    if (status >= 0)
        status = state_enter(&s, SWITCH_CONFIRMING, &e);
    stage("confirming");
    if (status >= 0)
        status = go_forward(&s);
    answer(asked, status < 0 ? ROOT_REFUSED : ROOT_DONE, status < 0 ? err_text(&e, status) : "",
           NULL);
    switch_state_done(&s);
    return status;
}

/* --- whatever there is --- */

/* A timer that stands, or what it has started, sees to it. */
static bool is_seen_to(void)
{
    return manager_is_active(ROLLBACK_TIMER) || manager_is_active(ROLLBACK_SERVICE);
}

/* It started with the new system, once. Written first: who is cut off in between leaves a switch
 * that nobody sees to, which the next one takes back. */
static int begin_waiting(struct switch_state *s)
{
    struct err e = {0};
    s->until_ms = clock_wall_ms() + (int64_t)s->within_s * 1000;
    int r = state_enter(s, SWITCH_WAITING, &e);
    stage("waiting-again");
    if (r >= 0 && !is_seen_to())
        r = arm(s, s->within_s, &e);
    stage("armed-again");
    if (r < 0)
        fprintf(stderr, "%s\n", e.text);
    return r;
}

static int settle_after_boot(struct switch_state *s, bool late)
{
    AUTO(mem_freep) char *booted = system_booted();
    bool is_new = str_eq(booted, s->to);
    if (s->phase == SWITCH_CONFIRMING && is_new)
        return go_forward(s);
    if (s->reboot && is_new && !late && s->phase != SWITCH_ROLLING_BACK)
        return begin_waiting(s);
    return roll_back(s, s->reboot && is_new ? "Nobody confirmed it in time."
                        : s->reboot && s->phase == SWITCH_BOOTING
                            ? "It did not start: the machine came up with the system before."
                            : "The machine was started anew before it was confirmed.");
}

static int settle_now(struct switch_state *s, bool late)
{
    if (s->phase == SWITCH_CONFIRMING)
        return go_forward(s);
    if (s->phase == SWITCH_ROLLING_BACK || late)
        return roll_back(s, s->phase == SWITCH_ACTIVATING ? "It did not come to an end in time."
                            : s->phase == SWITCH_BOOTING
                                ? "The machine was not started anew in time."
                                : "Nobody confirmed it in time.");
    return is_seen_to() ? 0 : roll_back(s, "It was broken off.");
}

/* Of what state_load() says: 1 = there is one that is not over. */
static int only_open(int r, const struct switch_state *s)
{
    return r > 0 && switch_is_over(s->phase) ? 0 : r;
}

static int tell(int r, const struct err *e)
{
    if (r < 0 && *e->text)
        fprintf(stderr, "%s\n", e->text);
    return r < 0 ? r : 0;
}

/* What is over waits for nobody. */
int settle(bool late)
{
    struct switch_state s = {0};
    struct err e = {0};
    int r = only_open(state_load(&s, &e), &s);
    bool is_damaged = state_is_nonsense(r);
    switch_state_done(&s);
    if (r <= 0 && !is_damaged)
        return r < 0 || late ? tell(r, &e) : finish_collect();
    r = state_lock(LOCK_WAIT_S, &e);
    if (r >= 0)
        r = only_open(state_load_or_put_aside(&s, &e), &s); /* tried again it made no more sense */
    if (r > 0)
        r = state_is_of_this_boot(&s) ? settle_now(&s, late) : settle_after_boot(&s, late);
    switch_state_done(&s);
    return tell(r, &e);
}

/* `test` starts what the active targets want, and waits for it: this waits for nothing, and leaves
 * the work to a unit that no target wants. */
int settle_at_boot(void)
{
    AUTO(mem_freep) char *self = rooted_real("", "/proc/self/exe");
    const char *const argv[] = {self, "settle", NULL};
    struct switch_state s = {0};
    struct err e = {0};
    int r = only_open(state_load(&s, &e), &s);
    bool is_cut_off = r > 0    ? !state_is_of_this_boot(&s)
                      : r == 0 ? collect_is_cut_off()
                               : state_is_nonsense(r);
    if (is_cut_off && !manager_is_active(SETTLE_SERVICE))
        r = manager_run(&(struct transient){.name = SETTLE_SERVICE,
                                            .description = "Hydra: end of what a restart "
                                                           "of the machine cut off",
                                            .argv = argv,
                                            .again = true},
                        &e);
    switch_state_done(&s);
    return tell(r, &e);
}

/* --- the end of `test` --- */

/* systemd.exec(5): $EXIT_CODE is "exited" with a number in $EXIT_STATUS, or a signal ended it. */
static int read_exit(void)
{
    const char *code = getenv("EXIT_CODE"), *status = getenv("EXIT_STATUS");
    uint64_t n;
    return str_eq(code, "exited") && status && str_to_u64(status, &n) == 0 && n < 256 ? (int)n : -1;
}

static int note_end(struct switch_state *s, struct err *e)
{
    int code = read_exit();
    s->exit_code = code;
    if (code == 0 || code == SWITCH_PARTLY)
        return state_enter(s, SWITCH_WAITING, e);
    AUTO(mem_freep)
    char *why = code < 0 ? mem_strdup("It was ended by force while it was activated.")
                         : mem_printf("It could not be activated (exit code %d).", code);
    mem_set_str(&s->text, why);
    int r = state_save(s, e);
    return r < 0 ? r : manager_start(ROLLBACK_SERVICE, e);
}

/* Who takes the way back waits for this, and holds the lock: nothing is to be done then. */
int activated(void)
{
    struct switch_state s = {0};
    struct err e = {0};
    int r = state_load(&s, &e);
    stage("activated");
    if (r > 0 && s.phase == SWITCH_ACTIVATING) {
        switch_state_done(&s);
        r = state_lock(NOTE_WAIT_S, &e);
        if (r >= 0)
            r = state_load(&s, &e);
        if (r > 0 && s.phase == SWITCH_ACTIVATING)
            r = note_end(&s, &e);
    }
    stage("activation-noted");
    if (r < 0)
        fprintf(stderr, "%s\n", e.text);
    switch_state_done(&s);
    return r;
}
