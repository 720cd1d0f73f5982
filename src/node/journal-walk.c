#include "node/journal-walk.h"

enum { PREFETCH = 8 }; /* entries ahead */

static bool is_through(bool newer, const struct journal_list *l, uint64_t next)
{
    return newer ? next >= l->n : next == 0;
}

/* Offset of the entry that comes after `ahead` others; 0 = there is none. */
static uint64_t offset_at(const struct journal_file *f, bool newer, const struct journal_list *l,
                          uint64_t next, uint64_t ahead)
{
    if (is_through(newer, l, next) || ahead >= (newer ? l->n - next : next))
        return 0;
    return journal_list_at(f, l, newer ? next + ahead : next - 1 - ahead);
}

static uint64_t after(bool newer, uint64_t next, uint64_t n)
{
    return newer ? next + n : next - n;
}

/* Goes along a list until nothing sooner than `offset` is left: in strides that double, then back
 * by halves. */
static uint64_t catch_up(const struct journal_file *f, bool newer, const struct journal_list *l,
                         uint64_t next, uint64_t offset)
{
    uint64_t stride = 1, here;
    while ((here = offset_at(f, newer, l, next, stride - 1)) &&
           journal_is_sooner(newer, here, offset)) {
        next = after(newer, next, stride);
        stride *= 2;
    }
    while (stride /= 2)
        if ((here = offset_at(f, newer, l, next, stride - 1)) &&
            journal_is_sooner(newer, here, offset))
            next = after(newer, next, stride);
    return next;
}

/* To the next entry that both lists have. */
static void settle(const struct journal_file *f, struct journal_walk *w)
{
    while ((w->head = offset_at(f, w->newer, w->list, w->next, 0)) && w->also) {
        w->also_next = catch_up(f, w->newer, w->also, w->also_next, w->head);
        uint64_t other = offset_at(f, w->newer, w->also, w->also_next, 0);
        if (other == w->head)
            return;
        w->next = other      ? catch_up(f, w->newer, w->list, w->next, other)
                  : w->newer ? w->list->n
                             : 0;
    }
}

void journal_walk_step(const struct journal_file *f, struct journal_walk *w)
{
    uint64_t soon = w->also ? 0 : offset_at(f, w->newer, w->list, w->next, PREFETCH);
    if (soon)
        journal_file_expect(f, soon);
    w->next = after(w->newer, w->next, 1);
    settle(f, w);
}

/* Entries of a list that lie before the offset: entries are appended. */
static uint64_t count_below(const struct journal_file *f, const struct journal_list *l,
                            uint64_t offset)
{
    uint64_t low = 0, high = l->n;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (journal_list_at(f, l, middle) < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void journal_walk_begin(const struct journal_file *f, struct journal_walk *w, bool newer,
                        uint64_t offset)
{
    w->newer = newer;
    w->next = count_below(f, w->list, offset);
    w->also_next = w->also ? count_below(f, w->also, offset) : 0;
    settle(f, w);
}
