/* Between the files of a player. */
#pragma once

#include "base/map.h"
#include "demo/diary.h"
#include "demo/figures.h"
#include "demo/player.h"
#include "demo/systems.h"
#include "node/policy.h"

/* A service: as it is now, and as it was taken first. */
struct played {
    struct observed *now, *first;
    const json_t *cast; /* of the scenery: what it uses, its processes; NULL = not told */
    int pid;            /* of its first process */
    struct diary *diary;
    struct shelf shelf;
};

struct player {
    struct player_settings settings;
    struct map services; /* of struct played */
    VEC(struct played *) gone;
    struct figures *figures;
    struct node_facts *facts; /* told anew after a start */
    struct map gpus;          /* of load.c: how a GPU stands while it is used */
    unsigned tick;
    VEC(struct check_spec) checks;
    struct map outcomes; /* of struct command_outcome: how commands ended */
    struct policy *policy;
    struct act *acts;
    struct readers *readers;
    struct systems *systems; /* NULL = no NixOS */
    struct str_list killed;  /* processes that are gone: "PID:START" */
    struct diary *kernel;
    struct shelf journal; /* of a machine with systemd */
    unsigned n_diaries;
    int64_t first_us; /* since when there are logs */
    int next_pid;
    char *broken; /* a unit that can't run now; NULL = none */
    bool docker_full, hangs, asleep;
    unsigned docker_clean;   /* bits of the kinds that were pruned since */
    unsigned journal_kept;   /* files of the journal that a vacuum left; 0 = there was none */
    struct str_list emptied; /* containers whose logs were */
    int64_t hangs_since_ms;
    struct loop_timer *timer;
};

enum { PLAYER_TICK_MS = 1000 };

/* --- player-facts.c --- */
void player_move_time(int64_t *ms); /* from when it was recorded to now; 0 stays */
void player_tell_facts(struct player *p);
void player_take_facts(struct player *p, struct node_facts *f); /* takes `f` */
void player_drop_facts(struct player *p);

/* --- player-checks.c --- */
void player_tick_checks(struct player *p);
void player_drop_checks(struct player *p);

/* --- player.c --- */
void player_tell(struct player *p, struct node_report r);
struct played *player_find(struct player *p, const char *id);
void player_tell_service(struct player *p, const struct played *s);
/* It ends, because it was told to; or it failed. */
void player_stop(struct player *p, struct played *s);
void player_fail(struct player *p, struct played *s);
void player_start(struct player *p, struct played *s);
void player_pause(struct player *p, struct played *s, bool paused);
void player_drop(struct player *p, struct played *s);
bool player_is_broken(const struct player *p, const char *id);
/* What the person at the node does: into the hub's audit log. */
void player_tell_local(struct player *p, const char *verb, const char *target, const char *text);
void player_note_kernel(struct player *p, enum line_level level, const char *text);
/* A member of the scenery; NULL when it has none. */
const json_t *player_scenery(const struct player *p, const char *key);

/* --- load.c: what services use --- */
void load_define(struct player *p); /* series of services and of processors */
void load_follow(struct player *p); /* who runs and who does not */
void load_done(struct player *p);

/* --- cast.c: processes --- */
struct cast_process {
    int pid, parent;
    const char *user, *name, *command, *service;
    double cpu;
    uint64_t memory, gpu_memory;
    unsigned threads;
    int64_t started_ms;
    uint64_t start_ticks;
    bool kernel;
};
struct cast {
    VEC(struct cast_process) v; /* parents before children; texts are the player's */
};
void cast_read(struct player *p, struct cast *ret_cast);
void cast_tell(struct player *p); /* the table of the top ones */
void cast_print(struct player *p, struct jw *w);

/* --- network.c --- */
void network_print_ports(struct player *p, uint16_t wanted, struct jw *w); /* 0 = all */
void network_print_reach(struct player *p, const struct reach_order *o, struct jw *w);

/* --- act.c --- */
void acts_free(struct player *p);

/* --- readers.c --- */
struct readers;
struct readers *readers_new(void);
void readers_free(struct readers *r); /* ends them */

/* --- docker.c --- */
void docker_print(struct player *p, struct jw *w);
/* Removes what words of docker.prune name; appends counts and bytes. */
void docker_prune(struct player *p, const char *words, struct str *text, struct str *output);
void docker_follow(struct player *p); /* the file system that it lies on */
bool docker_is_full(const struct player *p);

/* --- log-usage.c --- */
void logs_print(struct player *p, struct jw *w);
/* Appends what was won, without the full stop. */
void logs_vacuum(struct player *p, const struct vacuum *v, struct str *text);
uint64_t logs_empty(struct player *p, const struct played *s); /* bytes won */
