/* Between action-update.c (a new container is made) and action-swap.c (it takes the old one's
 * place). */
#pragma once

#include "node/action-engine.h"
#include "node/image-pull.h"

struct update {
    struct action *a;
    struct talk talk;
    char old[DOCKER_ID_SIZE], new[DOCKER_ID_SIZE]; /* containers; "" = none yet */
    char *name, *image, *image_id;
    bool was_running;
    json_t *inspect, *old_image; /* of the old container */
    struct pull pull;
    size_t networks;               /* further ones that are connected */
    int64_t started_ms, steady_ms; /* mono: of the new one, and since when it runs */
    char steady[40];               /* its start that `steady_ms` counts from */
    struct container_state state;
    char *failure, *output; /* why the old one is put back; what the new one said */
};

const char *update_engine(const struct update *u); /* "Docker", "Podman" */
const char *image_id_plain(const char *image_id);  /* without "sha256:" */

/* From here on it comes to its end by itself. */
void update_stop_old(struct update *u);                 /* the new one is made: swap them */
void update_start_new(struct update *u);                /* they are swapped: see that it is well */
void update_roll_back(struct update *u, char *failure); /* why; ownership moves in */
void update_roll_back_for(struct update *u, const char *what, const struct talk_answer *answer);
