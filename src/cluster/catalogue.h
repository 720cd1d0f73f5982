/* The integrations catalogue: what is known about third-party services, one file each in
 * integrations/, compiled into a table at build time (embed-catalogue.py).
 *
 * An image, a process name or a unit name is strong evidence of what a service is; a name alone is
 * weak (good for group and icon, not for an identity check); a port is none. Pure. */
#pragma once

#include "node/report.h"

/* Lists end with NULL (ports: 0); an absent list is NULL. */
struct integration {
    const char *id, *name, *group, *icon;
    const char *const *images;    /* repository paths: no registry host, "library/", tag, digest */
    const char *const *processes; /* names of native processes */
    const char *const *units;     /* unit names without ".service"; globs */
    const char *const *names;     /* other names people give its container; globs */
    const uint16_t *ports;        /* its own, the main one first */
    bool web;                     /* a person can open it in a browser */
    bool database;                /* a new version may change its files for good */
    const char *health_path, *health_status, *health_body; /* NULL = none */
};

extern const struct integration integrations[];
extern const size_t integrations_n;

/* Which one a service is; NULL when none. *ret_strong tells how sure that is. */
const struct integration *catalogue_find(const struct observed *o, bool *ret_strong);
const struct integration *catalogue_by_id(const char *id);

/* "ghcr.io/Foo/bar:1.2@sha256:…" to "foo/bar". Returns `ret`. */
enum { IMAGE_PATH_SIZE = 256 };
char *catalogue_image_path(const char *image, char ret[IMAGE_PATH_SIZE]);

/* Does a service that listens on `port` do so where this kind of service is expected? */
bool catalogue_has_port(const struct integration *i, uint16_t port);
