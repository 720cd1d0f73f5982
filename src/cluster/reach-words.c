#include "cluster/reach-words.h"

static char *could_not_ask(const struct reach_side *itself, const struct reach_side *other)
{
    if (!itself->asked && (!other || !other->asked))
        return mem_printf("%s could not be asked.", itself->node);
    const struct reach_side *mute = itself->asked ? other : itself,
                            *told = itself->asked ? itself : other;
    return mem_printf("%s %s; %s could not be asked.",
                      told->result == REACH_REACHED ? "It answers" : "It does not answer",
                      told == itself ? "on its own node" : "from elsewhere", mute->node);
}

/* It answers on its node. */
static char *open_words(const char *node, const struct reach_side *other, uint16_t port,
                        bool loopback)
{
    if (!other)
        return mem_printf("It answers on %s; no other node could be asked.", node);
    if (loopback && other->result != REACH_REACHED)
        return mem_printf(
            "It answers on %s alone: it listens on loopback. To have others reach it, "
            "let it listen on 0.0.0.0.",
            node);
    switch (other->result) {
    case REACH_REACHED:
        return mem_printf("It answers, on %s itself and from %s.", node, other->node);
    case REACH_REFUSED:
        return mem_printf(
            "It answers on %s, but %s is refused: it listens on another address only, "
            "or a firewall rejects port %u.",
            node, other->node, port);
    case REACH_TIMED_OUT:
        return mem_printf("It answers on %s, but not to %s: a firewall drops what goes to port %u.",
                          node, other->node, port);
    case REACH_UNREACHABLE:
    case REACH_NOT_RESOLVED:
    case REACH_RESULTS:
        break;
    }
    return mem_printf("It answers on %s, but %s finds no way there: look at the network between "
                      "them.",
                      node, other->node);
}

char *reach_words(const struct reach_side *itself, const struct reach_side *other, uint16_t port,
                  bool loopback)
{
    if (!itself->asked || (other && !other->asked))
        return could_not_ask(itself, other);
    if (itself->result == REACH_REACHED)
        return open_words(itself->node, other, port, loopback);
    if (other && other->result == REACH_REACHED)
        return mem_printf("It answers %s, but not on %s itself: there something holds it off, such "
                          "as a firewall or the engine's way of forwarding ports.",
                          other->node, itself->node);
    if (itself->result == REACH_REFUSED)
        return mem_printf("Nobody listens on port %u of %s.", port, itself->node);
    return mem_printf(
        "It does not answer even on %s itself: it hangs, or a firewall of that machine "
        "holds off everybody.",
        itself->node);
}
