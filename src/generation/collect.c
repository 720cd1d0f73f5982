/* Old generations, and what nothing refers to any more. */
#include "generation/generation.h"

#include "base/clock.h"
#include "base/vec.h"
#include "node/nix-garbage.h"
#include "node/nix-store.h"
#include "node/rooted.h"

#include <stdio.h>
#include <unistd.h>

/* There while the menu of the boot loader may list what is gone. */
#define RENEW_BOOT SWITCH_FOLDER "/renew-boot"

static void find_old(const struct generations *l, unsigned days, struct str_list *numbers)
{
    int64_t now = clock_wall_ms();
    for (size_t i = 0; i < l->n; i++)
        if (garbage_is_old(&l->v[i], days, now))
            str_list_take(numbers, mem_printf("%u", l->v[i].number));
}

static int run_delete(const struct str_list *numbers, struct err *e)
{
    AUTO(mem_freep) char *nix_env = nix_program("nix-env");
    AUTO(str_done) struct str said = {0};
    VEC(const char *) argv = {0};
    if (!nix_env)
        return err_set(e, -ENOPKG, "Nix is not installed on this machine.");
    const char *const head[] = {nix_env, "--profile", NIX_SYSTEM_PROFILE, "--delete-generations"};
    for (size_t i = 0; i < COUNT_OF(head); i++)
        *vec_add(&argv) = head[i];
    for (size_t i = 0; i < numbers->n; i++)
        *vec_add(&argv) = numbers->v[i];
    *vec_add(&argv) = NULL;
    int r = run_said(argv.v, BOOT_MS, e, &said);
    vec_done(&argv);
    return r > 0 ? err_set(e, -EIO, "nix-env failed: %.300s", str_text(&said)) : r;
}

static int delete_generations(const struct str_list *numbers, struct err *e)
{
    int r = numbers->n ? switch_write_file(RENEW_BOOT, &(struct str){0}, e) : 0;
    if (r >= 0 && numbers->n)
        r = run_delete(numbers, e);
    stage("collected");
    return r;
}

bool collect_is_cut_off(void)
{
    return access(RENEW_BOOT, F_OK) == 0;
}

static int renew_boot(struct err *e)
{
    if (!collect_is_cut_off())
        return 0;
    AUTO(mem_freep) char *system = rooted_real("", NIX_SYSTEM_PROFILE);
    AUTO(str_done) struct str said = {0};
    int r = system ? run_switch(system, "boot", BOOT_MS, e, &said) : -ENOENT;
    if (r == 0)
        (void)unlink(RENEW_BOOT);
    return r > 0 ? err_set(e, -EIO, "The boot loader could not be written: %.300s", str_text(&said))
                 : r;
}

static int sweep(struct err *e, struct str *ret_said)
{
    AUTO(mem_freep) char *nix_store = nix_program("nix-store");
    if (!nix_store)
        return err_set(e, -ENOPKG, "Nix is not installed on this machine.");
    int r = run_said((const char *const[]){nix_store, "--gc", NULL}, COLLECT_MS, e, ret_said);
    return r > 0 ? err_set(e, -EIO, "nix-store --gc failed: %.300s", str_text(ret_said)) : r;
}

/* "12 store paths deleted, 3.40 MiB freed" is the last line. */
static const char *last_line(struct str *said)
{
    if (!said->p)
        return "";
    str_trim(said->p);
    const char *end = strrchr(said->p, '\n');
    return end ? end + 1 : said->p;
}

static int check_idle(struct err *e)
{
    struct switch_state s = {0};
    int r = state_load(&s, e);
    if (r > 0 && !switch_is_over(s.phase))
        r = err_set(e, -EBUSY, "A switch is under way: clean up when it is over.");
    switch_state_done(&s);
    return r;
}

int finish_collect(void)
{
    struct err e = {0};
    int r = collect_is_cut_off() ? state_lock(0, &e) : 0;
    if (r >= 0)
        r = check_idle(&e);
    if (r >= 0)
        r = renew_boot(&e);
    if (r < 0)
        fprintf(stderr, "%s\n", err_text(&e, r));
    return r < 0 ? r : 0;
}

int collect(const struct root_request *r)
{
    struct generations l = {0};
    AUTO(str_list_done) struct str_list numbers = {0};
    AUTO(str_done) struct str said = {0};
    struct err e = {0};
    int status = state_lock(0, &e);
    if (status >= 0)
        status = check_idle(&e);
    if (status >= 0)
        status = generations_read("", &e, &l);
    if (status < 0) {
        answer(r->id, ROOT_REFUSED, err_text(&e, status), NULL);
        return status;
    }
    forget_roots();
    find_old(&l, r->days, &numbers);
    generations_done(&l);
    status = delete_generations(&numbers, &e);
    if (status >= 0)
        status = renew_boot(&e);
    if (status >= 0)
        status = sweep(&e, &said);
    AUTO(mem_freep)
    char *text = mem_printf("%zu generation%s removed; %s.", numbers.n, numbers.n == 1 ? "" : "s",
                            last_line(&said));
    answer(r->id, status < 0 ? ROOT_FAILED : ROOT_DONE, status < 0 ? err_text(&e, status) : text,
           NULL);
    return status;
}
