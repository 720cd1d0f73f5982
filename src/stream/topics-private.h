/* Which entries a subscriber asked for. Pure; any thread. */
#pragma once

#include "stream/fanout.h"

#include <stdint.h>

/* FNV-1a, 64 bits, never 0. A collision shows a reader one more resource of a class it may read
 * anyway: rights are decided by permissions, never by topics. */
uint64_t event_topics_hash(const char *text);

/* The same topics, as a subscriber keeps them: the single resources only if there are any. */
struct topic_filter {
    uint32_t classes, n;
    struct topic_resource {
        uint64_t hash;
        enum event_class topic;
    } * only; /* NULL when n == 0 */
};

void topic_filter_init(struct topic_filter *f, const struct event_topics *topics);
void topic_filter_done(struct topic_filter *f);
bool topic_filter_has_resource(const struct topic_filter *f, enum event_class topic,
                               uint64_t resource);

static inline bool topic_filter_has(const struct topic_filter *f, enum event_class topic,
                                    uint64_t resource)
{
    return (f->classes >> topic & 1) || (f->n && topic_filter_has_resource(f, topic, resource));
}
