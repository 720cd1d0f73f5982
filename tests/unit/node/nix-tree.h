/* A small machine with generations below a folder of its own: real links, and a real store with its
 * database where Nix is installed. */
#pragma once

#include "../test.h"

#include "base/str.h"
#include "node/nix-store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct nix_tree {
    char root[64];
    struct str registry; /* of paths, for nix-store --load-db */
};

static inline void nix_tree_init(struct nix_tree *t)
{
    *t = (struct nix_tree){.root = "/tmp/hydra-nix-XXXXXX"};
    assert_non_null(mkdtemp(t->root));
}

static inline void nix_tree_done(struct nix_tree *t)
{
    AUTO(mem_freep) char *command = mem_printf("chmod -R u+w %s; rm -rf %s", t->root, t->root);
    assert_int_equal(system(command), 0);
    str_done(&t->registry);
}

/* Makes the folders above a path. */
static inline char *nix_tree_at(const struct nix_tree *t, const char *path)
{
    char *whole = mem_printf("%s%s", t->root, path);
    for (char *p = whole + strlen(t->root) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        (void)mkdir(whole, 0755);
        *p = '/';
    }
    return whole;
}

static inline void nix_tree_file(const struct nix_tree *t, const char *path, const char *text)
{
    AUTO(mem_freep) char *whole = nix_tree_at(t, path);
    FILE *f = fopen(whole, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static inline void nix_tree_link(const struct nix_tree *t, const char *path, const char *target)
{
    AUTO(mem_freep) char *whole = nix_tree_at(t, path);
    (void)unlink(whole);
    assert_int_equal(symlink(target, whole), 0);
}

/* "/nix/store/HASH-NAME" of a number. mem_free(). */
static inline char *nix_tree_path(unsigned number, const char *name)
{
    return mem_printf("/nix/store/%032u-%s", number, name);
}

/* Tells the database of a path of `size` bytes that refers to others (NULL-terminated). */
static inline void nix_tree_register(struct nix_tree *t, const char *path, unsigned size,
                                     const char *const *references)
{
    size_t n = 0;
    while (references && references[n])
        n++;
    str_addf(&t->registry, "%s\n%064d\n%u\n\n%zu\n", path, 0, size, n);
    for (size_t i = 0; i < n; i++)
        str_addf(&t->registry, "%s\n", references[i]);
}

/* False when Nix is not installed. */
static inline bool nix_tree_load(struct nix_tree *t)
{
    AUTO(mem_freep) char *program = nix_program("nix-store");
    if (!program)
        return false;
    AUTO(mem_freep)
    char *command =
        mem_printf("%s --store 'local?root=%s' --load-db 2>/dev/null", program, t->root);
    FILE *f = popen(command, "w");
    assert_non_null(f);
    fputs(str_text(&t->registry), f);
    assert_int_equal(pclose(f), 0);
    return true;
}

/* A system with a kernel, a unit file "web.service" of that text, and its generation. */
static inline char *nix_tree_system(struct nix_tree *t, unsigned number, const char *version,
                                    const char *kernel, const char *unit)
{
    AUTO(mem_freep) char *name = mem_printf("nixos-system-node-%s", version);
    char *system = nix_tree_path(number, name);
    AUTO(mem_freep) char *link = mem_printf("/nix/var/nix/profiles/system-%u-link", number);
    AUTO(mem_freep) char *label = mem_printf("%s/nixos-version", system);
    AUTO(mem_freep) char *module = mem_printf("%s/kernel-modules/lib/modules/%s/x", system, kernel);
    AUTO(mem_freep) char *service = mem_printf("%s/etc/systemd/system/web.service", system);
    nix_tree_file(t, label, version);
    nix_tree_file(t, module, "");
    nix_tree_file(t, service, unit);
    nix_tree_link(t, link, system);
    return system;
}
