/* A node that is played: recorded reports, numbers that walk on from the recorded ones, commands
 * that are done in appearance.
 *
 * What is recorded are the lines of fixture.h; times in them are moved to the present. Belongs to a
 * loop. */
#pragma once

#include "demo/fixture.h"
#include "io/loop.h"

struct player;

struct player_settings {
    struct loop *loop;
    const char *node;
    /* Ownership of what `r` points to moves. */
    void (*report)(void *arg, struct node_report *r);
    void (*reboot)(void *arg); /* the node goes away for a while */
    void *arg;
};

struct player *player_new(const struct player_settings *s);
void player_free(struct player *p);

/* One report of the node: from now on it is so. Frames say where the numbers stand, and two in a
 * row how they run. */
void player_take(struct player *p, struct node_report *r);
/* Plays a service again as it was taken first. */
void player_restore(struct player *p, const char *service);

void player_checks(struct player *p, const struct check_spec *specs, size_t n);
void player_command(struct player *p, const struct command *c);
void player_query(struct player *p, const char *id);
