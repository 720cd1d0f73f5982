/* Wakes another machine: the magic packet (AMD's white paper 20213), as a broadcast into each
 * network that this one is in. Whether anybody hears it nobody tells. */
#include "node/commands-private.h"
#include "node/magic-packet.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAKE_MS = 30000, WAKE_PORT = 9, TIMES = 3, LIMIT_MACS = 16 };

struct wake {
    unsigned char macs[LIMIT_MACS][MAC_BYTES];
    size_t n_macs;
    struct sockaddr_in to; /* port 0 = every network of this machine */
    unsigned sent;
    int error; /* of the last that could not be sent */
};

static void send_to(struct wake *k, int fd, const struct sockaddr_in *to)
{
    unsigned char packet[MAGIC_BYTES];
    for (size_t i = 0; i < k->n_macs; i++) {
        magic_packet(k->macs[i], packet);
        for (unsigned t = 0; t < TIMES; t++) {
            if (sendto(fd, packet, sizeof packet, 0, (const struct sockaddr *)to, sizeof *to) < 0)
                k->error = errno;
            else
                k->sent++;
        }
    }
}

static bool is_network(const struct ifaddrs *a)
{
    return a->ifa_addr && a->ifa_addr->sa_family == AF_INET && (a->ifa_flags & IFF_UP) &&
           (a->ifa_flags & IFF_BROADCAST) && a->ifa_broadaddr;
}

static void send_everywhere(struct wake *k, int fd)
{
    struct ifaddrs *all;
    if (getifaddrs(&all) < 0) {
        k->error = errno;
        return;
    }
    for (const struct ifaddrs *a = all; a; a = a->ifa_next) {
        if (!is_network(a))
            continue;
        struct sockaddr_in to = *(const struct sockaddr_in *)a->ifa_broadaddr;
        to.sin_port = htons(WAKE_PORT);
        send_to(k, fd, &to);
    }
    freeifaddrs(all);
}

static void send_all(struct wake *k)
{
    int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        k->error = errno;
        return;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0)
        k->error = errno;
    else if (k->to.sin_port)
        send_to(k, fd, &k->to);
    else
        send_everywhere(k, fd);
    close(fd);
}

/* "MAC,MAC" or "MAC@ADDRESS:PORT". */
static bool read_target(const char *target, struct wake *k)
{
    char address[INET_ADDRSTRLEN + 8];
    struct str_list macs = {0};
    const char *at = strchr(target, '@');
    AUTO(mem_freep) char *list = at ? mem_strndup(target, (size_t)(at - target)) : NULL;
    bool good = true;
    str_list_split(&macs, list ? list : target, ',');
    for (size_t i = 0; good && i < macs.n; i++)
        good = k->n_macs < LIMIT_MACS && mac_parse(macs.v[i], k->macs[k->n_macs++]) == 0;
    good = good && macs.n > 0;
    str_list_done(&macs);
    if (!good || !at)
        return good;
    char *colon = str_copy(address, sizeof address, at + 1) ? strrchr(address, ':') : NULL;
    uint64_t port = 0;
    if (!colon || str_to_u64(colon + 1, &port) < 0 || port < 1 || port > UINT16_MAX)
        return false;
    *colon = 0;
    k->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, address, &k->to.sin_addr) == 1;
}

static void start(struct action *a)
{
    struct wake k = {0};
    if (!read_target(a->command.target, &k)) {
        action_end(a, OUTCOME_FAILED, NULL,
                   "That is no address of a network card: aa:bb:cc:dd:ee:ff, several with commas.");
        return;
    }
    send_all(&k);
    if (k.sent)
        action_end(a, OUTCOME_DONE, NULL,
                   "The packet that wakes it was sent to %zu network card%s. It reports when it is "
                   "up; if it stays away, look whether its firmware allows wake on LAN.",
                   k.n_macs, k.n_macs == 1 ? "" : "s");
    else if (k.error)
        action_end(a, OUTCOME_FAILED, NULL, "The packet that wakes it could not be sent: %s.",
                   strerror(k.error));
    else
        action_end(a, OUTCOME_FAILED, NULL,
                   "This node is in no network that takes broadcasts: nothing was sent.");
}

static void stop(struct action *a)
{
    (void)a;
}

const struct action_ops wake_action = {
    .deadline_ms = WAKE_MS, .late = "It could not be sent.", .start = start, .stop = stop};
