/* faulty-wire: a network cable with faults between this network namespace and that of a process.
 *
 *   faulty-wire PID HERE THERE     e.g. faulty-wire 4711 10.81.0.1 10.81.0.2
 *
 * Makes a device "wire" on both sides, with these addresses, and carries packets between them. Each
 * line of stdin changes what it does to them, and is answered with "ok":
 *
 *   whole           nothing: as at the start
 *   loss PERCENT    drops so many, both ways
 *   delay MS        carries each so much later, both ways
 *   cut             drops all
 *   mute here       drops what is sent from here; what comes from there arrives (half-open)
 *   mute there
 *
 * What netem does, for kernels without it. Ends with stdin. Needs CAP_NET_ADMIN and /dev/net/tun.
 */
#include "base/clock.h"
#include "base/str.h"
#include "base/vec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PACKET_MAX = 2048, QUEUE_MAX = 20000 };

enum side { HERE, THERE };

struct packet {
    int64_t due_ms;
    size_t len;
    char bytes[PACKET_MAX];
};

/* The packets that are on their way from a side; all are as slow as each other. */
struct way {
    VEC(struct packet *) v;
    bool mute;
};

static struct {
    int tun[2];
    struct way from[2];
    unsigned loss_percent;
    int64_t delay_ms;
} wire;

static void die(const char *what)
{
    fprintf(stderr, "faulty-wire: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- the devices --- */

static void set_address(const char *address)
{
    struct ifreq r = {.ifr_name = "wire"};
    struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    a->sin_family = AF_INET;
    if (s < 0 || inet_pton(AF_INET, address, &a->sin_addr) != 1 || ioctl(s, SIOCSIFADDR, &r) < 0)
        die(address);
    inet_pton(AF_INET, "255.255.255.0", &a->sin_addr);
    if (ioctl(s, SIOCSIFNETMASK, &r) < 0 || ioctl(s, SIOCGIFFLAGS, &r) < 0)
        die("netmask");
    r.ifr_flags = (short)(r.ifr_flags | IFF_UP);
    if (ioctl(s, SIOCSIFFLAGS, &r) < 0)
        die("up");
    close(s);
}

static int make_device(const char *address)
{
    struct ifreq r = {.ifr_name = "wire", .ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
        die("/dev/net/tun");
    set_address(address);
    return fd;
}

static void enter_network(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
        die(path);
    close(fd);
}

/* --- packets --- */

static bool is_dropped(enum side from)
{
    return wire.from[from].mute || wire.from[from].v.n >= QUEUE_MAX ||
           (unsigned)(rand() % 100) < wire.loss_percent;
}

static void take(enum side from)
{
    struct packet *p = mem_alloc(sizeof *p);
    ssize_t n = read(wire.tun[from], p->bytes, sizeof p->bytes);
    if (n <= 0 || is_dropped(from)) {
        mem_free(p);
        return;
    }
    p->len = (size_t)n;
    p->due_ms = clock_mono_ms() + wire.delay_ms;
    *vec_add(&wire.from[from].v) = p;
}

static void hand_on(enum side from, int64_t now)
{
    struct way *w = &wire.from[from];
    size_t n = 0;
    for (; n < w->v.n && w->v.v[n]->due_ms <= now; n++) {
        struct packet *p = w->v.v[n];
        if (!w->mute && write(wire.tun[!from], p->bytes, p->len) < 0 && errno != EAGAIN)
            fprintf(stderr, "faulty-wire: a packet was lost: %s\n", strerror(errno));
        mem_free(p);
    }
    if (n)
        memmove(w->v.v, w->v.v + n, (w->v.n - n) * sizeof *w->v.v);
    w->v.n -= n;
}

static int next_due(int64_t now)
{
    int64_t ms = -1;
    for (int s = HERE; s <= THERE; s++) {
        const struct way *w = &wire.from[s];
        if (w->v.n && (ms < 0 || w->v.v[0]->due_ms - now < ms))
            ms = w->v.v[0]->due_ms - now;
    }
    return ms < 0 && ms != -1 ? 0 : (int)ms;
}

/* --- orders --- */

static void obey(char *line)
{
    unsigned n;
    line[strcspn(line, "\n")] = 0;
    if (str_eq(line, "whole")) {
        wire.loss_percent = 0;
        wire.delay_ms = 0;
        wire.from[HERE].mute = wire.from[THERE].mute = false;
    } else if (str_eq(line, "cut")) {
        wire.from[HERE].mute = wire.from[THERE].mute = true;
    } else if (str_eq(line, "mute here")) {
        wire.from[HERE].mute = true;
    } else if (str_eq(line, "mute there")) {
        wire.from[THERE].mute = true;
    } else if (sscanf(line, "loss %u", &n) == 1) {
        wire.loss_percent = n;
    } else if (sscanf(line, "delay %u", &n) == 1) {
        wire.delay_ms = n;
    } else {
        errno = EINVAL;
        die(line);
    }
    puts("ok");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char path[64], line[128];
    if (argc != 4) {
        fprintf(stderr, "faulty-wire PID HERE THERE\n");
        return 2;
    }
    snprintf(path, sizeof path, "/proc/%s/ns/net", argv[1]);
    wire.tun[HERE] = make_device(argv[2]);
    enter_network(path);
    wire.tun[THERE] = make_device(argv[3]);
    puts("ok");
    fflush(stdout);
    for (;;) {
        struct pollfd p[3] = {
            {wire.tun[HERE], POLLIN, 0}, {wire.tun[THERE], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        poll(p, 3, next_due(clock_mono_ms()));
        for (int s = HERE; s <= THERE; s++) {
            if (p[s].revents)
                take((enum side)s);
            hand_on((enum side)s, clock_mono_ms());
        }
        if (p[2].revents) {
            if (!fgets(line, sizeof line, stdin))
                return 0;
            obey(line);
        }
    }
}
