/* Services of /etc/rc.d: the script is run with one word, and what came of it is seen by the
 * program itself. What the script says goes nowhere: a daemon that it leaves behind would hold its
 * output open. */
#include "base/clock.h"
#include "node/commands-private.h"
#include "node/rcd.h"

enum { RCD_MS = 5 * 60000, SHOWS_MS = 15000, LOOK_MS = 250 };

/* Lives until its handle is closed. */
struct script {
    uv_process_t process;
    struct rcd_action *of; /* NULL = let go of */
};

struct rcd_action {
    struct action *a;
    struct script *script; /* NULL = it has ended */
    struct loop_timer *pause;
    int64_t ended_ms;
};

static const char *word_of(enum command_verb v)
{
    return v == COMMAND_UNIT_START     ? "start"
           : v == COMMAND_UNIT_STOP    ? "stop"
           : v == COMMAND_UNIT_RESTART ? "restart"
                                       : NULL;
}

static const char *name_of(const struct action *a)
{
    return strchr(a->command.target, '/') + 1;
}

static void look(void *arg)
{
    struct rcd_action *k = arg;
    char took[ACTION_TOOK_SIZE];
    enum command_verb v = k->a->command.verb;
    bool runs = rcd_pid(k->a->node, k->a->command.target) > 0;
    if (runs == (v != COMMAND_UNIT_STOP))
        action_end(k->a, OUTCOME_DONE, NULL, "%s in %s.",
                   v == COMMAND_UNIT_START  ? "Started"
                   : v == COMMAND_UNIT_STOP ? "Stopped"
                                            : "Restarted",
                   action_took(k->a, took));
    else if (clock_mono_ms() - k->ended_ms > SHOWS_MS)
        action_end(k->a, OUTCOME_FAILED, NULL, "rc.%s ended well, but 15 s later it %s.",
                   name_of(k->a), runs ? "still runs" : "does not run");
}

static void on_closed(uv_handle_t *h)
{
    mem_free(h->data);
}

static void on_exit(uv_process_t *process, int64_t status, int signal)
{
    struct script *s = process->data;
    struct rcd_action *k = s->of;
    uv_close((uv_handle_t *)process, on_closed);
    if (!k)
        return;
    k->script = NULL;
    k->ended_ms = clock_mono_ms();
    if (status || signal)
        action_end(k->a, OUTCOME_FAILED, NULL, "rc.%s %s ended with exit code %d.", name_of(k->a),
                   word_of(k->a->command.verb), signal ? 128 + signal : (int)status);
    else
        k->pause = loop_timer_new(k->a->node->loop, 0, LOOK_MS, look, k);
}

static void run(struct rcd_action *k, const char *path, const char *word)
{
    char *argv[] = {(char *)path, (char *)word, NULL};
    char *environment[] = {"PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin",
                           "HOME=/root", NULL};
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_IGNORE}};
    const uv_process_options_t options = {.exit_cb = on_exit,
                                          .file = path,
                                          .args = argv,
                                          .env = environment,
                                          .flags = UV_PROCESS_DETACHED,
                                          .stdio = stdio,
                                          .stdio_count = COUNT_OF(stdio)};
    struct script *s = mem_alloc(sizeof *s);
    s->process.data = s;
    s->of = k;
    k->script = s;
    int r = uv_spawn(loop_uv(k->a->node->loop), &s->process, &options);
    if (r == 0)
        return;
    s->of = NULL;
    k->script = NULL;
    uv_close((uv_handle_t *)&s->process, on_closed);
    action_end(k->a, OUTCOME_FAILED, NULL, "%s can't be run: %s.", path, uv_strerror(r));
}

static void start(struct action *a)
{
    const char *word = word_of(a->command.verb);
    struct rcd_action *k = a->state = mem_alloc(sizeof *k);
    k->a = a;
    if (rcd_pid(a->node, a->command.target) == -ENOENT) {
        action_end(a, OUTCOME_FAILED, NULL,
                   "There is no such service in /etc/rc.d that Hydra knows.");
        return;
    }
    if (!word) {
        action_end(a, OUTCOME_FAILED, NULL,
                   "Services of /etc/rc.d can be started, stopped and restarted, no more.");
        return;
    }
    AUTO(mem_freep)
    char *path = mem_printf("%s/etc/rc.d/rc.%s", a->node->settings.root, name_of(a));
    rcd_set_meant(a->node, a->command.target, a->command.verb == COMMAND_UNIT_STOP);
    action_step(a, "rc.%s %s", name_of(a), word);
    run(k, path, word);
}

/* The script goes on by itself. */
static void stop(struct action *a)
{
    struct rcd_action *k = TAKE(a->state);
    if (!k)
        return;
    loop_timer_free(k->pause);
    if (k->script) {
        k->script->of = NULL;
        uv_close((uv_handle_t *)&k->script->process, on_closed);
    }
    mem_free(k);
}

const struct action_ops rcd_action = {
    .deadline_ms = RCD_MS,
    .late = "The script has not come to an end within 5 minutes; look at the service.",
    .start = start,
    .stop = stop};
