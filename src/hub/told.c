#include "hub/told.h"

#include "api/pack.h"
#include "base/clock.h"
#include "base/log.h"

#include <zlib.h>

enum { GZIP = 16, LIMIT_TEXT = LIMIT_TOLD / 3 * 4 + 4 }; /* GZIP: zlib reads its head and tail */

struct told {
    struct loop *loop;
    struct workers *workers;
    struct store *store;
    struct cluster *cluster;
    struct batch *writing; /* NULL = none. No second one beside it: the latest word has to last */
    bool failed;           /* the last one: it was said */
};

struct row {
    char *node;
    int64_t seen_ms;
    bool heard, away;
    struct str reports;
    char *text; /* encoded, instead of `reports` */
};

/* Rows on their way to the database, in one transaction. */
struct batch {
    struct told *told;
    VEC(struct row) rows;
    int r;
    struct err e;
};

static struct cluster_now now(void)
{
    return (struct cluster_now){.mono_ms = clock_mono_ms(), .wall_ms = clock_wall_ms()};
}

struct told *told_new(struct loop *loop, struct workers *workers, struct store *store,
                      struct cluster *c)
{
    struct told *t = mem_alloc(sizeof *t);
    *t = (struct told){.loop = loop, .workers = workers, .store = store, .cluster = c};
    return t;
}

/* --- writing --- */

static char *encode(const struct str *reports)
{
    AUTO(str_done) struct str packed = {0};
    if (!pack_gzip(reports, &packed)) /* too little to be worth it */
        str_add_n(&packed, reports->p, reports->len);
    char *text = mem_alloc((packed.len + 2) / 3 * 4 + 1);
    str_base64url(packed.p, packed.len, text);
    return text;
}

static void encode_row(struct row *row)
{
    row->text = encode(&row->reports);
    str_done(&row->reports);
}

/* A node that was removed meanwhile gets no row. */
static int write_row(struct db *db, const struct row *row, struct err *e)
{
    return db_exec(db, e,
                   "INSERT INTO node_told (node, version, seen_ms, heard, away, reports) "
                   "SELECT id, $2, $3, $4, $5, $6 FROM nodes WHERE id = $1 "
                   "ON CONFLICT (node) DO UPDATE SET version = excluded.version, "
                   "seen_ms = excluded.seen_ms, heard = excluded.heard, away = excluded.away, "
                   "reports = excluded.reports",
                   "siiiis", row->node, (int64_t)TOLD_VERSION, row->seen_ms, (int64_t)row->heard,
                   (int64_t)row->away, row->text);
}

static int write_batch(const struct batch *b, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    int r = store_take(b->told->store, e, &db);
    if (r >= 0)
        r = db_begin(db, e);
    for (size_t i = 0; r >= 0 && i < b->rows.n; i++)
        r = write_row(db, &b->rows.v[i], e);
    return r >= 0 ? db_commit(db, e) : r;
}

static struct batch *batch_new(struct told *t)
{
    struct batch *b = mem_alloc(sizeof *b);
    b->told = t;
    return b;
}

static void batch_free(struct batch *b)
{
    for (size_t i = 0; i < b->rows.n; i++) {
        mem_free(b->rows.v[i].node);
        mem_free(b->rows.v[i].text);
        str_done(&b->rows.v[i].reports);
    }
    vec_done(&b->rows);
    mem_free(b);
}

static void tell_again(const struct batch *b)
{
    for (size_t i = 0; i < b->rows.n; i++)
        cluster_told_again(b->told->cluster, b->rows.v[i].node, now());
}

static struct row *add_row(struct batch *b, struct cluster_told *what)
{
    struct row *row = vec_add(&b->rows);
    *row = (struct row){.node = mem_strdup(what->node),
                        .seen_ms = what->seen_ms,
                        .heard = what->heard,
                        .away = what->away,
                        .reports = what->reports};
    return row;
}

static void after_write(void *arg)
{
    struct batch *b = arg;
    struct told *t = b->told;
    if (b->r < 0 && !t->failed)
        log_warn("hub", "what nodes told is not kept, it is tried again", "nodes=%zu error=%s",
                 b->rows.n, LOG_Q(b->e.text));
    if (b->r < 0)
        tell_again(b);
    t->failed = b->r < 0;
    t->writing = NULL;
    batch_free(b);
}

static void write_on_worker(void *arg)
{
    struct batch *b = arg;
    for (size_t i = 0; i < b->rows.n; i++)
        encode_row(&b->rows.v[i]);
    b->r = write_batch(b, &b->e);
    loop_post(b->told->loop, after_write, b);
}

static void keep_later(void *arg, struct cluster_told *what)
{
    add_row(arg, what);
}

void told_tick(struct told *t)
{
    if (t->writing)
        return;
    struct batch *b = batch_new(t);
    cluster_told(t->cluster, false, keep_later, b, now());
    if (b->rows.n && workers_submit(t->workers, write_on_worker, b) >= 0) {
        t->writing = b;
        return;
    }
    tell_again(b);
    batch_free(b);
}

/* At the end there are many: packed at once. */
static void keep_now(void *arg, struct cluster_told *what)
{
    encode_row(add_row(arg, what));
}

static void keep_all(struct told *t)
{
    struct batch *b = batch_new(t);
    cluster_told(t->cluster, true, keep_now, b, now());
    if (b->rows.n && write_batch(b, &b->e) < 0)
        log_warn("hub", "what nodes told last is not kept", "nodes=%zu error=%s", b->rows.n,
                 LOG_Q(b->e.text));
    batch_free(b);
}

static void free_self(void *arg)
{
    mem_free(arg);
}

/* Freed by the loop, after the last answer of a worker that points here. */
void told_free(struct told *t)
{
    if (!t)
        return;
    if (t->writing && t->writing->r < 0) /* its answer waits on the loop */
        tell_again(t->writing);
    keep_all(t);
    loop_post(t->loop, free_self, t);
}

/* --- recalling --- */

static bool is_packed(const struct str *bytes)
{
    return bytes->len > 2 && (unsigned char)bytes->p[0] == 0x1f &&
           (unsigned char)bytes->p[1] == 0x8b;
}

static bool unpack(const struct str *packed, struct str *out)
{
    z_stream z = {.next_in = (Bytef *)packed->p, .avail_in = (uInt)packed->len};
    if (inflateInit2(&z, MAX_WBITS + GZIP) != Z_OK)
        return false;
    int r = Z_OK;
    while (r == Z_OK && out->len < LIMIT_TOLD) {
        str_reserve(out, out->len + packed->len * 4 + 1);
        size_t room = out->cap - out->len - 1;
        z.next_out = (Bytef *)out->p + out->len;
        z.avail_out = (uInt)room;
        r = inflate(&z, Z_NO_FLUSH);
        out->len += room - z.avail_out;
    }
    inflateEnd(&z);
    return r == Z_STREAM_END && out->len <= LIMIT_TOLD;
}

static bool decode(const char *text, struct str *out)
{
    AUTO(str_done) struct str bytes = {0};
    size_t len = strlen(text);
    if (len > LIMIT_TEXT)
        return false;
    str_reserve(&bytes, len + 1);
    int n = str_unbase64url(text, bytes.p, bytes.cap);
    bytes.len = n < 0 ? 0 : (size_t)n;
    if (n > 0 && is_packed(&bytes))
        return unpack(&bytes, out);
    if (n > 0)
        str_add_n(out, bytes.p, bytes.len);
    return n > 0;
}

static void recall_row(struct cluster *c, const struct rows *rows, int64_t watched_ms,
                       struct cluster_now at)
{
    struct err e = {0};
    struct cluster_told t = {.node = rows_text(rows, 0),
                             .seen_ms = rows_int(rows, 1),
                             .heard = rows_int(rows, 2),
                             .away = rows_int(rows, 3)};
    if (t.heard && watched_ms > t.seen_ms)
        t.seen_ms = watched_ms;
    int r = decode(rows_text(rows, 4), &t.reports) ? cluster_recall_told(c, &t, at, &e)
                                                   : err_set(&e, -EBADMSG, "It is damaged.");
    if (r < 0)
        log_warn("hub", "what a node told before is not known any more", "node=%s error=%s", t.node,
                 LOG_Q(e.text));
    str_done(&t.reports);
}

int told_recall(struct db *db, struct cluster *c, int64_t watched_ms, struct cluster_now at,
                struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(db, e,
                     "SELECT node, seen_ms, heard, away, reports FROM node_told WHERE version = $1 "
                     "ORDER BY node",
                     &rows, "i", (int64_t)TOLD_VERSION);
    while (r >= 0 && (r = rows_next(rows, e)) > 0)
        recall_row(c, rows, watched_ms, at);
    return r;
}
