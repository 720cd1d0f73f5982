/* The generations of a NixOS machine: what /nix/var/nix/profiles holds, read without root and
 * without the profile's lock (`nix-env --list-generations` takes it). Any thread; reads files only.
 */
#pragma once

#include "base/json.h"
#include "base/vec.h"

#define NIX_PROFILES "/nix/var/nix/profiles"
#define NIX_SYSTEM_PROFILE "/nix/var/nix/profiles/system"

enum {
    LIMIT_GENERATIONS = 1000,
    LIMIT_SPECIALISATIONS = 64,
    LIMIT_NIX_NAME = 256, /* bytes of what a generation says of itself */
};

struct generation {
    unsigned number;
    int64_t date_ms; /* when it was made */
    char *path;      /* "/nix/store/…-nixos-system-…" */
    char *version;   /* "25.11.20251120.abcdef"; "" = it does not say */
    char *kernel;    /* "6.12.58"; "" */
    char *revision;  /* of its configuration; NULL = it was not kept */
    struct str_list specialisations;
    bool current; /* the one that starts next time */
    bool booted;  /* the one that this machine was started with */
    bool running; /* the one whose services run now */
};

struct generations {
    struct generation *v; /* newest first */
    size_t n, cap;
};

/* `root` as of rooted.h. -EOPNOTSUPP with a sentence: this is no NixOS. */
int generations_read(const char *root, struct err *e, struct generations *ret_list) MUST_CHECK;
void generations_done(struct generations *l);

const struct generation *generations_find(const struct generations *l, unsigned number);
/* By what people say: "42", "current", "booted", "running", "previous" (to the current one).
 * -EINVAL, -ENOENT with a sentence. */
int generations_pick(const struct generations *l, const char *word, struct err *e,
                     const struct generation **ret_g) MUST_CHECK;

/* The members of its object. */
void generation_print(const struct generation *g, struct jw *w);

/* What a system of its own says, without being a generation: "" when nothing. mem_free(). */
char *nix_kernel_of(const char *root, const char *toplevel);
char *nix_version_of(const char *root, const char *toplevel);
/* Why a running machine can't go there without a reboot: another kernel, or a driver that programs
 * have to fit. NULL = it can. mem_free(). */
char *nix_needs_reboot(const char *root, const char *toplevel);
