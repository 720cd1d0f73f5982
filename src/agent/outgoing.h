/* What goes to the hub, and when: live reports at once, what it missed from the spool beside them.
 *
 * A link that comes up is first told everything that lasts (known.h), then, in order, what was not
 * acknowledged. Meanwhile live reports go on at once: those that must arrive twice, once as news
 * without a number and once in their turn. A frame has a number now and then only, so that frames
 * which the hub never got are known when a link breaks. Belongs to the loop. */
#pragma once

#include "agent/spool.h"
#include "node/report.h"

struct outgoing;

struct outgoing_settings {
    struct spool *spool;
    int (*send)(void *arg, const void *bytes, size_t len); /* -ENOBUFS, -EPIPE: not taken */
    size_t (*backlog)(void *arg);                          /* bytes that have not left */
    void *arg;
};

struct known;

struct outgoing *outgoing_new(const struct outgoing_settings *s);
void outgoing_free(struct outgoing *o);
const struct known *outgoing_known(const struct outgoing *o);

void outgoing_report(struct outgoing *o, struct node_report *r); /* what it points to moves in */
void outgoing_up(struct outgoing *o);                            /* the hub has said welcome */
void outgoing_down(struct outgoing *o);                          /* the link is gone */
void outgoing_go_on(struct outgoing *o);                         /* there is room */
void outgoing_forget(struct outgoing *o); /* what was missed is none of the new hub's business */
void outgoing_acknowledge(struct outgoing *o, uint64_t sequence);
