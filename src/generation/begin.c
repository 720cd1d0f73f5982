/* From an order to a switch that runs, in the order that README.md tells. */
#include "generation/generation.h"

#include "base/clock.h"
#include "node/nix-store.h"
#include "node/rooted.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SETTLE_MARGIN_S = 600,
    PLAN_WAIT_S = 30, /* for somebody's plan, before a switch */
};

/* Where it goes, and from where. */
struct goal {
    const struct root_request *r;
    unsigned number; /* 0 = what was built */
    char *to, *from;
    unsigned from_number; /* 0 = it is no generation */
    struct str plan;      /* what the new system says that it will do */
};

static void goal_done(struct goal *g)
{
    mem_free(g->to);
    mem_free(g->from);
    str_done(&g->plan);
}

static int refuse(const struct root_request *r, const struct err *e, const char *output)
{
    answer(r->id, ROOT_REFUSED, e->text, output);
    return e->code;
}

/* --- where to --- */

static int find_generation(struct goal *g, struct err *e)
{
    struct generations l = {0};
    const struct generation *to = NULL;
    char word[16] = "previous";
    if (g->r->generation)
        snprintf(word, sizeof word, "%u", g->r->generation);
    int r = generations_read("", e, &l);
    if (r >= 0)
        r = generations_pick(&l, word, e, &to);
    if (r >= 0 && to->current && to->running)
        r = err_set(e, -EALREADY, "Generation %u runs already: nothing was done.", to->number);
    if (r >= 0) {
        g->number = to->number;
        g->to = mem_strdup(to->path);
    }
    generations_done(&l);
    return r;
}

/* The generation that runs: of several the current one, or the newest. */
static unsigned number_of_running(void)
{
    struct generations l = {0};
    unsigned number = 0;
    if (generations_read("", NULL, &l) >= 0)
        for (size_t i = 0; i < l.n; i++)
            if (l.v[i].running && (!number || l.v[i].current))
                number = l.v[i].number;
    generations_done(&l);
    return number;
}

static int find_running(struct goal *g, struct err *e)
{
    g->from = system_running();
    if (!g->from || !nix_is_store_path(g->from))
        return err_set(e, -ENOENT,
                       "It can't be told what this machine runs: /run/current-system leads to "
                       "nothing in the store.");
    if (!nix_is_store_path(g->to))
        return err_set(e, -EINVAL, "%.200s is no system in the store.", g->to);
    g->from_number = number_of_running();
    return g->from_number
               ? 0
               : err_set(e, -ENOENT,
                         "What this machine runs is no generation, so it could not start with it "
                         "again: run nixos-rebuild switch on the node, for that or another one.");
}

/* `nixos-rebuild boot` leaves another one there, maybe the new one: until that is confirmed the
 * machine starts with what runs. */
static int start_with_running(const struct goal *g, struct err *e)
{
    AUTO(mem_freep) char *profile = rooted_real("", NIX_SYSTEM_PROFILE);
    return str_eq(profile, g->from) ? 0 : make_default(g->from_number, g->from, e);
}

/* --- is it whole --- */

static int check_paths(const struct str_list *paths, struct err *e)
{
    struct stat st;
    for (size_t i = 0; i < paths->n; i++)
        if (lstat(paths->v[i], &st) < 0)
            return err_set(e, -ENOENT,
                           "%.200s is missing in the store, though it is part of it: run nix-store "
                           "--verify --check-contents --repair on the node.",
                           paths->v[i]);
    return 0;
}

static int realise(const struct goal *g, struct err *e)
{
    AUTO(str_list_done) struct str_list closure = {0};
    AUTO(str_done) struct str text = {0};
    const char *const arguments[] = {"--realise", g->to, NULL};
    int r = root_path(ROOT_TO, g->to, e);
    if (r >= 0)
        r = root_path(ROOT_FROM, g->from, e);
    if (r >= 0)
        r = nix_run("", "nix-store", arguments, REALISE_MS, e, &text);
    if (r >= 0)
        r = nix_closure("", (const char *const *)&g->to, 1, e, &closure);
    return r < 0 ? r : check_paths(&closure, e);
}

/* --- what it would do --- */

static int plan(struct goal *g, struct err *e)
{
    int r = run_switch(g->to, "dry-activate", DRY_RUN_MS, e, &g->plan);
    if (r > 0)
        return err_set(e, -EIO,
                       "The system can't say what it would do (dry-activate, exit code %d).", r);
    return r;
}

static int check_kernel(const struct goal *g, struct err *e)
{
    AUTO(mem_freep) char *why = nix_needs_reboot("", g->to);
    if (!why || g->r->reboot)
        return 0;
    return err_set(e, -EKEYREJECTED, "%s Switch with a reboot.", why);
}

/* A system without us could not be brought back. */
static int check_reboot(const struct goal *g, struct err *e)
{
    if (!g->r->reboot)
        return 0;
    AUTO(mem_freep)
    char *unit = mem_printf("%s/etc/systemd/system/hydra-generation-boot.service", g->to);
    AUTO(mem_freep) char *there = rooted_real("", unit);
    AUTO(mem_freep) char *bootctl = nix_program("bootctl");
    if (!g->number)
        return err_set(e, -EOPNOTSUPP,
                       "What was built is no generation yet, so the boot loader does not know it.");
    if (!there)
        return err_set(e, -EOPNOTSUPP,
                       "That generation is without Hydra's agent, or has an older one: after a "
                       "reboot nobody would be there to go back.");
    return bootctl ? 0
                   : err_set(e, -EOPNOTSUPP,
                             "This machine does not start with systemd-boot: no other boot loader "
                             "can start a generation once. Use nixos-rebuild boot on the node.");
}

/* --- the way back, then the switch --- */

int arm(const struct switch_state *s, unsigned seconds, struct err *e)
{
    AUTO(mem_freep) char *self = rooted_real("", "/proc/self/exe");
    AUTO(mem_freep)
    char *what = mem_printf("Hydra: back to %s unless it is confirmed", strrchr(s->from, '/') + 1);
    const char *const argv[] = {self, "own", "late", NULL};
    return manager_arm(
        ROLLBACK_TIMER, seconds,
        &(struct transient){
            .name = ROLLBACK_SERVICE, .description = what, .argv = argv, .again = true},
        e);
}

static int activate(struct switch_state *s, struct err *e)
{
    AUTO(mem_freep) char *self = rooted_real("", "/proc/self/exe");
    AUTO(mem_freep) char *program = mem_printf("%s/bin/switch-to-configuration", s->to);
    AUTO(mem_freep) char *asked = s->number ? mem_printf("%u", s->number) : mem_strdup("built");
    AUTO(mem_freep) char *what = mem_printf("Hydra: switch to generation %s", asked);
    const char *const argv[] = {program, "test", NULL};
    const char *const after[] = {self, "own", "activated", NULL};
    int r = state_enter(s, SWITCH_ACTIVATING, e);
    stage("activating");
    if (r >= 0)
        r = manager_run(&(struct transient){.name = ACTIVATE_SERVICE,
                                            .description = what,
                                            .argv = argv,
                                            .stop = after,
                                            .output = ACTIVATE_LOG},
                        e);
    stage("activation-started");
    return r;
}

static int boot_once(struct switch_state *s, struct err *e)
{
    AUTO(mem_freep) char *bootctl = nix_program("bootctl");
    AUTO(mem_freep) char *entry = mem_printf("nixos-generation-%u.conf", s->number);
    AUTO(str_done) struct str said = {0};
    int r = state_enter(s, SWITCH_BOOTING, e);
    stage("booting");
    if (r >= 0)
        r = run_said((const char *const[]){bootctl, "set-oneshot", entry, NULL}, BOOT_MS, e, &said);
    if (r > 0)
        r = err_set(e, -EIO, "The boot loader does not take generation %u: %.200s", s->number,
                    str_trim(said.p ? said.p : (char[]){0}));
    stage("boot-set");
    return r < 0 ? r : manager_reboot(e);
}

static void describe(const struct goal *g, struct switch_state *s)
{
    *s = (struct switch_state){.phase = SWITCH_ARMED,
                               .reboot = g->r->reboot,
                               .number = g->number,
                               .from_number = g->from_number,
                               .within_s = g->r->within_s,
                               .exit_code = -1,
                               .until_ms = clock_wall_ms() + (int64_t)g->r->within_s * 1000,
                               .from = mem_strdup(g->from),
                               .to = mem_strdup(g->to),
                               .text = mem_strdup("")};
    str_copy(s->id, sizeof s->id, g->r->id);
}

/* What is left of one that is over, and would stand in the way of the names. */
static int clear_units(struct err *e)
{
    static const char *const units[] = {ROLLBACK_TIMER, ROLLBACK_SERVICE, ACTIVATE_SERVICE};
    int r = 0;
    for (size_t i = 0; r >= 0 && i < COUNT_OF(units); i++)
        r = manager_stop(units[i], e);
    return r;
}

/* From the first write on what fails is settled as everything else is. */
static int carry_out(const struct goal *g, struct err *e)
{
    struct switch_state s;
    describe(g, &s);
    int r = state_save(&s, e);
    stage("state-written");
    if (r >= 0)
        r = arm(&s, s.reboot ? s.within_s + SETTLE_MARGIN_S : s.within_s, e);
    stage("armed");
    if (r >= 0)
        r = s.reboot ? boot_once(&s, e) : activate(&s, e);
    if (r < 0)
        (void)!roll_back(&s, e->text);
    switch_state_done(&s);
    return r;
}

static int check_over(bool is_locked, struct err *e)
{
    struct switch_state s = {0};
    int r = is_locked ? state_load_or_put_aside(&s, e) : state_load(&s, e);
    if (r < 0 && !is_locked && state_is_nonsense(r))
        return 0; /* to be put aside once it is certain that nobody writes it */
    if (r < 0)
        return r;
    if (r > 0 && !switch_is_over(s.phase))
        r = err_set(e, -EBUSY, "A switch is under way (%s): wait until it is over.",
                    switch_phase_step(s.phase));
    switch_state_done(&s);
    return r < 0 ? r : 0;
}

/* Nothing may be under way, ours or anybody's; nor does anything begin until this ends. */
static int lock_free(unsigned wait_s, struct err *e)
{
    int r = check_over(false, e);
    if (r >= 0)
        r = state_lock(wait_s, e);
    stage("locked");
    if (r >= 0)
        r = check_over(true, e);
    if (r >= 0 && switch_is_locked())
        r = err_set(e, -EBUSY, "Somebody switches this machine right now (nixos-rebuild?).");
    return r;
}

static int go(struct goal *g, struct err *e)
{
    int r = find_running(g, e);
    if (r >= 0)
        r = realise(g, e);
    stage("realised");
    if (r >= 0)
        r = plan(g, e);
    stage("planned");
    if (r >= 0)
        r = check_kernel(g, e);
    if (r >= 0)
        r = check_reboot(g, e);
    if (r >= 0)
        r = clear_units(e);
    if (r >= 0)
        r = start_with_running(g, e);
    if (r < 0)
        return r;
    answer(g->r->id, ROOT_RUNNING, "", str_text(&g->plan));
    return carry_out(g, e);
}

static int end(struct goal *g, int r, const struct err *e)
{
    const char *said = str_text(&g->plan);
    if (r < 0)
        answer(g->r->id, r == -EIO ? ROOT_FAILED : ROOT_REFUSED, err_text(e, r), said);
    else
        answer(g->r->id, ROOT_DONE, "", said);
    goal_done(g);
    return r;
}

int begin_switch(const struct root_request *r)
{
    struct goal g = {.r = r};
    struct err e = {0};
    int status = lock_free(PLAN_WAIT_S, &e);
    if (status >= 0)
        status = find_generation(&g, &e);
    if (status >= 0)
        status = go(&g, &e);
    return end(&g, status, &e);
}

int begin_plan(const struct root_request *r)
{
    struct goal g = {.r = r};
    struct err e = {0};
    int status = lock_free(0, &e);
    if (status >= 0)
        status = find_generation(&g, &e);
    if (status == -EALREADY)
        status = 0, g.to = system_running();
    if (status >= 0)
        status = plan(&g, &e);
    return end(&g, status, &e);
}

/* --- a flake --- */

/* "FLAKE#HOST": without a host this machine's own name. */
static char *attribute_of(const char *flake)
{
    char host[256] = "";
    const char *hash = strchr(flake, '#');
    int n = hash ? (int)(hash - flake) : (int)strlen(flake);
    (void)gethostname(host, sizeof host - 1);
    const char *name = hash ? hash + 1 : host;
    if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "_.-")])
        return NULL;
    return mem_printf("%.*s#nixosConfigurations.\"%s\".config.system.build.toplevel", n, flake,
                      name);
}

static int build(struct goal *g, const char *flake, struct err *e)
{
    AUTO(mem_freep) char *nix = nix_program("nix");
    AUTO(mem_freep) char *attribute = attribute_of(flake);
    if (!nix)
        return err_set(e, -ENOPKG, "Nix is not installed on this machine.");
    if (!attribute)
        return err_set(e, -EINVAL, "What stands behind # in %.200s is no host's name.", flake);
    const char *const argv[] = {nix,
                                "--extra-experimental-features",
                                "nix-command flakes",
                                "build",
                                "--refresh",
                                "--print-build-logs",
                                "--out-link",
                                ROOT_BUILT,
                                attribute,
                                NULL};
    int r = run_said(argv, BUILD_MS, e, &g->plan);
    if (r > 0)
        return err_set(e, -EIO, "The build failed: what it said last stands below.");
    if (r == 0)
        g->to = rooted_real("", ROOT_BUILT);
    return r == 0 && !g->to ? err_set(e, -EIO, "The build left nothing.") : r;
}

int begin_rebuild(const struct root_request *r)
{
    struct goal g = {.r = r};
    struct err e = {0};
    AUTO(policy_freep) struct policy *p = policy_load(POLICY_USUAL_PATH, false);
    const char *flake = flake_find(p, r->hash);
    if (!flake) {
        err_set(&e, -EACCES, "The policy of this node names no such flake.");
        return refuse(r, &e, NULL);
    }
    int status = lock_free(PLAN_WAIT_S, &e);
    if (status >= 0)
        status = build(&g, flake, &e);
    stage("built");
    if (status >= 0)
        status = go(&g, &e);
    return end(&g, status, &e);
}
