#include "node/loki-private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "node/line.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum {
    PUSH_MS = 10 * 1000,
    PAUSE_MIN_MS = 500,
    PAUSE_MAX_MS = 60 * 1000,
    KEEP_MS = 30 * 1000, /* between two syncs of the places */
    LIMIT_ANSWER = 4 << 10,
    LIMIT_BATCH_FILE = 2 << 20, /* what one may need when it comes */
};

/* What is done with the oldest batch. */
enum push_state {
    PUSH_IDLE,    /* nothing: there is none */
    PUSH_READING, /* a worker reads it */
    PUSH_ASKING,  /* Loki has it, and has not answered */
    PUSH_RESTING, /* Loki did not take it: again later */
    PUSH_ENDING,  /* a worker keeps the places and removes its file */
};

struct batch {
    struct loki_waiting w; /* size 0: it is in memory only */
    struct loki_file f;    /* body empty: it is in its file only */
};

struct loki_queue {
    struct loop *loop;
    struct loki_queue_hooks hooks;
    struct http_client *http;
    char *url, *tenant, *credentials, *dir;
    size_t max, bytes;
    VEC(struct batch *) v; /* oldest first */
    unsigned unsaved;
    enum push_state state;
    struct http_call *call;
    struct loop_timer *rest;
    unsigned failures;
    int64_t kept_ms; /* mono: of the last sync */
    bool refused;    /* the last answer was that the batch is bad */
    bool accepted;   /* Loki has taken a batch since the start */
    bool stopped;
};

static void go_on(struct loki_queue *q);

uint32_t loki_pause_ms(unsigned failures, uint32_t chance)
{
    uint32_t ms = PAUSE_MIN_MS;
    for (unsigned i = 1; i < failures && ms < PAUSE_MAX_MS; i++)
        ms *= 2;
    ms = ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
    return ms / 2 + (uint32_t)((uint64_t)chance * (ms / 2 + 1) >> 32);
}

static void batch_free(struct batch *b)
{
    loki_file_done(&b->f);
    mem_free(b);
}

static void set_state(struct loki_queue *q, enum push_state s)
{
    q->state = s;
}

static void end_if_stopped(struct loki_queue *q)
{
    if (q->stopped)
        q->hooks.ended(q->hooks.arg);
}

/* --- resting --- */

static void on_rested(void *arg)
{
    struct loki_queue *q = arg;
    loop_timer_free(TAKE(q->rest));
    set_state(q, PUSH_IDLE);
    go_on(q);
}

static void rest(struct loki_queue *q, const char *text, const char *hint)
{
    set_state(q, PUSH_RESTING);
    q->failures++;
    q->hooks.trouble(q->hooks.arg, text, hint);
    q->rest = loop_timer_new(q->loop, loki_pause_ms(q->failures, rand_below(UINT32_MAX)), 0,
                             on_rested, q);
}

/* Its file is there, and will be read: too many files are open, or the disk has trouble. */
static void rest_unread(struct loki_queue *q, int r)
{
    char text[128];
    snprintf(text, sizeof text, "A batch that waits can't be read: %s.", strerror(-r));
    rest(q, text, "It is tried again, and lines wait.");
}

/* --- work that blocks --- */

struct job {
    uv_work_t work;
    struct loki_queue *q;
    char *dir;
    uint64_t number;
    bool lasting;
    struct loki_file f;
    int result;
};

static void run_job(struct loki_queue *q, struct job *j, uv_work_cb work, uv_after_work_cb done)
{
    j->q = q;
    j->dir = q->dir;
    uv_queue_work(loop_uv(q->loop), &j->work, work, done);
}

static void free_job(struct job *j)
{
    loki_file_done(&j->f);
    mem_free(j);
}

static void drop_first(struct loki_queue *q)
{
    struct batch *b = q->v.v[0];
    q->bytes -= b->w.size;
    q->unsaved -= b->w.size == 0;
    vec_remove_at(&q->v, 0);
    batch_free(b);
}

static void do_end(uv_work_t *w)
{
    struct job *j = CONTAINER_OF(w, struct job, work);
    j->result = loki_file_keep_places(j->dir, j->number, &j->f.places, j->lasting);
    loki_file_remove(j->dir, j->number);
}

static void on_ended(uv_work_t *w, int status)
{
    struct job *j = CONTAINER_OF(w, struct job, work);
    struct loki_queue *q = j->q;
    (void)status;
    if (j->result < 0)
        log_debug("loki", "the place could not be kept", "errno=%d", -j->result);
    free_job(j);
    set_state(q, PUSH_IDLE);
    drop_first(q);
    if (q->stopped) {
        end_if_stopped(q);
        return;
    }
    q->hooks.changed(q->hooks.arg);
    go_on(q);
}

/* Loki has the oldest, or will never take it. */
static void end_first(struct loki_queue *q)
{
    struct job *j = mem_alloc(sizeof *j);
    struct batch *b = q->v.v[0];
    int64_t now = clock_mono_ms();
    set_state(q, PUSH_ENDING);
    j->number = b->w.number;
    j->f.places = b->f.places;
    b->f.places = (struct str){0};
    j->lasting = !q->kept_ms || now - q->kept_ms >= KEEP_MS;
    if (j->lasting)
        q->kept_ms = now;
    run_job(q, j, do_end, on_ended);
}

static void do_read(uv_work_t *w)
{
    struct job *j = CONTAINER_OF(w, struct job, work);
    j->result = loki_file_read(j->dir, j->number, &j->f);
}

static void on_read(uv_work_t *w, int status)
{
    struct job *j = CONTAINER_OF(w, struct job, work);
    struct loki_queue *q = j->q;
    struct batch *b = q->v.v[0];
    (void)status;
    set_state(q, PUSH_IDLE);
    if (j->result == 0) {
        b->f = j->f;
        j->f = (struct loki_file){0};
    } else if (j->result == -EBADMSG || j->result == -ENOENT) {
        log_error("loki", "a batch that waited can't be read and is lost", "lines=%u errno=%d",
                  b->w.lines, -j->result);
        drop_first(q);
    } else if (!q->stopped) {
        rest_unread(q, j->result);
    }
    free_job(j);
    if (q->stopped)
        end_if_stopped(q);
    else
        go_on(q);
}

static void read_first(struct loki_queue *q)
{
    struct job *j = mem_alloc(sizeof *j);
    set_state(q, PUSH_READING);
    j->number = q->v.v[0]->w.number;
    run_job(q, j, do_read, on_read);
}

/* --- asking --- */

/* Loki's own words for a batch that it does not take are of entries, labels and streams. */
static bool is_lokis_own(const char *answer)
{
    static const char *const words[] = {"entry ", "label", "for stream", "per stream", "stream '"};
    for (size_t i = 0; answer && *answer != '<' && i < COUNT_OF(words); i++)
        if (strstr(answer, words[i]))
            return true;
    return false;
}

bool loki_is_bad_batch(int status, const char *answer, bool accepted)
{
    return (status == 400 || status == 413 || status == 422) && (accepted || is_lokis_own(answer));
}

static const char *hint_of(int status)
{
    if (status == 401 || status == 403)
        return "Give the credentials in the file of --loki-auth, or the tenant by --loki-tenant.";
    if (status == 404 || status == 405)
        return "Is it Loki's address? Lines are pushed to /loki/api/v1/push.";
    if (status == 400 || status == 413 || status == 422)
        return "Is it Loki's address, with https:// where it wants that? It is tried again, and "
               "lines wait.";
    if (status == 429)
        return "It takes no more at once (ingestion_rate_mb): it is tried again, and lines wait.";
    return "It is tried again, and lines wait.";
}

static void tell_refused(struct loki_queue *q, const struct http_answer *a)
{
    AUTO(mem_freep) char *why = one_line(a->body ? a->body : "", a->body_len);
    if (!q->refused)
        log_warn("loki", "Loki refuses lines, which are dropped; further ones are not told of",
                 "status=%d lines=%u answer=%s", a->status, q->v.v[0]->w.lines,
                 LOG_Q(why ? why : ""));
    q->refused = true;
}

static void on_answer(void *arg, const struct http_answer *a)
{
    struct loki_queue *q = arg;
    q->call = NULL;
    if (a->error < 0) {
        rest(q, a->text, "It is tried again, and lines wait.");
        return;
    }
    bool taken = a->status / 100 == 2;
    if (!taken && !loki_is_bad_batch(a->status, a->body, q->accepted)) {
        char text[64];
        snprintf(text, sizeof text, "Loki answers with HTTP %d.", a->status);
        rest(q, text, hint_of(a->status));
        return;
    }
    if (taken) {
        q->accepted = true;
        q->refused = false;
    } else {
        tell_refused(q, a);
    }
    q->failures = 0;
    q->hooks.trouble(q->hooks.arg, NULL, NULL);
    end_first(q);
}

/* "user:password" or a token, in the first line of the file; read each time, so that it can be
 * changed. Returns the header, "" without. */
static int authorization(const char *path, struct err *e, struct str *out)
{
    char line[LIMIT_LOKI_CREDENTIALS];
    if (str_is_empty(path))
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    int r = n < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    if (r < 0)
        return err_set(e, r, "%s can't be read: %s.", path, strerror(-r));
    line[n] = 0;
    line[strcspn(line, "\r\n")] = 0;
    if (strchr(line, ':')) {
        char text[LIMIT_LOKI_CREDENTIALS * 4 / 3 + 8];
        sodium_bin2base64(text, sizeof text, (unsigned char *)line, strlen(line),
                          sodium_base64_VARIANT_ORIGINAL);
        str_addf(out, "Authorization: Basic %s", text);
    } else {
        str_addf(out, "Authorization: Bearer %s", line);
    }
    sodium_memzero(line, sizeof line);
    return 0;
}

static void push_first(struct loki_queue *q)
{
    const char *headers[5] = {"Content-Type: application/x-protobuf",
                              "User-Agent: hydra/" HYDRA_VERSION};
    AUTO(str_done) struct str secret = {0};
    AUTO(mem_freep) char *tenant = q->tenant ? mem_printf("X-Scope-OrgID: %s", q->tenant) : NULL;
    struct err e = {0};
    size_t n = 2;
    const struct batch *b = q->v.v[0];
    int r = authorization(q->credentials, &e, &secret);
    if (tenant)
        headers[n++] = tenant;
    if (secret.len)
        headers[n++] = secret.p;
    if (r == 0)
        r = http_client_call(q->http,
                             &(struct http_request){.method = "POST",
                                                    .url = q->url,
                                                    .headers = headers,
                                                    .body = b->f.body.p,
                                                    .body_len = b->f.body.len,
                                                    .timeout_ms = PUSH_MS,
                                                    .body_max = LIMIT_ANSWER,
                                                    .cut_body = true,
                                                    .tls_verify = true,
                                                    .on_done = on_answer,
                                                    .arg = q},
                             &e, &q->call);
    if (r < 0)
        rest(q, e.text, "It is tried again, and lines wait.");
    else
        set_state(q, PUSH_ASKING);
}

static void go_on(struct loki_queue *q)
{
    if (q->stopped || q->state != PUSH_IDLE || !q->v.n)
        return;
    if (q->v.v[0]->f.body.len)
        push_first(q);
    else
        read_first(q);
}

/* --- from outside --- */

bool loki_queue_has_room(const struct loki_queue *q)
{
    return !q->unsaved && q->bytes + LIMIT_BATCH_FILE <= q->max;
}

/* Only the oldest stays in memory. */
void loki_queue_add(struct loki_queue *q, struct loki_file *f, size_t size)
{
    struct batch *b = mem_alloc(sizeof *b);
    b->w = (struct loki_waiting){.number = f->number, .size = size, .lines = f->lines};
    b->f = *f;
    *f = (struct loki_file){0};
    if (size && q->v.n)
        loki_file_done(&b->f);
    q->bytes += size;
    q->unsaved += size == 0;
    *vec_add(&q->v) = b;
    go_on(q);
}

void loki_queue_load(struct loki_queue *q, const struct loki_found *f)
{
    for (size_t i = 0; i < f->waiting.n; i++) {
        struct batch *b = mem_alloc(sizeof *b);
        b->w = f->waiting.v[i];
        q->bytes += b->w.size;
        *vec_add(&q->v) = b;
    }
    go_on(q);
}

struct loki_queue *loki_queue_new(struct loop *loop, const struct node_loki *s, const char *dir,
                                  const struct loki_queue_hooks *hooks)
{
    struct loki_queue *q = mem_alloc(sizeof *q);
    q->loop = loop;
    q->hooks = *hooks;
    q->http = http_client_new(loop);
    q->url = mem_strdup(s->url);
    q->tenant = str_is_empty(s->tenant) ? NULL : mem_strdup(s->tenant);
    q->credentials = mem_strdup(s->credentials);
    q->dir = mem_strdup(dir);
    q->max = (size_t)s->spool_mib << 20;
    return q;
}

void loki_queue_stop(struct loki_queue *q)
{
    bool working = q->state == PUSH_READING || q->state == PUSH_ENDING;
    q->stopped = true;
    loop_timer_free(TAKE(q->rest));
    http_client_free(TAKE(q->http));
    if (!working)
        end_if_stopped(q);
}

void loki_queue_free(struct loki_queue *q)
{
    if (!q)
        return;
    for (size_t i = 0; i < q->v.n; i++)
        batch_free(q->v.v[i]);
    vec_done(&q->v);
    mem_free(q->url);
    mem_free(q->tenant);
    mem_free(q->credentials);
    mem_free(q->dir);
    mem_free(q);
}
