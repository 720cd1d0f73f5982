#include "node/systemd-private.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { MESSAGES_PER_TURN = 512 };

struct bus {
    sd_bus *sd;
    uv_poll_t *poll;
    uv_timer_t *timer;
    struct bus_events events;
    bool lost;
};

static void update(struct bus *b);

static void lose(struct bus *b, int error)
{
    if (b->lost)
        return;
    b->lost = true;
    uv_poll_stop(b->poll);
    uv_timer_stop(b->timer);
    b->events.on_lost(b->events.arg, error);
}

static void process(struct bus *b)
{
    int r = 0;
    for (int i = 0; i < MESSAGES_PER_TURN && !b->lost; i++)
        if ((r = sd_bus_process(b->sd, NULL)) <= 0)
            break;
    if (r < 0) {
        lose(b, r);
        return;
    }
    b->events.on_idle(b->events.arg);
    if (!b->lost)
        update(b);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    process(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    process(timer->data);
}

/* What the bus waits for, told to the loop. */
static void update(struct bus *b)
{
    uint64_t until = UINT64_MAX;
    int events = sd_bus_get_events(b->sd), r = sd_bus_get_timeout(b->sd, &until);
    if (events < 0 || r < 0) {
        lose(b, events < 0 ? events : r);
        return;
    }
    uv_poll_start(b->poll,
                  (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0),
                  on_poll);
    if (until == UINT64_MAX) {
        uv_timer_stop(b->timer);
        return;
    }
    uint64_t now = uv_hrtime() / 1000;
    uv_timer_start(b->timer, on_timer, until > now ? (until - now + 999) / 1000 : 0, 0);
}

void bus_flush(struct bus *b)
{
    if (!b->lost)
        update(b);
}

sd_bus *bus_sd(struct bus *b)
{
    return b->sd;
}

/* --- addresses --- */

static const char private_socket[] = "/run/systemd/private";

static const char *choose_address(const char *given)
{
    const char *env = getenv("DBUS_SYSTEM_BUS_ADDRESS");
    if (given)
        return given;
    if (env && *env)
        return env;
    if (access("/run/dbus/system_bus_socket", F_OK) < 0 && access(private_socket, F_OK) == 0)
        return "unix:path=/run/systemd/private";
    return "unix:path=/run/dbus/system_bus_socket";
}

/* systemd's private socket speaks D-Bus, but there is no bus behind it. */
static bool is_bus(const char *address)
{
    return !str_ends(address, "/systemd/private");
}

/* No socket: known without the library, whose pages stay out of memory where there is no systemd.
 */
static int look_for(const char *address)
{
    const char *path = str_starts(address, "unix:path=") ? address + strlen("unix:path=") : NULL;
    if (!path || strpbrk(path, ",;%")) /* more than one address, or an odd one */
        return 0;
    return access(path, F_OK) < 0 ? -errno : 0;
}

static int connect_sd(const char *address, sd_bus **ret_sd)
{
    sd_bus *sd = NULL;
    int r = look_for(address);
    if (r >= 0)
        r = sd_bus_new(&sd);
    if (r >= 0)
        r = sd_bus_set_address(sd, address);
    if (r >= 0)
        r = sd_bus_set_bus_client(sd, is_bus(address));
    if (r >= 0)
        r = sd_bus_start(sd);
    if (r < 0) {
        sd_bus_unref(sd);
        return r;
    }
    *ret_sd = sd;
    return 0;
}

int bus_open(struct loop *loop, const char *address, const struct bus_events *events,
             struct bus **ret_bus)
{
    sd_bus *sd;
    int r = connect_sd(choose_address(address), &sd);
    if (r < 0)
        return r;
    int fd = sd_bus_get_fd(sd);
    if (fd < 0) {
        sd_bus_close_unref(sd);
        return fd;
    }
    struct bus *b = mem_alloc(sizeof *b);
    b->sd = sd;
    b->events = *events;
    b->poll = mem_alloc(sizeof *b->poll);
    b->timer = mem_alloc(sizeof *b->timer);
    b->poll->data = b->timer->data = b;
    uv_poll_init(loop_uv(loop), b->poll, fd);
    uv_timer_init(loop_uv(loop), b->timer);
    *ret_bus = b;
    return 0;
}

static void on_closed(uv_handle_t *h)
{
    mem_free(h);
}

void bus_free(struct bus *b)
{
    if (!b)
        return;
    b->lost = true;
    uv_poll_stop(b->poll);
    uv_close((uv_handle_t *)b->poll, on_closed);
    uv_close((uv_handle_t *)b->timer, on_closed);
    sd_bus_close_unref(b->sd);
    mem_free(b);
}
