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
