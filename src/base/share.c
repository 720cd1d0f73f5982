#include "base/share.h"

bool share_take(struct share *s, unsigned at_once, int64_t each_ms, int64_t now_ms)
{
    int64_t free = (now_ms - s->at_ms) / each_ms;
    s->at_ms += free * each_ms;
    s->used = free >= s->used ? 0 : s->used - (unsigned)free;
    if (s->used >= at_once)
        return false;
    s->used++;
    return true;
}
