#include "access/audit-private.h"

#include <limits.h>

/* Rows fetched at once: a page holds neither the database's lock nor much memory. */
enum { PAGE_ROWS = 500 };

#define COLUMNS                                                                                    \
    "sequence, time_ms, actor, via, address, action, target, outcome, detail, hash, previous_hash"

/* Valid until the next row. */
static struct audit_entry entry_of(const struct rows *r)
{
    return (struct audit_entry){
        .sequence = rows_int(r, 0),
        .time_ms = rows_int(r, 1),
        .actor = rows_text(r, 2),
        .via = rows_text(r, 3),
        .address = rows_text(r, 4),
        .action = rows_text(r, 5),
        .target = rows_text(r, 6),
        .outcome = rows_text(r, 7),
        .detail = rows_text(r, 8),
        .hash = rows_text(r, 9),
    };
}

/* --- reading --- */

/* `text` as a pattern for LIKE with '\' as escape. */
static void add_pattern(struct str *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("%_\\", *text))
            str_add_char(out, '\\');
        str_add_char(out, *text);
    }
}

/* A condition per parameter, in this order; one that is not asked for is true of every row but
 * still takes its parameter. */
struct query {
    struct str sql, action, text;
    const char *actor, *target, *outcome;
};

static void add_condition(struct str *sql, bool active, const char *condition,
                          const char *otherwise)
{
    str_add(sql, " AND ");
    str_add(sql, active ? condition : otherwise);
}

static void build_action(struct query *q, const char *action)
{
    bool prefix = action && str_ends(action, ".");
    if (prefix) {
        add_pattern(&q->action, action);
        str_add_char(&q->action, '%');
    } else {
        str_add(&q->action, action ? action : "");
    }
    add_condition(&q->sql, action, prefix ? "action LIKE $2 ESCAPE '\\'" : "action = $2",
                  "$2 = ''");
}

static void build_text(struct query *q, const char *text)
{
    if (text) {
        str_add_char(&q->text, '%');
        add_pattern(&q->text, text);
        str_add_char(&q->text, '%');
    }
    add_condition(&q->sql, text,
                  "lower(actor || ' ' || action || ' ' || target || ' ' || address || ' ' || "
                  "detail) LIKE lower($5) ESCAPE '\\'",
                  "$5 = ''");
}

static void build(struct query *q, const struct audit_filter *f)
{
    q->actor = f->actor ? f->actor : "";
    q->target = f->target ? f->target : "";
    q->outcome = f->outcome ? f->outcome : "";
    str_add(&q->sql, "SELECT " COLUMNS " FROM audit_log WHERE true");
    add_condition(&q->sql, f->actor, "actor = $1", "$1 = ''");
    build_action(q, f->action);
    add_condition(&q->sql, f->target, "target = $3", "$3 = ''");
    add_condition(&q->sql, f->outcome, "outcome = $4", "$4 = ''");
    build_text(q, f->text);
    str_addf(&q->sql,
             " AND time_ms >= $6 AND time_ms < $7 AND sequence < $8 "
             "ORDER BY sequence DESC LIMIT %d",
             PAGE_ROWS);
}

static void query_done(struct query *q)
{
    str_done(&q->sql);
    str_done(&q->action);
    str_done(&q->text);
}

struct reader {
    bool (*each)(void *arg, const struct audit_entry *entry);
    void *arg;
    unsigned left; /* rows still wanted */
    int count;
    int64_t before;
};

static int read_page(struct db *db, const struct query *q, const struct audit_filter *f,
                     struct reader *reader, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int seen = 0;
    int r = db_query(db, e, str_text(&q->sql), &rows, "sssssiii", q->actor, str_text(&q->action),
                     q->target, q->outcome, str_text(&q->text), f->since_ms,
                     f->until_ms ? f->until_ms : INT64_MAX, reader->before);
    while (r >= 0 && reader->left && (r = rows_next(rows, e)) == 1) {
        struct audit_entry entry = entry_of(rows);
        reader->before = entry.sequence;
        reader->count++;
        reader->left--;
        seen++;
        if (!reader->each(reader->arg, &entry))
            reader->left = 0;
    }
    if (seen < PAGE_ROWS)
        reader->left = 0;
    return r;
}

int audit_read(struct db *db, const struct audit_filter *f,
               bool (*each)(void *arg, const struct audit_entry *entry), void *arg, struct err *e)
{
    struct reader reader = {.each = each,
                            .arg = arg,
                            .left = f->limit ? f->limit : INT_MAX,
                            .before = f->before ? f->before : INT64_MAX};
    struct query q = {0};
    int r = 0;
    build(&q, f);
    while (r >= 0 && reader.left)
        r = read_page(db, &q, f, &reader, e);
    query_done(&q);
    return r < 0 ? r : reader.count;
}

/* --- verifying --- */

struct walk {
    int64_t last; /* the last sequence that fits */
    char hash[AUDIT_HASH_SIZE];
    int64_t head; /* what `settings` says is the newest; -1 = nothing */
    char head_hash[AUDIT_HASH_SIZE];
    int64_t bad;
};

static int found_bad(struct walk *w, int64_t sequence, struct err *e, const char *why)
{
    w->bad = sequence;
    return err_set(e, -EBADMSG, "The audit log is not as Hydra wrote it: entry %lld %s.",
                   (long long)sequence, why);
}

static int check_row(struct walk *w, const struct rows *rows, struct err *e)
{
    struct audit_entry entry = entry_of(rows);
    char hash[AUDIT_HASH_SIZE];
    if (entry.sequence != w->last + 1)
        return found_bad(w, w->last + 1, e, "is missing");
    audit_hash(&entry, w->hash, hash);
    if (!str_eq(rows_text(rows, 10), w->hash) || !str_eq(entry.hash, hash))
        return found_bad(w, entry.sequence, e, "was changed");
    if (entry.sequence == w->head && !str_eq(hash, w->head_hash))
        return found_bad(w, entry.sequence, e, "is not the one that was written last");
    w->last = entry.sequence;
    str_copy(w->hash, sizeof w->hash, hash);
    return 0;
}

static int check_page(struct db *db, struct walk *w, bool *ret_end, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int seen = 0;
    int r = db_query(db, e,
                     "SELECT " COLUMNS " FROM audit_log WHERE sequence > $1 "
                     "ORDER BY sequence LIMIT $2",
                     &rows, "ii", w->last, (int64_t)PAGE_ROWS);
    while (r >= 0 && (r = rows_next(rows, e)) == 1) {
        r = check_row(w, rows, e);
        seen++;
    }
    *ret_end = seen < PAGE_ROWS;
    return r;
}

static int check_end(struct walk *w, struct err *e)
{
    if (w->last < w->head)
        return found_bad(w, w->last + 1, e, "is missing");
    if (w->last > 0 && w->head < 0)
        return found_bad(w, w->last, e, "is not known to be the last one written");
    return 0;
}

static int read_head(struct db *db, struct walk *w, struct err *e)
{
    int r = audit_head(db, e, &w->head, w->head_hash);
    return r == -ENOENT ? 0 : r;
}

static int walk_on(struct db *db, struct walk *w, struct err *e)
{
    bool end = false;
    int r = 0;
    while (r >= 0 && !end)
        r = check_page(db, w, &end, e);
    return r;
}

/* The head is read first: what is appended meanwhile is walked too, but need not be. */
int audit_verify(struct db *db, int64_t *ret_entries, int64_t *ret_bad, struct err *e)
{
    struct walk w = {.hash = AUDIT_NO_HASH, .head = -1};
    int r = read_head(db, &w, e);
    bool empty = w.head < 0;
    if (r >= 0)
        r = walk_on(db, &w, e);
    if (r >= 0 && empty)
        r = read_head(db, &w, e); /* the first entries may have come meanwhile */
    if (r >= 0 && empty && w.head >= 0)
        r = walk_on(db, &w, e);
    if (r >= 0)
        r = check_end(&w, e);
    if (r < 0) {
        if (r == -EBADMSG)
            *ret_bad = w.bad;
        return r;
    }
    *ret_entries = w.last;
    return 0;
}
