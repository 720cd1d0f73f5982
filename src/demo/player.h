/* A node that is played: recorded reports, numbers that walk on from the recorded ones, a scenery
 * (tests/data/home-cluster/demo/NODE.json) for what was not recorded, and logs that are made as
 * they are read. Commands and questions are answered as a real node would, and what a command does
 * shows in everything else.
 *
 * What is recorded are the lines of fixture.h; times in them are moved to the present. Belongs to a
 * loop. */
#pragma once

#include "base/json.h"
#include "demo/fixture.h"
#include "demo/lines.h"
#include "io/loop.h"
#include "node/inspect.h"
#include "node/power.h"
#include "node/reach.h"

struct player;

struct player_settings {
    struct loop *loop;
    const char *node;
    const json_t *scenery;     /* the caller's; outlives the player, as do the lines */
    const struct lines *lines; /* NULL: nothing is written */
    /* Ownership of what `r` points to moves. */
    void (*report)(void *arg, struct node_report *r);
    /* The machine is off from now on: for so long, or (0) until it is woken. The player sleeps
     * until player_wake(). */
    void (*away)(void *arg, unsigned seconds);
    /* A packet that wakes another machine; "aa:bb:…,cc:dd:…". */
    void (*wake)(void *arg, const char *macs);
    /* Another machine by its controller: is it on? And switch it. */
    bool (*is_on)(void *arg, const char *node);
    void (*power)(void *arg, const char *node, enum power_word word);
    /* What it meets at another machine, by name or address; port 0: is it on? NOT_RESOLVED: none is
     * called so. */
    enum reach_result (*reach)(void *arg, const char *host, uint16_t port);
    void *arg;
};

struct player *player_new(const struct player_settings *s);
/* Once everything recorded was taken: tells what was in the minutes before, as an agent that comes
 * back tells what its hub missed. */
void player_begin(struct player *p);
void player_free(struct player *p);

/* One report of the node: from now on it is so. Frames say where the numbers stand, and two in a
 * row how they run. */
void player_take(struct player *p, struct node_report *r);

void player_checks(struct player *p, const struct check_spec *specs, size_t n);
void player_command(struct player *p, const struct command *c);
void player_query(struct player *p, const char *id);
void player_inspect(struct player *p, uint64_t id, const struct inspection *q, inspect_fn *done,
                    void *arg);
struct log_reader;
void player_logs(struct player *p, struct log_reader *r);

/* --- what the script does --- */

/* The machine is switched off; it comes back with another start. */
void player_sleep(struct player *p);
void player_wake(struct player *p);
bool player_is_called(const struct player *p, const char *host); /* by name or address */
/* Does anything there take connections to the port? */
bool player_listens(struct player *p, uint16_t port, bool from_itself);
bool player_has_mac(const struct player *p, const char *macs);

/* A rebuild whose new system breaks `unit`: it fails again and again while that system runs. */
void player_rebuild(struct player *p, const char *unit);
/* Somebody on the node takes it back; nothing when that was done. */
void player_repair(struct player *p);

/* The engine's store fills up, or is cleared (also by a prune). */
void player_fill_docker(struct player *p, bool full);
/* A network file system that hangs, and is there again. */
void player_hang_mount(struct player *p, bool hangs);
void player_set_number(struct player *p, const char *series, double value);
