/* What changed from one system to another: packages of their closures, units of systemd. Any
 * thread. */
#pragma once

#include "base/json.h"

enum { LIMIT_CLOSURE = 60000, LIMIT_UNIT_FILE = 64 << 10 };

/* "/nix/store/HASH-NAME-VERSION[-OUTPUT]" as Nix itself reads it: the version begins behind the
 * first dash that no letter follows. False when there is none: a file of the configuration. */
bool nix_split_name(const char *path, char **ret_name, char **ret_version);

/* Members "packages" {added, removed, changed, rebuilt}, of two closures. */
void nix_print_packages(const struct str_list *from, const struct str_list *to, struct jw *w);

/* Member "units" {added, removed, changed}: etc/systemd/system of two systems, by what is in their
 * files. */
void nix_print_units(const char *root, const char *from, const char *to, struct jw *w);
