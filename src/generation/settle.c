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
static int set_profile(const struct switch_state *s, struct err *e)
{
    AUTO(mem_freep) char *link = mem_printf("%s-%u-link", NIX_SYSTEM_PROFILE, s->number);
    AUTO(mem_freep) char *there = s->number ? rooted_real("", link) : NULL;
    AUTO(mem_freep) char *now = rooted_real("", NIX_SYSTEM_PROFILE);
    if (str_eq(now, s->to))
        return 0;
    return str_eq(there, s->to) ? set_number(s->number, e) : run_profile("--set", s->to, e);
}

static int write_boot(const char *system, struct err *e)
{
    AUTO(str_done) struct str said = {0};
    int r = run_switch(system, "boot", BOOT_MS, e, &said);
    return r > 0 ? err_set(e, -EIO, "The boot loader could not be written: %.300s", str_text(&said))
                 : r;
}

/* --- the two ends --- */

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
    (void)unlink(ROOT_TO);
    (void)unlink(ROOT_FROM);
    (void)unlink(ROOT_BUILT);
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

static int decide_back(struct switch_state *s, const char *why)
{
    struct err e = {0};
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
    AUTO(mem_freep) char *running = system_running();
    return str_eq(running, s->from) ? 0 : r < 0 ? r : -EIO;
}

static int put_profile_back(const struct switch_state *s)
{
    AUTO(mem_freep) char *now = rooted_real("", NIX_SYSTEM_PROFILE);
    struct err e = {0};
    if (!str_eq(now, s->to) || !s->from_number || number_of_profile() == s->from_number)
        return 0;
    int r = set_number(s->from_number, &e);
    if (r >= 0)
        r = write_boot(s->from, &e);
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

int roll_back(struct switch_state *s, const char *why)
{
    AUTO(mem_freep) char *booted = system_booted();
    AUTO(mem_freep) char *running = system_running();
    /* Nothing of the new one was activated. */
    bool is_old = (s->reboot || !state_is_of_this_boot(s)) && str_eq(running, s->from);
    struct err e = {0};
    int r = decide_back(s, why);
    if (r >= 0 && (r = manager_stop(ACTIVATE_SERVICE, &e)) < 0)
        fprintf(stderr, "%s\n", e.text);
    if (r >= 0)
        r = put_profile_back(s);
    stage("profile-back");
    if (r < 0)
        return r;
    if (s->reboot)
        forget_once();
    if (s->reboot && str_eq(booted, s->to))
        return manager_reboot(&e);
    if (!is_old && !is_somebody_elses(s))
        r = run_old(s);
    stage("old-runs");
    return r < 0 ? r : end_old(s);
}

/* --- forward --- */

static int try_forward(struct switch_state *s, struct err *e)
{
    int r = set_profile(s, e);
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

int confirm(const struct root_request *r)
{
    struct switch_state s = {0};
    struct err e = {0};
    AUTO(mem_freep) char *asked = mem_printf("confirm-%s", r->id);
    int status = state_lock(LOCK_WAIT_S, &e);
    if (status >= 0)
        status = state_load(&s, &e);
    AUTO(mem_freep) char *running = system_running();
    if (status >= 0 && (status == 0 || !str_eq(s.id, r->id) || s.phase != SWITCH_WAITING))
        status = err_set(&e, -EINVAL, "No such switch waits to be confirmed.");
    else if (status >= 0 && !str_eq(running, s.to))
        status = err_set(&e, -EINVAL, "Another system runs than the one that is to be confirmed.");
    else if (status >= 0)
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

/* It started with the new system, once. */
static int begin_waiting(struct switch_state *s)
{
    struct err e = {0};
    s->until_ms = clock_wall_ms() + (int64_t)s->within_s * 1000;
    int r = arm(s, s->within_s, &e);
    stage("armed-again");
    if (r >= 0)
        r = state_enter(s, SWITCH_WAITING, &e);
    if (r < 0)
        fprintf(stderr, "%s\n", e.text);
    return r;
}

static int settle_after_boot(struct switch_state *s)
{
    AUTO(mem_freep) char *booted = system_booted();
    bool is_new = str_eq(booted, s->to);
    if (s->phase == SWITCH_CONFIRMING && is_new)
        return go_forward(s);
    if (s->reboot && is_new && s->phase != SWITCH_ROLLING_BACK && s->phase != SWITCH_CONFIRMING)
        return begin_waiting(s);
    return roll_back(s, s->reboot && s->phase == SWITCH_BOOTING
                            ? "It did not start: the machine came up with the system before."
                            : "The machine was started anew before it was confirmed.");
}

/* A timer that stands, or what it has started, sees to it. */
static bool is_seen_to(void)
{
    return manager_is_active(ROLLBACK_TIMER) || manager_is_active(ROLLBACK_SERVICE);
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

int settle(bool late)
{
    struct switch_state s = {0};
    struct err e = {0};
    int r = state_lock(LOCK_WAIT_S, &e);
    if (r >= 0)
        r = state_load(&s, &e);
    if (r > 0 && !switch_is_over(s.phase))
        r = state_is_of_this_boot(&s) ? settle_now(&s, late) : settle_after_boot(&s);
    if (r < 0 && *e.text)
        fprintf(stderr, "%s\n", e.text);
    switch_state_done(&s);
    return r < 0 ? r : 0;
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
