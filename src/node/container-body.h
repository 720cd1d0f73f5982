/* A container made anew: what POST /containers/create needs to make the same from a newer image.
 *
 * Pure. What the old image gave by default is left out, so that the new image's defaults count;
 * what a person set stays. Volumes without a name stay the container's. Engine API 1.41 … 1.51, and
 * Podman's answers, some of which it does not take back as they are. */
#pragma once

#include "base/json.h"

enum { LIMIT_ENDPOINTS = 32 };

/* `old`: GET /containers/ID/json. `image`: GET /images/ID/json of the image it was made from; NULL
 * = gone. The caller frees with mem_free(). -EINVAL when `old` makes no sense. */
int container_body(const json_t *old, const json_t *image, const char *new_image_id, bool podman,
                   struct err *e, char **ret_body) MUST_CHECK;

/* An engine takes one network at the making; further ones are connected: the i-th of those, its
 * name and body. -ENOENT after the last. */
int container_further_network(const json_t *old, size_t i, char **ret_name,
                              char **ret_body) MUST_CHECK;

/* "docker.io/library/x:1" → "docker.io/library/x", "1"; without a tag "latest". -EINVAL: an id, a
 * digest or nonsense: nothing newer can be pulled under it. */
int image_split(const char *image, char **ret_name, char **ret_tag) MUST_CHECK;

/* How far a pull is: feed it the lines of POST /images/create. */
struct pull {
    struct str line;
    struct {
        char id[16];
        int64_t done, total;
    } layers[128];
    size_t n;
    char error[256]; /* the engine's words; "" = none so far */
};
/* Returns how much is there in percent; -1 = not known yet. */
int pull_feed(struct pull *p, const char *bytes, size_t n);
void pull_done(struct pull *p);
