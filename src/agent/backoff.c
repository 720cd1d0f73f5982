#include "agent/backoff.h"

/* `first` doubled `times` times, at most `max`. */
static uint32_t grown(uint32_t first, unsigned times, uint32_t max)
{
    return times >= 16 || first << times > max ? max : first << times;
}

static uint32_t between(uint32_t from, uint32_t to, uint32_t chance)
{
    return from + (uint32_t)((uint64_t)chance * (to - from + 1) >> 32);
}

uint32_t backoff_failed(struct backoff *b, uint32_t chance)
{
    return between(BACKOFF_MIN_MS, grown(BACKOFF_SPAN_MS, b->failures++, BACKOFF_MAX_MS), chance);
}

uint32_t backoff_refused(struct backoff *b, uint32_t chance)
{
    uint32_t to = grown(2 * BACKOFF_REFUSED_MIN_MS, b->refusals++, BACKOFF_REFUSED_MAX_MS);
    return between(to / 2, to, chance);
}

void backoff_stood(struct backoff *b, int64_t stood_ms)
{
    if (stood_ms >= BACKOFF_STOOD_MS)
        *b = (struct backoff){0};
}
