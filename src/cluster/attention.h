/* What needs attention: one item per trouble, worst first. Private to the folder. */
#pragma once

#include "cluster/model.h"

enum attention_rank { RANK_BAD, RANK_WARN, RANK_INFO };

struct attention {
    enum attention_rank rank;
    char *id;                  /* stable while the trouble lasts: "service:debian/docker/redis" */
    char *title;               /* "redis on debian is down" */
    char *text, *cause, *hint; /* cause and hint may be NULL */
    const struct live_service *service; /* may be NULL */
    const struct live_node *node;       /* may be NULL */
    char *mount;                        /* that does not answer; NULL */
    int64_t since_ms;                   /* 0 = since it was first seen here */
    bool can_check;
};

struct attention_list {
    VEC(struct attention) v;
};

/* A new item; the caller fills text, cause and hint. */
struct attention *attention_add(struct attention_list *l, enum attention_rank rank, char *id,
                                char *title);

/* --- attention-node.c: filesystems, memory, GPUs, silence, reboot, sources --- */
void attention_of_node(struct attention_list *l, struct live_node *n, struct cluster_now now);
