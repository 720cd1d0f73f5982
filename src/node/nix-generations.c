#include "node/nix-generations.h"

#include "node/rooted.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LIMIT_VERSION_SCRIPT = 16 << 10, LIMIT_PROFILE_NAMES = 4096 };

/* --- what a system says of itself --- */

char *nix_version_of(const char *root, const char *toplevel)
{
    AUTO(mem_freep) char *path = mem_printf("%s/nixos-version", toplevel);
    struct str text = {0};
    if (rooted_read(root, path, LIMIT_NIX_NAME, &text) < 0)
        return mem_strdup("");
    str_mend_utf8(text.p);
    str_trim(text.p);
    return str_take(&text);
}

/* The folder of its modules is named after its release. */
char *nix_kernel_of(const char *root, const char *toplevel)
{
    AUTO(mem_freep) char *path = mem_printf("%s/kernel-modules/lib/modules", toplevel);
    AUTO(str_list_done) struct str_list names = {0};
    if (rooted_list(root, path, 1, &names) < 0 || !names.n)
        return mem_strdup("");
    return str_mend_utf8(mem_strndup(names.v[0], LIMIT_NIX_NAME));
}

/* sw/bin/nixos-version is a script that carries its answer to --json. It is read, not run. */
static char *revision_of(const char *root, const char *toplevel)
{
    static const char key[] = "\"configurationRevision\":";
    AUTO(mem_freep) char *path = mem_printf("%s/sw/bin/nixos-version", toplevel);
    AUTO(str_done) struct str text = {0};
    if (rooted_read(root, path, LIMIT_VERSION_SCRIPT, &text) < 0)
        return NULL;
    const char *at = strstr(text.p, key);
    if (!at)
        return NULL;
    at += strlen(key);
    at += strspn(at, " \"");
    size_t n = strcspn(at, "\"\n\\");
    if (n == 0 || n > LIMIT_NIX_NAME || at[n] != '"')
        return NULL;
    return str_mend_utf8(mem_strndup(at, n));
}

static void read_system(const char *root, struct generation *g)
{
    AUTO(mem_freep) char *special = mem_printf("%s/specialisation", g->path);
    g->version = nix_version_of(root, g->path);
    g->kernel = nix_kernel_of(root, g->path);
    g->revision = revision_of(root, g->path);
    (void)!rooted_list(root, special, LIMIT_SPECIALISATIONS, &g->specialisations);
    for (size_t i = 0; i < g->specialisations.n; i++)
        str_mend_utf8(g->specialisations.v[i]);
}

/* --- does it take a reboot --- */

/* Modules that user space has to fit: "nvidia.ko", maybe packed. */
static char *find_module(const char *root, const char *toplevel, const char *name)
{
    static const char *const folders[] = {"misc", "extra", "updates", "kernel/drivers/video",
                                          "kernel/drivers/char/drm"};
    static const char *const endings[] = {".ko", ".ko.xz", ".ko.zst", ".ko.gz"};
    AUTO(mem_freep) char *kernel = nix_kernel_of(root, toplevel);
    for (size_t i = 0; i < COUNT_OF(folders); i++)
        for (size_t k = 0; k < COUNT_OF(endings); k++) {
            AUTO(mem_freep)
            char *path = mem_printf("%s/kernel-modules/lib/modules/%s/%s/%s%s", toplevel, kernel,
                                    folders[i], name, endings[k]);
            char *real = rooted_real(root, path);
            if (real)
                return real;
        }
    return NULL;
}

static bool same_place(const char *root, const char *a, const char *b, const char *what)
{
    AUTO(mem_freep) char *in_a = mem_printf("%s/%s", a, what);
    AUTO(mem_freep) char *in_b = mem_printf("%s/%s", b, what);
    AUTO(mem_freep) char *real_a = rooted_real(root, in_a);
    AUTO(mem_freep) char *real_b = rooted_real(root, in_b);
    return real_a && real_b ? str_eq(real_a, real_b) : !real_a && !real_b;
}

char *nix_needs_reboot(const char *root, const char *toplevel)
{
    static const char booted[] = "/run/booted-system";
    AUTO(mem_freep) char *there = rooted_real(root, booted);
    if (!there)
        return NULL;
    AUTO(mem_freep) char *old = nix_kernel_of(root, booted);
    AUTO(mem_freep) char *new = nix_kernel_of(root, toplevel);
    if (!str_eq(old, new))
        return mem_printf("It has another kernel (%s) than the one that runs (%s).", new, old);
    if (!same_place(root, booted, toplevel, "kernel"))
        return mem_printf("It has another build of the kernel %s than the one that runs.", new);
    AUTO(mem_freep) char *old_nvidia = find_module(root, booted, "nvidia");
    AUTO(mem_freep) char *new_nvidia = find_module(root, toplevel, "nvidia");
    if (old_nvidia && !str_eq(old_nvidia, new_nvidia))
        return mem_strdup("It has another NVIDIA driver than the one that runs: until a reboot no "
                          "program could use the card.");
    return NULL;
}

/* --- which there are --- */

/* "system-42-link": 42; 0 = it is none. */
static unsigned number_of(const char *name)
{
    uint64_t n;
    if (!str_starts(name, "system-") || !str_ends(name, "-link") ||
        strlen(name) < strlen("system-0-link"))
        return 0;
    AUTO(mem_freep)
    char *digits =
        mem_strndup(name + strlen("system-"), strlen(name) - strlen("system-") - strlen("-link"));
    return str_to_u64(digits, &n) < 0 || n > INT32_MAX ? 0 : (unsigned)n;
}

static int64_t date_of(const char *root, const char *link)
{
    struct stat st;
    int fd = rooted_open(root, link, O_PATH | O_NOFOLLOW);
    bool known = fd >= 0 && fstat(fd, &st) == 0;
    if (fd >= 0)
        close(fd);
    return known ? (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 : 0;
}

static void generation_done(struct generation *g)
{
    mem_free(g->path);
    mem_free(g->version);
    mem_free(g->kernel);
    mem_free(g->revision);
    str_list_done(&g->specialisations);
}

void generations_done(struct generations *l)
{
    for (size_t i = 0; i < l->n; i++)
        generation_done(&l->v[i]);
    vec_done(l);
}

static int by_number(const void *a, const void *b)
{
    unsigned x = ((const struct generation *)a)->number;
    unsigned y = ((const struct generation *)b)->number;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* A link that leads nowhere is a generation that is being deleted. */
static void add(const char *root, const char *name, struct generations *l)
{
    unsigned number = number_of(name);
    AUTO(mem_freep) char *link = mem_printf("%s/%s", NIX_PROFILES, name);
    char *path = number ? rooted_real(root, link) : NULL;
    if (path)
        *(struct generation *)vec_add(l) =
            (struct generation){.number = number, .path = path, .date_ms = date_of(root, link)};
}

/* "system" is a link to "system-42-link". */
static unsigned current_number(const char *root)
{
    char target[LIMIT_NIX_NAME] = "";
    int fd = rooted_open(root, NIX_SYSTEM_PROFILE, O_PATH | O_NOFOLLOW);
    ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target - 1);
    if (fd >= 0)
        close(fd);
    target[n < 0 ? 0 : n] = 0;
    const char *slash = strrchr(target, '/');
    return number_of(slash ? slash + 1 : target);
}

static void mark(const char *root, struct generations *l)
{
    unsigned current = current_number(root);
    AUTO(mem_freep) char *booted = rooted_real(root, "/run/booted-system");
    AUTO(mem_freep) char *running = rooted_real(root, "/run/current-system");
    for (size_t i = 0; i < l->n; i++) {
        struct generation *g = &l->v[i];
        g->current = g->number == current;
        g->booted = booted && str_eq(booted, g->path);
        g->running = running && str_eq(running, g->path);
    }
}

int generations_read(const char *root, struct err *e, struct generations *ret_list)
{
    struct generations l = {0};
    AUTO(str_list_done) struct str_list names = {0};
    int r = rooted_list(root, NIX_PROFILES, LIMIT_PROFILE_NAMES, &names);
    for (size_t i = 0; r >= 0 && i < names.n; i++)
        add(root, names.v[i], &l);
    if (!l.n) {
        vec_done(&l);
        return r == -EACCES ? err_set(e, r, "%s can't be read by the agent's user.", NIX_PROFILES)
                            : err_set(e, -EOPNOTSUPP,
                                      "This machine has no generations: it does not run NixOS.");
    }
    qsort(l.v, l.n, sizeof *l.v, by_number);
    for (; l.n > LIMIT_GENERATIONS; l.n--)
        generation_done(&l.v[l.n - 1]);
    for (size_t i = 0; i < l.n; i++)
        read_system(root, &l.v[i]);
    mark(root, &l);
    *ret_list = l;
    return 0;
}

/* --- which is meant --- */

const struct generation *generations_find(const struct generations *l, unsigned number)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].number == number)
            return &l->v[i];
    return NULL;
}

static const struct generation *find_word(const struct generations *l, const char *word)
{
    bool after = false;
    for (size_t i = 0; i < l->n; i++) {
        const struct generation *g = &l->v[i];
        if ((g->current && str_eq(word, "current")) || (g->booted && str_eq(word, "booted")) ||
            (g->running && str_eq(word, "running")) || (after && str_eq(word, "previous")))
            return g;
        after = after || g->current;
    }
    return NULL;
}

int generations_pick(const struct generations *l, const char *word, struct err *e,
                     const struct generation **ret_g)
{
    static const char *const words[] = {"current", "booted", "running", "previous"};
    uint64_t number;
    bool known = str_to_u64(word, &number) == 0 && number > 0 && number <= INT32_MAX;
    const struct generation *g = known ? generations_find(l, (unsigned)number) : NULL;
    for (size_t i = 0; i < COUNT_OF(words) && !known; i++)
        if (str_eq(word, words[i])) {
            known = true;
            g = find_word(l, word);
        }
    if (!known)
        return err_set(e, -EINVAL, "\"%.60s\" is no generation: say its number, such as 42.", word);
    if (!g)
        return err_set(e, -ENOENT, "There is no generation %s on this machine: look at the list.",
                       word);
    *ret_g = g;
    return 0;
}

/* --- printing --- */

void generation_print(const struct generation *g, struct jw *w)
{
    jw_key_uint(w, "number", g->number);
    jw_key_time(w, "date", g->date_ms);
    jw_key_str(w, "version", g->version);
    jw_key_str(w, "kernel", g->kernel);
    jw_key_str(w, "revision", g->revision);
    jw_key_str(w, "path", g->path);
    jw_key_strs(w, "specialisations", &g->specialisations);
    jw_key_bool(w, "current", g->current);
    jw_key_bool(w, "booted", g->booted);
    jw_key_bool(w, "running", g->running);
}
