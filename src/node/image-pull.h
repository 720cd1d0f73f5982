/* Images: their names, and how far a pull is. Pure. */
#pragma once

#include "base/json.h"

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
