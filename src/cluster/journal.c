#include "cluster/journal.h"

#include <stdio.h>

void journal_add_feed(struct journal_batch *b, const struct feed_entry *entry)
{
    struct feed_entry *copy = vec_add(&b->feed);
    *copy = *entry;
    copy->node = mem_strdup(entry->node ? entry->node : "");
    copy->service = mem_strdup(entry->service ? entry->service : "");
    copy->text = mem_strdup(entry->text);
}

void journal_add_state(struct journal_batch *b, const char *service, enum service_state state,
                       int64_t since_ms)
{
    for (size_t i = 0; i < b->states.n; i++)
        if (str_eq(b->states.v[i].service, service)) {
            b->states.v[i].state = state;
            b->states.v[i].since_ms = since_ms;
            return;
        }
    *vec_add(&b->states) = (struct state_note){mem_strdup(service), state, since_ms};
}

bool journal_is_empty(const struct journal_batch *b)
{
    return b->feed.n == 0 && b->states.n == 0;
}

void journal_done(struct journal_batch *b)
{
    for (size_t i = 0; i < b->feed.n; i++) {
        mem_free((char *)b->feed.v[i].node);
        mem_free((char *)b->feed.v[i].service);
        mem_free((char *)b->feed.v[i].text);
    }
    for (size_t i = 0; i < b->states.n; i++)
        mem_free(b->states.v[i].service);
    vec_done(&b->feed);
    vec_done(&b->states);
}

static int write_feed(struct db *db, const struct feed_entry *f, struct err *e)
{
    return db_exec(db, e,
                   "INSERT INTO events (id, time_ms, severity, kind, node, service, text) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   "sisssss", f->id, f->time_ms, f->severity, f->kind, f->node, f->service,
                   f->text);
}

static int write_state(struct db *db, const struct state_note *s, int64_t now, struct err *e)
{
    const char *state = service_state_name(s->state);
    int r = db_exec(
        db, e,
        "INSERT INTO service_states (id, state, since_ms, seen_ms) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (id) DO UPDATE SET state = excluded.state, since_ms = excluded.since_ms, "
        "seen_ms = excluded.seen_ms",
        "ssii", s->service, state, s->since_ms, now);
    if (r < 0)
        return r;
    return db_exec(db, e,
                   "INSERT INTO service_history (service, from_ms, state) VALUES ($1, $2, $3)",
                   "sis", s->service, s->since_ms, state);
}

int journal_write(struct db *db, const struct journal_batch *b, int64_t now_wall_ms, struct err *e)
{
    int r = db_begin(db, e);
    for (size_t i = 0; r >= 0 && i < b->feed.n; i++)
        r = write_feed(db, &b->feed.v[i], e);
    for (size_t i = 0; r >= 0 && i < b->states.n; i++)
        r = write_state(db, &b->states.v[i], now_wall_ms, e);
    if (r >= 0)
        return db_commit(db, e);
    db_rollback(db);
    return r;
}

int journal_trim(struct db *db, int64_t now_wall_ms, struct err *e)
{
    int64_t oldest = now_wall_ms - (int64_t)LIMIT_HISTORY_DAYS * 86400000;
    int r = db_exec(db, e, "DELETE FROM service_history WHERE from_ms < $1", "i", oldest);
    if (r < 0)
        return r;
    return db_exec(db, e,
                   "DELETE FROM events WHERE sequence <= (SELECT max(sequence) FROM events) - $1",
                   "i", (int64_t)LIMIT_FEED_ROWS);
}

/* A condition that is true for everything when its value is NULL: one statement for every filter.
 */
int journal_read(struct db *db, const struct feed_filter *f,
                 bool (*each)(void *arg, const struct feed_entry *entry, int64_t row), void *arg,
                 struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    char *like = f->text ? mem_printf("%%%s%%", f->text) : NULL;
    int r = db_query(
        db, e,
        "SELECT sequence, id, time_ms, severity, kind, node, service, text FROM events "
        "WHERE ($1 = 0 OR sequence < $1) AND ($2 = '' OR severity = $2) AND ($3 = '' OR node = $3) "
        "AND ($4 = '' OR service = $4) AND ($5 = '' OR lower(text) LIKE lower($5)) "
        "ORDER BY sequence DESC LIMIT $6",
        &rows, "issssi", f->before, f->severity ? f->severity : "", f->node ? f->node : "",
        f->service ? f->service : "", like ? like : "", (int64_t)f->limit);
    mem_free(like);
    int n = 0;
    while (r >= 0 && (r = rows_next(rows, e)) > 0) {
        struct feed_entry entry = {.time_ms = rows_int(rows, 2),
                                   .severity = rows_text(rows, 3),
                                   .kind = rows_text(rows, 4),
                                   .node = rows_text(rows, 5),
                                   .service = rows_text(rows, 6),
                                   .text = rows_text(rows, 7)};
        str_copy(entry.id, sizeof entry.id, rows_text(rows, 1));
        n++;
        if (!each(arg, &entry, rows_int(rows, 0)))
            break;
    }
    return r < 0 ? r : n;
}

int journal_states(struct db *db,
                   void (*each)(void *arg, const char *service, enum service_state state,
                                int64_t since_ms),
                   void *arg, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(db, e, "SELECT id, state, since_ms FROM service_states", &rows, "");
    while (r >= 0 && (r = rows_next(rows, e)) > 0) {
        enum service_state state = STATE_UNKNOWN;
        for (enum service_state s = STATE_HEALTHY; s <= STATE_STOPPED; s++)
            if (str_eq(service_state_name(s), rows_text(rows, 1)))
                state = s;
        each(arg, rows_text(rows, 0), state, rows_int(rows, 2));
    }
    return r;
}
