/* Power of another machine, by its management controller: `ipmitool`, one call after another. The
 * password goes by the environment, so that no list of processes shows it. */
#include "base/clock.h"
#include "node/commands-private.h"
#include "node/line.h"
#include "node/power.h"
#include "node/program.h"

#include <stdio.h>

enum {
    POWER_MS = 6 * 60000,
    CALL_MS = 30000, /* of ipmitool, with its own tries */
    LOOK_AGAIN_MS = 1000,
    SWITCHES_MS = 45000, /* a controller that took it does it within */
    SHUTS_DOWN_MS = 4 * 60000,
    SILENT_MS = SHUTS_DOWN_MS, /* a controller that took it, and starts anew itself meanwhile */
    LIMIT_SAID = 16 << 10,
    LIMIT_ARGUMENTS = 24,
};

/* One call of ipmitool, on a thread. Lives until it comes back. */
struct call {
    struct loop *loop;
    struct power_action *of; /* NULL = let go of */
    atomic_bool stopped;
    char *program, *password; /* the latter "IPMITOOL_PASSWORD=…" */
    struct str_list arguments;
    struct program_end end;
    struct err e;
    int r;
};

enum phase {
    ASKING,   /* is it on? */
    TELLING,  /* what to do */
    WATCHING, /* the controller took it: until it shows */
};

struct power_action {
    struct action *a;
    enum power_word word;
    struct power_place place;
    char *node, *user, *password, *program;
    struct call *call;
    struct loop_timer *pause;
    enum phase phase;
    bool plain_cipher; /* it does not tell which ones it can: ipmitool need not ask again */
    int64_t told_ms;   /* mono */
};

/* --- ipmitool --- */

static void wipe(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    mem_free(secret);
}

static void call_free(struct call *c)
{
    mem_free(c->program);
    wipe(c->password);
    str_list_done(&c->arguments);
    program_end_done(&c->end);
    mem_free(c);
}

static void on_called(void *arg);

static void do_call(void *arg)
{
    struct call *c = arg;
    const char *argv[LIMIT_ARGUMENTS] = {c->program};
    const char *const env[] = {c->password, "PATH=/run/current-system/sw/bin:/usr/bin:/bin",
                               "LC_ALL=C", "HOME=/", NULL};
    for (size_t i = 0; i < c->arguments.n && i + 2 < LIMIT_ARGUMENTS; i++)
        argv[i + 1] = c->arguments.v[i];
    program_stop_by(&c->stopped);
    c->r = program_run(&(struct program){.argv = argv,
                                         .env = env,
                                         .deadline_ms = CALL_MS,
                                         .output_max = LIMIT_SAID,
                                         .mixed = true},
                       &c->e, &c->end);
    program_stop_by(NULL);
    loop_post(c->loop, on_called, c);
}

static void call(struct power_action *p, const char *word)
{
    struct call *c = mem_alloc(sizeof *c);
    const char *const usual[] = {"-v", "-I", "lanplus", "-N", "1", "-R", "4", "-E"};
    c->loop = p->a->node->loop;
    c->of = p;
    c->program = mem_strdup(p->program);
    c->password = mem_printf("IPMITOOL_PASSWORD=%s", p->password);
    for (size_t i = 0; i < COUNT_OF(usual); i++)
        str_list_add(&c->arguments, usual[i]);
    const char *const places[] = {"-H",
                                  p->place.host,
                                  "-U",
                                  p->user,
                                  "-p",
                                  *p->place.port ? p->place.port : "623",
                                  p->plain_cipher ? "-C" : NULL,
                                  "3"};
    for (size_t i = 0; i < COUNT_OF(places) && places[i]; i++)
        str_list_add(&c->arguments, places[i]);
    const char *const words[] = {"chassis", "power", word};
    for (size_t i = 0; i < COUNT_OF(words); i++)
        str_list_add(&c->arguments, words[i]);
    p->call = c;
    if (action_on_thread(p->a, do_call, c) < 0) {
        call_free(TAKE(p->call));
        action_end(p->a, OUTCOME_FAILED, NULL,
                   "Too many controllers are asked at once. Try again later.");
    }
}

/* --- how it ends --- */

static void end_faulty(struct power_action *p, const char *said)
{
    AUTO(mem_freep) char *line = power_fault_line(said);
    const char *host = p->place.host, *user = p->user;
    switch (power_fault_of(said)) {
    case POWER_FAULT_SILENT:
        action_end(p->a, OUTCOME_FAILED, NULL,
                   "No controller answers at %s. Is the address right, is IPMI over LAN switched "
                   "on there, and is this node in its network?",
                   host);
        return;
    case POWER_FAULT_NAME:
        action_end(p->a, OUTCOME_FAILED, NULL, "This node can't find out the address of %s.", host);
        return;
    case POWER_FAULT_USER:
        action_end(p->a, OUTCOME_FAILED, NULL,
                   "The controller at %s knows no user \"%s\" who may come by the network.", host,
                   user);
        return;
    case POWER_FAULT_PASSWORD:
        action_end(p->a, OUTCOME_FAILED, NULL,
                   "The controller at %s does not take the password of \"%s\". Set it again.", host,
                   user);
        return;
    case POWER_FAULT_RIGHT:
        action_end(p->a, OUTCOME_FAILED, NULL,
                   "The controller at %s does not let \"%s\" do that: the user needs the privilege "
                   "OPERATOR or ADMINISTRATOR.",
                   host, user);
        return;
    case POWER_FAULT_OTHER:
        break;
    }
    action_end(p->a, OUTCOME_FAILED, one_line(said, strlen(said)),
               "The controller at %s refused, or ipmitool could not ask it%s%s", host,
               *line ? ": " : ".", line);
}

static const char *what_was_done(enum power_word w)
{
    static const char *const words[POWER_WORDS] = {
        [POWER_STATUS] = "looked at",
        [POWER_ON] = "switched on",
        [POWER_SOFT] = "shut down",
        [POWER_OFF] = "switched off at once",
        [POWER_CYCLE] = "switched off and on again",
        [POWER_RESET] = "reset",
    };
    return words[w];
}

static bool should_be_on(enum power_word w)
{
    return w != POWER_SOFT && w != POWER_OFF;
}

static void look_again(void *arg)
{
    struct power_action *p = arg;
    loop_timer_free(TAKE(p->pause));
    call(p, power_word_name(POWER_STATUS));
}

static void tell_waiting(struct power_action *p)
{
    action_step(p->a, "waiting until %s is %s", p->node, should_be_on(p->word) ? "on" : "off");
}

/* False: that was the last look. */
static bool watches_on(struct power_action *p, int64_t patience_ms)
{
    if (clock_mono_ms() - p->told_ms >= patience_ms)
        return false;
    p->pause = loop_timer_new(p->a->node->loop, LOOK_AGAIN_MS, 0, look_again, p);
    return true;
}

/* The controller took it: until it shows. */
static void take_state_after(struct power_action *p, bool on)
{
    char took[ACTION_TOOK_SIZE];
    if (on == should_be_on(p->word)) {
        action_end(p->a, OUTCOME_DONE, NULL, "%s was %s, in %s.", p->node, what_was_done(p->word),
                   action_took(p->a, took));
    } else if (watches_on(p, p->word == POWER_SOFT ? SHUTS_DOWN_MS : SWITCHES_MS)) {
        tell_waiting(p);
    } else if (p->word == POWER_SOFT) {
        action_end(p->a, OUTCOME_FAILED, NULL,
                   "%s was told to shut down, and is still on %d minutes later: its system does "
                   "not heed the power button, or hangs.",
                   p->node, SHUTS_DOWN_MS / 60000);
    } else {
        action_end(p->a, OUTCOME_FAILED, NULL,
                   "The controller took it, but %d s later %s is %s all the same.",
                   SWITCHES_MS / 1000, p->node, on ? "on" : "off");
    }
}

static void take_state_before(struct power_action *p, bool on)
{
    bool needs_on = p->word == POWER_CYCLE || p->word == POWER_RESET;
    if (p->word == POWER_STATUS) {
        action_end(p->a, OUTCOME_DONE, NULL, "%s is %s.", p->node, on ? "on" : "off");
    } else if (!on && needs_on) {
        action_end(p->a, OUTCOME_FAILED, NULL, "%s is off: switch it on instead.", p->node);
    } else if (!needs_on && on == should_be_on(p->word)) {
        action_end(p->a, OUTCOME_DONE, NULL, "%s was %s already.", p->node, on ? "on" : "off");
    } else {
        action_step(p->a, "telling its controller: %s", power_word_name(p->word));
        p->phase = TELLING;
        call(p, power_word_name(p->word));
    }
}

/* After the controller took it, that says nothing of the machine. */
static void take_silence(struct power_action *p, const char *said)
{
    if (watches_on(p, SILENT_MS))
        action_step(p->a, "its controller took it, and gives no answer since: asking again");
    else
        action_end(p->a, OUTCOME_FAILED, one_line(said, strlen(said)),
                   "The controller at %s took it, but gives no answer any more: ask for the status "
                   "of %s when it does.",
                   p->place.host, p->node);
}

static void take_answer(struct power_action *p, int status, const char *said)
{
    bool on = false, told = power_state_parse(said, &on) >= 0;
    bool is_answer = !status && (told || p->phase == TELLING);
    p->plain_cipher |= power_guessed_cipher(said);
    if (!is_answer && p->phase == WATCHING) {
        take_silence(p, said);
    } else if (!is_answer) {
        end_faulty(p, said);
    } else if (p->phase == ASKING) {
        take_state_before(p, on);
    } else if (p->phase == WATCHING) {
        take_state_after(p, on);
    } else {
        p->phase = WATCHING;
        p->told_ms = clock_mono_ms();
        tell_waiting(p);
        p->pause = loop_timer_new(p->a->node->loop, LOOK_AGAIN_MS, 0, look_again, p);
    }
}

static void on_called(void *arg)
{
    struct call *c = arg;
    struct power_action *p = c->of;
    if (p) {
        p->call = NULL;
        if (c->r < 0 && p->phase == WATCHING)
            take_silence(p, err_text(&c->e, c->r));
        else if (c->r < 0)
            action_end(p->a, OUTCOME_FAILED, NULL, "ipmitool gave no answer: %s",
                       err_text(&c->e, c->r));
        else
            take_answer(p, c->end.status, str_text(&c->end.text));
    }
    call_free(c);
}

/* --- life --- */

/* "bmc/10.0.0.9", "cycle nas", "USER\nPASSWORD". */
static int read_command(struct power_action *p, struct err *e)
{
    const struct command *c = &p->a->command;
    const char *space = strchr(c->argument, ' '), *secret = c->secret ? c->secret : "",
               *line = strchr(secret, '\n');
    AUTO(mem_freep)
    char *word =
        mem_strndup(c->argument, space ? (size_t)(space - c->argument) : strlen(c->argument));
    int r = power_word_parse(word, e, &p->word);
    if (r >= 0 && !str_starts(c->target, POWER_TARGET))
        r = err_set(e, -EINVAL, "%s is no controller: %sADDRESS.", c->target, POWER_TARGET);
    if (r >= 0)
        r = power_address_parse(c->target + strlen(POWER_TARGET), e, &p->place);
    if (r >= 0 && !line)
        r = err_set(e, -EINVAL, "No user and password of the controller came along.");
    if (r < 0)
        return r;
    p->node = mem_strdup(space ? space + 1 : p->place.host);
    p->user = mem_strndup(secret, (size_t)(line - secret));
    p->password = mem_strdup(line + 1);
    return 0;
}

static void start(struct action *a)
{
    struct err e = {0};
    struct power_action *p = a->state = mem_alloc(sizeof *p);
    p->a = a;
    p->program = program_find(a->node->settings.root, "ipmitool");
    if (!p->program) {
        action_end(a, OUTCOME_FAILED, NULL,
                   "ipmitool is not installed on this node. On Debian: apt install ipmitool; on "
                   "NixOS add pkgs.ipmitool to environment.systemPackages.");
        return;
    }
    if (read_command(p, &e) < 0) {
        action_end(a, OUTCOME_FAILED, NULL, "%s", e.text);
        return;
    }
    action_step(a, "asking its controller");
    call(p, power_word_name(POWER_STATUS));
}

static void stop(struct action *a)
{
    struct power_action *p = TAKE(a->state);
    if (!p)
        return;
    if (p->call) {
        p->call->of = NULL;
        p->call->stopped = true;
    }
    loop_timer_free(p->pause);
    wipe(p->password);
    mem_free(p->node);
    mem_free(p->user);
    mem_free(p->program);
    mem_free(p);
}

const struct action_ops power_action = {
    .deadline_ms = POWER_MS,
    .late = "The controller has not done it within 6 minutes; ask for its status.",
    .start = start,
    .stop = stop};
