#include "node/loki.h"

#include "base/clock.h"
#include "base/log.h"
#include "node/loki-private.h"
#include "node/snappy-library.h"

#include <unistd.h>

enum { BATCH_MS = 1000 };

/* Off: NULL. It lives until the last of its threads has ended, also when the node is gone before:
 * `parts` counts those. */
struct loki {
    struct node *node; /* NULL after the stop */
    struct loop *loop;
    char *host, *dir;
    struct loop_timer *timer;
    struct loki_places places;
    struct loki_reading *reading; /* NULL until the folder was read */
    struct loki_queue *queue;
    struct loki_lines lines; /* the next batch */
    int64_t begun_ms;        /* mono: its first line */
    uint64_t number;         /* of the batch made last */
    bool packing;
    struct map units, containers; /* the worker's while packing */
    unsigned parts;
    bool failing;
};

static void part_ended(void *arg)
{
    struct loki *l = arg;
    if (--l->parts)
        return;
    loki_reading_free(l->reading);
    loki_queue_free(l->queue);
    loki_places_done(&l->places);
    loki_lines_done(&l->lines);
    loki_names_done(&l->units);
    loki_names_done(&l->containers);
    mem_free(l->host);
    mem_free(l->dir);
    mem_free(l);
}

static void tell(struct loki *l, const char *text, const char *hint)
{
    if (!l->node)
        return;
    bool told = node_source(l->node, "loki", text ? SOURCE_FAILED : SOURCE_OK, text, hint, false);
    if (told && text)
        log_warn("loki", "logs can't be pushed", "why=%s advice=%s", LOG_Q(text), LOG_Q(hint));
    else if (told && l->failing)
        log_info("loki", "logs are pushed again", "url=%s", l->node->settings.loki.url);
    l->failing = text != NULL;
}

static void on_trouble(void *arg, const char *text, const char *hint)
{
    tell(arg, text, hint);
}

/* --- a batch --- */

struct packing {
    uv_work_t work;
    struct loki *l;
    struct loki_lines lines;
    struct loki_file file;
    int64_t size;
    struct err e;
    int result;
};

static void do_pack(uv_work_t *w)
{
    struct packing *p = CONTAINER_OF(w, struct packing, work);
    AUTO(str_done) struct str plain = {0};
    loki_pack(&p->lines, p->l->host, &p->l->units, &p->l->containers, &plain);
    p->result = snappy_library_compress(plain.p, plain.len, &p->e, &p->file.body);
    if (p->result == 0)
        p->size = loki_file_write(p->l->dir, &p->file);
}

static void go_on(struct loki *l);

static void on_packed(uv_work_t *w, int status)
{
    struct packing *p = CONTAINER_OF(w, struct packing, work);
    struct loki *l = p->l;
    (void)status;
    l->packing = false;
    if (p->result < 0)
        log_error("loki", "a batch can't be made and is lost", "error=%s", LOG_Q(p->e.text));
    else if (p->size < 0)
        log_warn("loki", "a batch can't be kept on disk: nothing is read until Loki has it",
                 "folder=%s error=%s", l->dir, strerror((int)-p->size));
    if (l->node && p->result == 0)
        loki_queue_add(l->queue, &p->file, p->size > 0 ? (size_t)p->size : 0);
    loki_lines_done(&p->lines);
    loki_file_done(&p->file);
    mem_free(p);
    if (l->node)
        go_on(l);
    part_ended(l);
}

static void pack(struct loki *l)
{
    struct packing *p = mem_alloc(sizeof *p);
    p->l = l;
    p->lines = l->lines;
    l->lines = (struct loki_lines){0};
    p->file.number = ++l->number;
    p->file.lines = (unsigned)p->lines.v.n;
    loki_places_print(&l->places, &p->file.places);
    l->packing = true;
    l->parts++;
    uv_queue_work(loop_uv(l->loop), &p->work, do_pack, on_packed);
}

static bool is_full(const struct loki *l)
{
    return l->lines.v.n >= LOKI_BATCH_LINES || l->lines.bytes >= LOKI_BATCH_BYTES;
}

static void pack_if_due(struct loki *l)
{
    bool due = is_full(l) || (l->lines.v.n && clock_mono_ms() - l->begun_ms >= BATCH_MS);
    if (due && !l->packing && loki_queue_has_room(l->queue))
        pack(l);
}

static bool on_line(void *arg, struct loki_line *line)
{
    struct loki *l = arg;
    if (is_full(l))
        return false;
    if (!l->lines.v.n)
        l->begun_ms = clock_mono_ms();
    l->lines.bytes += strlen(line->line.text) + sizeof *line;
    *vec_add(&l->lines.v) = *line;
    return true;
}

static void go_on(struct loki *l)
{
    pack_if_due(l);
    loki_reading_go_on(l->reading);
    pack_if_due(l);
}

static void on_room(void *arg)
{
    struct loki *l = arg;
    if (l->node && l->reading)
        go_on(l);
}

static void on_timer(void *arg)
{
    struct loki *l = arg;
    if (!l->reading)
        return;
    loki_reading_look(l->reading, clock_mono_ms());
    go_on(l);
}

/* --- the start --- */

struct finding {
    uv_work_t work;
    struct loki *l;
    struct loki_found found;
    struct err e;
    int result;
};

static void do_find(uv_work_t *w)
{
    struct finding *f = CONTAINER_OF(w, struct finding, work);
    f->result = snappy_library_check(&f->e);
    if (f->result == 0)
        f->result = loki_file_find(f->l->dir, &f->e, &f->found);
}

static void begin(struct loki *l, const struct loki_found *f)
{
    if (f->places.len && loki_places_parse(&l->places, f->places.p, f->places.len) < 0)
        log_warn("loki", "where the last run ended is not known: only new lines are pushed",
                 "folder=%s", l->dir);
    if (!l->places.begun_us)
        l->places.begun_us = clock_wall_ms() * 1000;
    if (!loki_place_add(&l->places, ""))
        log_error("loki", "the journal is not pushed: too many places are kept", "folder=%s",
                  l->dir);
    l->number = f->last;
    l->parts++;
    l->reading = loki_reading_new(
        l->node, &l->places,
        &(struct loki_reading_hooks){.take = on_line, .ended = part_ended, .arg = l});
    loki_queue_load(l->queue, f);
    log_info("loki", "pushing logs", "url=%s waiting=%zu", l->node->settings.loki.url,
             f->waiting.n);
    on_timer(l);
}

static void on_found(uv_work_t *w, int status)
{
    struct finding *f = CONTAINER_OF(w, struct finding, work);
    struct loki *l = f->l;
    (void)status;
    if (l->node && f->result == 0)
        begin(l, &f->found);
    else if (l->node)
        tell(l, f->e.text, "Logs are pushed after the next start.");
    loki_found_done(&f->found);
    mem_free(f);
    part_ended(l);
}

static char *host_name(const struct node_loki *s)
{
    char name[256] = "";
    if (!str_is_empty(s->host))
        return mem_strdup(s->host);
    if (gethostname(name, sizeof name - 1) < 0)
        str_copy(name, sizeof name, "unknown");
    return mem_strdup(name);
}

static void *start(struct node *n)
{
    const struct node_loki *s = &n->settings.loki;
    if (str_is_empty(s->url) || !n->settings.state_dir)
        return NULL;
    struct loki *l = mem_alloc(sizeof *l);
    l->node = n;
    l->loop = n->loop;
    l->host = host_name(s);
    l->dir = mem_printf("%s/loki", n->settings.state_dir);
    l->parts = 2; /* the queue, the finding */
    l->queue = loki_queue_new(
        n->loop, s, l->dir,
        &(struct loki_queue_hooks){
            .changed = on_room, .trouble = on_trouble, .ended = part_ended, .arg = l});
    l->timer = loop_timer_new(n->loop, BATCH_MS, BATCH_MS, on_timer, l);
    struct finding *f = mem_alloc(sizeof *f);
    f->l = l;
    uv_queue_work(loop_uv(n->loop), &f->work, do_find, on_found);
    return l;
}

static void stop(void *state)
{
    struct loki *l = state;
    if (!l)
        return;
    l->node = NULL;
    loop_timer_free(TAKE(l->timer));
    l->parts++; /* until all were told */
    if (l->reading)
        loki_reading_stop(l->reading);
    loki_queue_stop(l->queue);
    part_ended(l);
}

const struct node_module loki_module = {.name = "loki", .start = start, .stop = stop};

/* --- its address --- */

int node_loki_url(const char *text, struct err *e, char **ret_url)
{
    size_t scheme = str_starts(text, "http://")    ? strlen("http://")
                    : str_starts(text, "https://") ? strlen("https://")
                                                   : 0;
    const char *authority = text + scheme;
    size_t n = strcspn(authority, "/?#");
    if (!scheme || !n || strpbrk(text, " \t\r\n#"))
        return err_set(e, -EINVAL, "“%s” is no address of Loki: http://HOST:3100, or https://….",
                       text);
    if (memchr(authority, '@', n))
        return err_set(e, -EINVAL,
                       "The address of Loki has credentials in it: put them into a file, which "
                       "--loki-auth names.");
    bool bare = !authority[n] || str_eq(authority + n, "/");
    *ret_url =
        bare ? mem_printf("%.*s/loki/api/v1/push", (int)(scheme + n), text) : mem_strdup(text);
    return 0;
}
