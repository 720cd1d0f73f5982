/* A cluster with a clock that stands still until told, what it told outside, and its JSON read. */
#pragma once

#include "../test.h"

#include "base/json.h"
#include "cluster/model.h"
#include "demo/fixture.h"

struct rig {
    struct event_log *log;
    struct cluster *c;
    struct cluster_now now;
    struct fixture fixture;
    struct str_list feed; /* "severity kind text" */
    struct str checks;    /* of the last order, one line each: "service kind target interval" */
    unsigned n_orders, n_remembered;
};

struct rig *rig_new(void);
void rig_free(struct rig *r);
void rig_line(struct rig *r, const char *line); /* fails the test when the line is bad */
void rig_file(struct rig *r, const char *name); /* below TEST_DATA */
void rig_after(struct rig *r, int64_t ms);      /* that much later, a tick each second */
json_t *rig_json(struct buf *b);                /* takes `b`; the caller decrefs */
enum service_state rig_state(struct rig *r, const char *service);
const char *rig_reason(struct rig *r, const char *service);
bool rig_said(const struct rig *r, const char *text); /* some feed entry contains it */
const char *rig_sentence(struct rig *r);
