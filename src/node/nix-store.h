/* Nix's own programs, asked for what its database knows: by argument vectors, with a deadline,
 * without root where the machine runs the Nix daemon (every NixOS does). Blocks. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum {
    NIX_QUERY_MS = 60 * 1000,
    NIX_DEAD_MS = 5 * 60 * 1000, /* finding out what nobody refers to takes a walk over the store */
    LIMIT_NIX_ANSWER = 16 << 20,
};

/* Where the program is; NULL = it is not installed. mem_free(). */
char *nix_program(const char *name);

/* Runs it; what it printed. `arguments` ends with NULL. -ENOPKG (no Nix here), -EIO with its words.
 */
int nix_run(const char *root, const char *name, const char *const *arguments, uint32_t deadline_ms,
            struct err *e, struct str *ret_text) MUST_CHECK;

/* Is it the path of something in the store, and nothing else? */
bool nix_is_store_path(const char *path);

/* Everything that a path refers to, itself included, appended. */
int nix_closure(const char *root, const char *const *paths, size_t n, struct err *e,
                struct str_list *ret_paths) MUST_CHECK;
/* Their sizes, added up. */
int nix_size(const char *root, const struct str_list *paths, struct err *e,
             uint64_t *ret_bytes) MUST_CHECK;
