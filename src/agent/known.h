/* What a hub that knows nothing must be told: the last of everything that lasts. A link that comes
 * up begins with it. Kept as the messages that say it. Not thread-safe. */
#pragma once

#include "base/map.h"
#include "node/report.h"

struct known {
    struct str facts, policy;
    struct map services; /* id → struct known_service */
    struct map sources;  /* name → struct known_source */
    VEC(struct series_def) series;
};

enum known_news {
    KNOWN_SAME,    /* nothing that was not known */
    KNOWN_FIRST,   /* seen for the first time */
    KNOWN_CHANGED, /* it was otherwise before */
};

/* Zero-initialise. */
void known_done(struct known *k);

/* Remembers facts, the policy, a service, one that is gone, a source; `message` is the report as
 * FromAgent. */
enum known_news known_take(struct known *k, const struct node_report *r, const struct str *message);

/* Takes the definitions out of `d`, which is freed. */
void known_series(struct known *k, struct series_defs *d);

/* The services as they were told last, in no order; what is shown lives as long as the call. */
void known_each_service(const struct known *k, void (*each)(void *arg, const struct observed *o),
                        void *arg);

/* Everything but series, as messages, in the order in which they must arrive. */
void known_tell(const struct known *k, void (*tell)(void *arg, const char *bytes, size_t len),
                void *arg);
