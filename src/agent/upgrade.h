/* A newer program in the place of this one, on the hub's order.
 *
 *   1. It is fetched on a call of its own into PROGRAM.new, and is the hub's: signed by a key that
 * is pinned, of the size and hash that the signature covers. It must start here and say its
 *      version.
 *   2. This process lets go of everything and runs it as a child, on trial: it links to the hub as
 *      this node, and the hub says whether it understands it.
 *   3. When it does, PROGRAM.new is renamed to PROGRAM: until then the old one is what the machine
 *      starts with, from then on the new one, whatever happens in between. PROGRAM.old stays.
 *      Else, or after the time for it, the old one goes on.
 *
 * Belongs to the loop, but for upgrade_try(). */
#pragma once

#include "agent/identity.h"
#include "agent/uplink.h"
#include "node/node.h"

#include "agent.pb-c.h"

enum {
    LIMIT_PROGRAM = 32 << 20, /* bytes */
    PROGRAM_CREDIT = 8,       /* pieces under way */
    UPGRADE_OBSTACLE_SIZE = 256,
};

/* Why this program can't be replaced from the hub, and how else it is upgraded; NULL = it can. */
const char *upgrade_obstacle(char ret_text[UPGRADE_OBSTACLE_SIZE]);

struct upgrade;

struct upgrade_settings {
    struct loop *loop;
    const struct identity *identity;
};

struct upgrade *upgrade_new(const struct upgrade_settings *s);
void upgrade_end(struct upgrade *u); /* before the loop is freed; then only upgrade_try() */
void upgrade_free(struct upgrade *u);
/* What the node is to be made with; it and the link are told once they are there. */
struct node_upgrader upgrade_hooks(struct upgrade *u);
void upgrade_attach(struct upgrade *u, struct node *node, struct uplink *uplink);

bool upgrade_is_trial(const struct upgrade *u);                 /* this program is on trial */
void upgrade_confirmed(struct upgrade *u, const char *version); /* the hub understands it */
void upgrade_down(struct upgrade *u); /* the link is gone, and all calls with it */

/* The loop was stopped because a new program is to be tried. */
bool upgrade_is_ready(const struct upgrade *u);
/* With nothing open any more: tries it, and becomes the one or the other. Returns an exit code when
 * it was told to end, or neither could be started. */
int upgrade_try(const struct upgrade *u, uint32_t trial_ms);

/* Only a newer one than our `own` is taken, else whoever holds a hub could bring back what was
 * mended long ago. -EINVAL, -EALREADY. */
int upgrade_check_version(const char *version, const char *own, struct err *e) MUST_CHECK;
/* The text that a hub signs. The caller frees. */
char *upgrade_signed_text(const char *version, const char *arch, uint64_t size,
                          const unsigned char sha256[32]);
/* -EKEYREJECTED, -EBADMSG: it is not what was asked for, or not the hub's. */
int upgrade_check_manifest(const Hydra__Agent__V1__ProgramManifest *m, const char *version,
                           const char *arch, const struct pins *pins, struct err *e) MUST_CHECK;
