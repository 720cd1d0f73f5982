/* hydra-agent enroll TOKEN: makes a key, has the hub certify it, keeps both. */
#include "agent/dial.h"
#include "agent/spool.h"
#include "agent/verbs.h"
#include "base/clock.h"
#include "node/command-log.h"
#include "node/enrol-token.h"
#include "node/version.h"
#include "node/wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
    ENROLL_MS = 20000,
    LIMIT_TOKEN = 4096,
    PATIENCE_MS =
        5000, /* a hub that has just made its first token begins to listen; one breaks off */
    AGAIN_MS = 250,
};

struct enrolment {
    struct loop *loop;
    char *text; /* the token */
    struct enrol_token token;
    struct pins pins;
    struct identity identity; /* what comes out */
    struct dial *dial;
    struct loop_timer *again;
    int64_t began_ms; /* monotonic */
    struct rpc_call *call;
    struct err trouble;
    bool is_done;
};

/* --- the token --- */

static int read_token(const char *path, struct err *e, char **ret_text)
{
    char text[LIMIT_TOKEN + 1];
    size_t n = 0;
    ssize_t got = 0;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (fd < 0)
        return err_set(e, -errno, "%s can't be read: %s.", path, strerror(errno));
    while (n < LIMIT_TOKEN && (got = read(fd, text + n, LIMIT_TOKEN - n)) > 0)
        n += (size_t)got;
    if (path)
        close(fd);
    if (got < 0)
        return err_set(e, -EIO, "The token can't be read.");
    *ret_text = mem_strndup(text, n);
    return 0;
}

static int take_token(struct enrolment *n, const char *word, struct err *e)
{
    int r = 0;
    if (str_eq(word, "-"))
        r = read_token(NULL, e, &n->text);
    else if (*word == '@')
        r = read_token(word + 1, e, &n->text);
    else
        n->text = mem_strdup(word);
    if (r < 0)
        return r;
    memmove(n->text, str_trim(n->text), strlen(str_trim(n->text)) + 1);
    r = enrol_token_parse(n->text, e, &n->token);
    memcpy(n->pins.v[0], n->token.pin, TLS_PIN_SIZE);
    n->pins.n = 1;
    return r;
}

/* --- the call --- */

static void finish(struct enrolment *n)
{
    loop_stop(n->loop);
}

static void restart_commands(const char *dir)
{
    struct command_log *log = NULL;
    struct err e = {0};
    if (command_log_open(dir, &e, &log) < 0 || command_log_restart(log, &e) < 0)
        fprintf(stderr, "hydra-agent: The commands of the former hub still count: %s\n", e.text);
    command_log_free(log);
}

/* What another hub missed, or this one of another node, is not to be told, and how far it counted
 * its commands says nothing. An agent that runs finds out by itself. */
static void forget_missed(const struct identity *i)
{
    struct identity before;
    char path[4608];
    if (identity_open(i->dir, NULL, &before) >= 0) {
        bool same = identity_is_same_node(&before, i);
        identity_done(&before);
        if (same)
            return;
    }
    int lock = identity_lock(i->dir, NULL);
    if (lock < 0)
        return;
    snprintf(path, sizeof path, "%s/spool", i->dir);
    spool_remove_all(path);
    restart_commands(i->dir);
    close(lock);
}

static int keep_answer(struct enrolment *n, const PB(EnrollResponse) * a)
{
    struct identity *i = &n->identity;
    struct pin_bytes list[LIMIT_IDENTITY_PINS];
    size_t count = a->n_hub_keys < LIMIT_IDENTITY_PINS ? a->n_hub_keys : LIMIT_IDENTITY_PINS;
    for (size_t k = 0; k < count; k++)
        list[k] = (struct pin_bytes){a->hub_keys[k].data, a->hub_keys[k].len};
    if (!pins_take(list, count, &i->pins))
        i->pins = n->pins; /* the one that has just proved right */
    i->address = mem_strdup(n->token.address);
    i->node = mem_strdup(a->node);
    i->certificate = mem_strdup(a->certificate);
    forget_missed(i);
    return identity_save(i, &n->trouble);
}

static void on_message(struct rpc_call *c, const void *bytes, size_t len)
{
    struct enrolment *n = rpc_arg(c);
    PB(EnrollResponse) *a = hydra__agent__v1__enroll_response__unpack(NULL, len, bytes);
    if (n->is_done)
        return;
    if (!a || !*a->node || !*a->certificate)
        err_set(&n->trouble, -EBADMSG, "The hub's answer makes no sense.");
    else
        n->is_done = keep_answer(n, a) >= 0;
    if (a)
        hydra__agent__v1__enroll_response__free_unpacked(a, NULL);
    finish(n);
}

static void dial_hub(void *arg);

static bool try_again(struct enrolment *n)
{
    if (clock_mono_ms() - n->began_ms >= PATIENCE_MS)
        return false;
    if (!n->again)
        n->again = loop_timer_new(n->loop, AGAIN_MS, 0, dial_hub, n);
    return true;
}

static void on_call_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct enrolment *n = rpc_arg(c);
    n->call = NULL;
    if (s->code == RPC_UNAVAILABLE && !n->is_done && !n->trouble.code && try_again(n))
        return;
    if (!n->is_done && !n->trouble.code)
        err_set(&n->trouble, -EACCES, "%s", s->message[0] ? s->message : rpc_code_name(s->code));
    finish(n);
}

static const struct rpc_events events = {on_message, NULL, NULL, on_call_ended};

static void read_line(const char *path, char *ret_text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, ret_text, size - 1);
    if (fd >= 0)
        close(fd);
    ret_text[n > 0 ? n : 0] = 0;
    ret_text[strcspn(ret_text, "\n")] = 0;
}

static int ask(struct enrolment *n)
{
    PB(EnrollRequest) m = HYDRA__AGENT__V1__ENROLL_REQUEST__INIT;
    unsigned char key[KEY_RAW_SIZE], proof[KEY_SIGNATURE_SIZE];
    char machine_id[64];
    struct utsname host;
    AUTO(str_done) struct str text = {0};
    int r = key_public(n->identity.key, &n->trouble, key);
    if (r >= 0)
        r = key_sign(n->identity.key, n->text, strlen(n->text), &n->trouble, proof);
    if (r < 0)
        return r;
    uname(&host);
    read_line("/etc/machine-id", machine_id, sizeof machine_id);
    m.token = n->text;
    m.public_key = (ProtobufCBinaryData){sizeof key, key};
    m.proof = (ProtobufCBinaryData){sizeof proof, proof};
    m.hostname = host.nodename;
    m.machine_id = machine_id;
    m.agent_version = (char *)agent_version();
    wire_print(&m.base, &text);
    return rpc_send(n->call, text.p, text.len);
}

static void on_ready(void *arg, struct rpc_client *client)
{
    struct enrolment *n = arg;
    n->call = rpc_client_call(client, "/hydra.agent.v1.Agent/Enroll", ENROLL_MS, &events, n);
    if (!n->call || ask(n) < 0) {
        err_set(&n->trouble, n->trouble.code ? n->trouble.code : -EIO, "%s",
                n->trouble.code ? n->trouble.text : "The hub could not be asked.");
        finish(n);
        return;
    }
    rpc_half_close(n->call);
}

static void on_dial_ended(void *arg, const struct err *e)
{
    struct enrolment *n = arg;
    n->call = NULL;
    if (n->again || (e->code == -ECONNREFUSED && try_again(n)))
        return;
    if (!n->is_done && !n->trouble.code)
        n->trouble = *e;
    finish(n);
}

static void dial_hub(void *arg)
{
    struct enrolment *n = arg;
    loop_timer_free(TAKE(n->again));
    dial_free(TAKE(n->dial));
    n->dial = dial_start(&(struct dial_settings){.loop = n->loop,
                                                 .address = n->token.address,
                                                 .pins = &n->pins,
                                                 .ready = on_ready,
                                                 .ended = on_dial_ended,
                                                 .arg = n});
}

static void call_hub(struct enrolment *n)
{
    n->loop = loop_new("enroll");
    n->began_ms = clock_mono_ms();
    dial_hub(n);
    loop_run(n->loop);
    if (n->call)
        rpc_drop(n->call);
    loop_timer_free(n->again);
    dial_free(n->dial);
    loop_free(n->loop);
}

/* --- the verb --- */

static int enroll(struct enrolment *n, const struct options *o)
{
    struct err *e = &n->trouble;
    if (!o->word)
        return err_set(
            e, -EINVAL,
            "enroll needs a token: on the hub, `hydrad node add NAME` prints one. - reads "
            "it from standard input, @FILE from a file.");
    int r = take_token(n, o->word, e);
    if (r >= 0)
        r = identity_make_folder(o->state, e);
    if (r >= 0)
        r = identity_enrol_key(o->state, e, &n->identity.key);
    if (r >= 0) {
        n->identity.dir = mem_strdup(o->state);
        call_hub(n);
        r = n->is_done ? 0 : e->code;
    }
    return r;
}

int verb_enroll(const struct options *o)
{
    struct enrolment n = {0};
    int r = enroll(&n, o);
    if (r < 0)
        fprintf(stderr, "hydra-agent: %s\n", n.trouble.text);
    else
        printf("This machine is the node %s of the Hydra at %s.\n", n.identity.node,
               n.identity.address);
    identity_done(&n.identity);
    mem_free(n.text);
    return r < 0 ? r == -EINVAL ? 2 : 1 : 0;
}
