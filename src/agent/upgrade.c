#include "agent/upgrade-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "node/version.h"
#include "node/wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENCE_EVERY_MS = 1000,
    PATIENCE_MS = 5 * 60 * 1000,
    CHECK_SAYS_MAX = 128, /* bytes of what `PROGRAM.new version` says */
    PROGRAM_PATH_MAX = 4096,
};

/* --- may it be replaced? --- */

static bool own_program(char ret_path[PROGRAM_PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", ret_path, PROGRAM_PATH_MAX - 1);
    ret_path[n > 0 ? n : 0] = 0;
    return n > 0 && n < PROGRAM_PATH_MAX - 1 && ret_path[0] == '/';
}

static bool is_of_a_package(const char *path)
{
    static const char *const places[] = {"/usr/bin/",     "/usr/sbin/", "/usr/lib/",
                                         "/usr/libexec/", "/bin/",      "/sbin/"};
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (str_starts(path, places[i]))
            return true;
    return false;
}

/* One that systemd runs in is a machine like any other. */
static bool is_in_container(void)
{
    bool marked = access("/run/.containerenv", F_OK) == 0 || access("/.dockerenv", F_OK) == 0;
    return getpid() == 1 || (marked && access("/run/systemd/system", F_OK) < 0);
}

const char *upgrade_obstacle(char ret_text[UPGRADE_OBSTACLE_SIZE])
{
    char path[PROGRAM_PATH_MAX];
    if (!own_program(path) || str_ends(path, " (deleted)")) {
        snprintf(ret_text, UPGRADE_OBSTACLE_SIZE,
                 "The agent's program is not where it was started from: restart the agent on the "
                 "node.");
        return ret_text;
    }
    if (str_starts(path, "/nix/store/")) {
        snprintf(ret_text, UPGRADE_OBSTACLE_SIZE,
                 "The agent is part of the node's NixOS configuration: update its input hydra and "
                 "switch there.");
        return ret_text;
    }
    if (is_of_a_package(path)) {
        snprintf(ret_text, UPGRADE_OBSTACLE_SIZE, "%s",
                 is_in_container()
                     ? "The agent runs in a container: make it anew from the newer image."
                     : "The agent was installed by a package: on the node, install the newer "
                       "hydra-agent_….deb with apt.");
        return ret_text;
    }
    *strrchr(path, '/') = 0;
    if (access(*path ? path : "/", W_OK | X_OK) == 0)
        return NULL;
    snprintf(ret_text, UPGRADE_OBSTACLE_SIZE,
             "The agent may not write to %.120s, where its program is: put the newer one there by "
             "hand, or give the folder to the agent's user.",
             path);
    return ret_text;
}

/* --- the manifest --- */

char *upgrade_signed_text(const char *version, const char *arch, uint64_t size,
                          const unsigned char sha256[32])
{
    char hex[2 * crypto_hash_sha256_BYTES + 1];
    str_hex(sha256, crypto_hash_sha256_BYTES, hex);
    return mem_printf("hydra-agent program\n%s\n%s\n%llu\n%s\n", version, arch,
                      (unsigned long long)size, hex);
}

/* The pin of a raw Ed25519 key: the hash of its SubjectPublicKeyInfo (RFC 8410). */
static void pin_of_key(const unsigned char *key, unsigned char ret_pin[TLS_PIN_SIZE])
{
    static const unsigned char head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                         0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    unsigned char spki[sizeof head + KEY_RAW_SIZE];
    memcpy(spki, head, sizeof head);
    memcpy(spki + sizeof head, key, KEY_RAW_SIZE);
    crypto_hash_sha256(ret_pin, spki, sizeof spki);
}

int upgrade_check_manifest(const PB(ProgramManifest) * m, const char *version, const char *arch,
                           const struct pins *pins, struct err *e)
{
    unsigned char pin[TLS_PIN_SIZE];
    if (!str_eq(m->version, version) || !str_eq(m->arch, arch))
        return err_set(e, -EBADMSG,
                       "The hub sends version %.32s for %.32s, not what was asked for.", m->version,
                       m->arch);
    if (m->size == 0 || m->size > LIMIT_PROGRAM || m->sha256.len != crypto_hash_sha256_BYTES)
        return err_set(e, -EBADMSG, "What the hub says of the program makes no sense.");
    if (m->key.len != KEY_RAW_SIZE || m->signature.len != KEY_SIGNATURE_SIZE)
        return err_set(e, -EKEYREJECTED, "The program is not signed.");
    pin_of_key(m->key.data, pin);
    AUTO(mem_freep) char *text = upgrade_signed_text(version, arch, m->size, m->sha256.data);
    if (!pins_have(pins, pin) || !key_is_proof(m->key.data, text, strlen(text), m->signature.data))
        return err_set(e, -EKEYREJECTED, "The program is not signed by this node's hub.");
    return 0;
}

int upgrade_check_version(const char *version, const char *own, struct err *e)
{
    if (str_is_empty(version))
        return err_set(e, -EINVAL, "The hub did not say which version.");
    if (str_eq(version, own))
        return err_set(e, -EALREADY, "The agent is of that version already.");
    if (strverscmp(version, own) < 0)
        return err_set(e, -EINVAL,
                       "The agent is newer: it is %s. An older one can only be installed on the "
                       "node itself.",
                       own);
    return 0;
}

/* --- the end of one --- */

static void drop_call(struct upgrade *u)
{
    if (u->call)
        rpc_drop(TAKE(u->call));
}

static void let_go(struct upgrade *u)
{
    drop_call(u);
    loop_timer_free(TAKE(u->patience));
    if (u->fd >= 0)
        close(u->fd);
    u->fd = -1;
    if (u->fresh && !u->ready)
        (void)unlink(u->fresh);
    mem_free(TAKE(u->program));
    mem_free(TAKE(u->fresh));
    mem_free(TAKE(u->version));
    u->has_manifest = false;
}

static void fail(struct upgrade *u, const char *why)
{
    AUTO(mem_freep) char *text = mem_printf("Nothing was replaced: %s", why);
    let_go(u);
    node_upgrade_end(u->node, OUTCOME_FAILED, text);
}

/* --- does it start here? --- */

struct upgrade_check {
    uv_work_t work;
    struct upgrade *upgrade; /* NULL: nobody waits any more */
    char *path, *version;
    int fd;
    struct err e;
};

/* Runs `PATH version` and reads its first line. -1: it can't be run. */
static int first_line(const char *path, char ret_line[CHECK_SAYS_MAX])
{
    AUTO(mem_freep) char *command = mem_strdup(path);
    char *argv[] = {command, (char *)"version", NULL};
    int pipe_fd[2], status = 0;
    if (pipe2(pipe_fd, O_CLOEXEC) < 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        dup2(pipe_fd[1], STDOUT_FILENO);
        alarm(10);
        execv(path, argv);
        _exit(127);
    }
    close(pipe_fd[1]);
    ssize_t n = child < 0 ? -1 : read(pipe_fd[0], ret_line, CHECK_SAYS_MAX - 1);
    close(pipe_fd[0]);
    ret_line[n > 0 ? n : 0] = 0;
    ret_line[strcspn(ret_line, "\n")] = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void check(uv_work_t *w)
{
    struct upgrade_check *c = w->data;
    char says[CHECK_SAYS_MAX] = "";
    AUTO(mem_freep) char *expected = mem_printf("hydra-agent %s", c->version);
    bool written = fchmod(c->fd, 0755) == 0 && fsync(c->fd) == 0;
    int why = errno;
    if (close(c->fd) < 0 || !written)
        err_set(&c->e, -EIO, "%s can't be written: %s.", c->path, strerror(why));
    else if (first_line(c->path, says) < 0)
        err_set(&c->e, -ENOEXEC,
                "the new program does not start on this node. Does it lack a library?");
    else if (!str_eq(says, expected))
        err_set(&c->e, -EBADMSG, "the new program says that it is %s.", says);
}

static void become_ready(struct upgrade *u)
{
    loop_timer_free(TAKE(u->patience));
    u->ready = true;
    log_info("upgrade", "a new agent is here", "version=%s", u->version);
    loop_stop(u->settings.loop);
}

static void on_patience(void *arg)
{
    struct upgrade *u = arg;
    if (!node_is_busy(u->node))
        become_ready(u);
    else if (clock_mono_ms() >= u->patient_until_ms)
        fail(u, "others were not done within 5 minutes. Try again later.");
}

static void checked(uv_work_t *w, int status)
{
    struct upgrade_check *c = w->data;
    struct upgrade *u = c->upgrade;
    (void)status;
    if (u)
        u->check = NULL;
    if (!u || !u->fresh) {
        (void)unlink(c->path);
    } else if (c->e.code) {
        fail(u, c->e.text);
    } else {
        node_upgrade_step(u->node, node_is_busy(u->node) ? "waiting for others to be done"
                                                         : "trying the new agent");
        u->patient_until_ms = clock_mono_ms() + PATIENCE_MS;
        u->patience = loop_timer_new(u->settings.loop, 0, PATIENCE_EVERY_MS, on_patience, u);
    }
    mem_free(c->path);
    mem_free(c->version);
    mem_free(c);
}

static void start_check(struct upgrade *u)
{
    struct upgrade_check *c = mem_alloc(sizeof *c);
    *c = (struct upgrade_check){
        .upgrade = u, .path = mem_strdup(u->fresh), .version = mem_strdup(u->version), .fd = u->fd};
    u->fd = -1;
    c->work.data = c;
    u->check = c;
    uv_queue_work(loop_uv(u->settings.loop), &c->work, check, checked);
}

/* --- fetching it --- */

static bool ask(struct upgrade *u, bool first, uint32_t credit)
{
    PB(ProgramAsk) m = HYDRA__AGENT__V1__PROGRAM_ASK__INIT;
    AUTO(str_done) struct str out = {0};
    if (first) {
        m.version = u->version;
        m.arch = u->arch;
    }
    m.credit = credit;
    wire_print(&m.base, &out);
    return rpc_send(u->call, out.p, out.len) == 0;
}

static int take_manifest(struct upgrade *u, const PB(ProgramManifest) * m, struct err *e)
{
    int r = upgrade_check_manifest(m, u->version, u->arch, &u->settings.identity->pins, e);
    if (r < 0)
        return r;
    u->size = m->size;
    u->got = 0;
    memcpy(u->sha256, m->sha256.data, sizeof u->sha256);
    crypto_hash_sha256_init(&u->hash);
    (void)unlink(u->fresh);
    u->fd = open(u->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    if (u->fd < 0)
        return err_set(e, -errno, "%s can't be made: %s.", u->fresh, strerror(errno));
    u->has_manifest = true;
    node_upgrade_step(u->node, "fetching the new agent");
    return 0;
}

static int take_piece(struct upgrade *u, const uint8_t *bytes, size_t len, struct err *e)
{
    if (!u->has_manifest || len > u->size - u->got)
        return err_set(e, -EBADMSG, "The hub sends more than it said.");
    crypto_hash_sha256_update(&u->hash, bytes, len);
    for (size_t at = 0; at < len;) {
        ssize_t n = write(u->fd, bytes + at, len - at);
        if (n < 0 && errno != EINTR)
            return err_set(e, -errno, "%s can't be written: %s.", u->fresh, strerror(errno));
        at += n > 0 ? (size_t)n : 0;
    }
    u->got += len;
    return 0;
}

static void finish(struct upgrade *u)
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&u->hash, sum);
    drop_call(u);
    if (memcmp(sum, u->sha256, sizeof sum) != 0)
        fail(u, "what arrived is not what the hub has signed.");
    else
        start_check(u);
}

static void take_part(struct upgrade *u, const PB(ProgramPart) * m)
{
    struct err e = {0};
    int r = m->manifest && !u->has_manifest ? take_manifest(u, m->manifest, &e) : 0;
    if (r == 0 && m->piece.len)
        r = take_piece(u, m->piece.data, m->piece.len, &e);
    if (r < 0)
        fail(u, e.text);
    else if (u->has_manifest && u->got == u->size)
        finish(u);
    else if (m->piece.len && !ask(u, false, 1))
        fail(u, "the connection to the hub broke off.");
}

static void on_message(struct rpc_call *c, const void *bytes, size_t len)
{
    struct upgrade *u = rpc_arg(c);
    PB(ProgramPart) *m = hydra__agent__v1__program_part__unpack(NULL, len, bytes);
    if (u->call == c && m)
        take_part(u, m);
    else if (u->call == c)
        fail(u, "the hub's answer makes no sense.");
    if (m)
        hydra__agent__v1__program_part__free_unpacked(m, NULL);
}

static void on_ended(struct rpc_call *c, const struct rpc_status *s)
{
    struct upgrade *u = rpc_arg(c);
    if (u->call != c)
        return;
    u->call = NULL;
    fail(u, s->message[0] ? s->message : "the hub ended the call.");
}

static const struct rpc_events events = {.message = on_message, .ended = on_ended};

static void begin(struct upgrade *u, const char *path, const char *version)
{
    u->program = mem_strdup(path);
    u->fresh = mem_printf("%s.new", path);
    u->version = mem_strdup(version);
    u->call = uplink_call(u->uplink, "/hydra.agent.v1.Agent/Program", &events, u);
    if (!u->call || !ask(u, true, PROGRAM_CREDIT))
        fail(u, "the hub can't be asked for the new program.");
}

/* --- what the node asks --- */

static void on_start(void *arg, const char *version)
{
    struct upgrade *u = arg;
    char why[UPGRADE_OBSTACLE_SIZE], path[PROGRAM_PATH_MAX];
    struct err e = {0};
    const char *obstacle = upgrade_obstacle(why);
    if (u->trial_fd >= 0)
        obstacle = "This agent is on trial itself: try again in a minute.";
    else if (u->check || u->ready)
        obstacle = "An upgrade is under way.";
    else if (upgrade_check_version(version, agent_version(), &e) < 0)
        obstacle = e.text;
    if (obstacle || !own_program(path))
        node_upgrade_end(u->node, OUTCOME_REFUSED, obstacle ? obstacle : "Where is its program?");
    else
        begin(u, path, version);
}

static void on_stop(void *arg)
{
    struct upgrade *u = arg;
    if (!u->ready)
        let_go(u);
}

static int on_resume(void *arg, const char *version, struct err *e)
{
    const struct upgrade *u = arg;
    if (str_eq(version, agent_version()))
        return u->trial_fd >= 0;
    return err_set(e, -ECANCELED, "The agent %s was no good here: %s. %s goes on.", version,
                   u->failed ? u->failed : "the node was interrupted before it had proved itself",
                   agent_version());
}

struct node_upgrader upgrade_hooks(struct upgrade *u)
{
    return (struct node_upgrader){on_start, on_stop, on_resume, u};
}

/* --- on trial --- */

/* Whoever judges is gone: what it would have said is not known, so the old program is the one. */
static void on_judge(uv_poll_t *poll, int status, int happened)
{
    struct upgrade *u = poll->data;
    char nothing;
    (void)status, (void)happened;
    if (read(u->trial_fd, &nothing, 1) > 0)
        return;
    uv_poll_stop(poll);
    log_warn("upgrade", "nobody judges this trial any more", "it=%s", "ends");
    loop_stop(u->settings.loop);
}

static void free_poll(uv_handle_t *h)
{
    mem_free(h);
}

static void enter_trial(struct upgrade *u, int fd)
{
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    u->trial_fd = fd;
    u->judge = mem_alloc(sizeof *u->judge);
    uv_poll_init(loop_uv(u->settings.loop), u->judge, fd);
    u->judge->data = u;
    uv_poll_start(u->judge, UV_READABLE, on_judge);
}

bool upgrade_is_trial(const struct upgrade *u)
{
    return u->trial_fd >= 0;
}

void upgrade_confirmed(struct upgrade *u, const char *version)
{
    if (u->trial_fd < 0 || !str_eq(version, agent_version()))
        return;
    log_info("upgrade", "the hub understands this agent", "version=%s", version);
    if (write(u->trial_fd, "1", 1) != 1)
        log_warn("upgrade", "the judge can't be told", "errno=%d", errno);
}

/* --- life --- */

void upgrade_down(struct upgrade *u)
{
    if (!u->call)
        return;
    u->call = NULL;
    fail(u, "the connection to the hub broke off.");
}

bool upgrade_is_ready(const struct upgrade *u)
{
    return u->ready;
}

static int inherited_trial(void)
{
    const char *text = getenv(UPGRADE_TRIAL_ENV);
    uint64_t fd;
    struct stat st;
    bool good = text && str_to_u64(text, &fd) == 0 && fd > 2 && fd < 1024 &&
                fstat((int)fd, &st) == 0 && S_ISSOCK(st.st_mode);
    unsetenv(UPGRADE_TRIAL_ENV);
    return good ? (int)fd : -1;
}

struct upgrade *upgrade_new(const struct upgrade_settings *s)
{
    struct upgrade *u = mem_alloc(sizeof *u);
    struct utsname host;
    *u = (struct upgrade){.settings = *s, .fd = -1, .trial_fd = -1};
    uname(&host);
    str_copy(u->arch, sizeof u->arch, host.machine);
    u->failed = mem_strdup(getenv(UPGRADE_FAILED_ENV));
    unsetenv(UPGRADE_FAILED_ENV);
    int fd = inherited_trial();
    if (fd >= 0)
        enter_trial(u, fd);
    return u;
}

void upgrade_attach(struct upgrade *u, struct node *node, struct uplink *uplink)
{
    u->node = node;
    u->uplink = uplink;
}

/* A thread may still look at the program: it finds nobody who waits. */
void upgrade_end(struct upgrade *u)
{
    if (u->check)
        u->check->upgrade = NULL;
    u->check = NULL;
    loop_timer_free(TAKE(u->patience));
    if (u->judge)
        uv_close((uv_handle_t *)TAKE(u->judge), free_poll);
    if (u->trial_fd >= 0)
        close(u->trial_fd);
    u->trial_fd = -1;
}

void upgrade_free(struct upgrade *u)
{
    if (!u)
        return;
    u->ready = false;
    let_go(u);
    mem_free(u->failed);
    mem_free(u);
}
