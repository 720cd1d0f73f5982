#include "cluster/journal.h"

#include <stdio.h>

/* In service_history only: from then on nobody watched. */
#define UNWATCHED "unwatched"

void journal_add_feed(struct journal_batch *b, const struct feed_entry *entry)
{
    struct feed_entry *copy = vec_add(&b->feed);
    *copy = *entry;
    copy->node = mem_strdup(entry->node ? entry->node : "");
    copy->service = mem_strdup(entry->service ? entry->service : "");
    copy->text = mem_strdup(entry->text);
}

static void note_done(struct state_note *n)
{
    mem_free((char *)n->service);
    mem_free((char *)n->reason);
}

/* The service's latest note that `note` takes the place of; NULL = it stands beside all others. */
static struct state_note *find_same(struct journal_batch *b, const struct state_note *note)
{
    for (size_t i = b->states.n; i-- > 0;) {
        struct state_note *n = &b->states.v[i];
        if (!str_eq(n->service, note->service))
            continue;
        bool same = n->from_ms == note->from_ms && n->state == note->state && n->gone == note->gone;
        return same || b->states.n >= LIMIT_JOURNAL_STATES ? n : NULL;
    }
    return NULL;
}

void journal_add_state(struct journal_batch *b, const struct state_note *note)
{
    struct state_note *n = find_same(b, note);
    if (n)
        note_done(n);
    else
        n = vec_add(&b->states);
    *n = *note;
    n->service = mem_strdup(note->service);
    n->reason = note->reason ? mem_strdup(note->reason) : NULL;
}

bool journal_is_empty(const struct journal_batch *b)
{
    return b->feed.n == 0 && b->states.n == 0 && b->closed_ms == 0;
}

void journal_done(struct journal_batch *b)
{
    for (size_t i = 0; i < b->feed.n; i++) {
        mem_free((char *)b->feed.v[i].node);
        mem_free((char *)b->feed.v[i].service);
        mem_free((char *)b->feed.v[i].text);
    }
    for (size_t i = 0; i < b->states.n; i++)
        note_done(&b->states.v[i]);
    vec_done(&b->feed);
    vec_done(&b->states);
    b->closed_ms = 0;
}

static int write_feed(struct db *db, const struct feed_entry *f, struct err *e)
{
    return db_exec(db, e,
                   "INSERT INTO events (id, time_ms, severity, kind, node, service, text) "
                   "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   "sisssss", f->id, f->time_ms, f->severity, f->kind, f->node, f->service,
                   f->text);
}

static int write_last_state(struct db *db, const struct state_note *s, int64_t now, struct err *e)
{
    return db_exec(
        db, e,
        "INSERT INTO service_states (id, state, since_ms, seen_ms) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (id) DO UPDATE SET state = excluded.state, since_ms = excluded.since_ms, "
        "seen_ms = excluded.seen_ms",
        "ssii", s->service, service_state_name(s->state), s->since_ms, now);
}

/* A stretch that is there already has got its reason. */
static int write_history(struct db *db, const struct state_note *s, struct err *e)
{
    const char *state = service_state_name(s->state);
    int n = db_exec(db, e,
                    "UPDATE service_history SET reason = $1 WHERE service = $2 AND from_ms = $3 "
                    "AND state = $4",
                    "ssis", s->reason, s->service, s->from_ms, state);
    if (n != 0)
        return n;
    return db_exec(db, e,
                   "INSERT INTO service_history (service, from_ms, state, reason) "
                   "VALUES ($1, $2, $3, $4)",
                   "siss", s->service, s->from_ms, state, s->reason);
}

static int delete_all(struct db *db, const char *service, struct err *e)
{
    int r = db_exec(db, e, "DELETE FROM service_history WHERE service = $1", "s", service);
    return r < 0 ? r : db_exec(db, e, "DELETE FROM service_states WHERE id = $1", "s", service);
}

static int write_state(struct db *db, const struct state_note *s, int64_t now, struct err *e)
{
    if (s->gone)
        return delete_all(db, s->service, e);
    int r = write_last_state(db, s, now, e);
    return r < 0 ? r : write_history(db, s, e);
}

static int write_closed(struct db *db, int64_t closed_ms, struct err *e)
{
    return db_exec(db, e,
                   "INSERT INTO service_history (service, from_ms, state) "
                   "SELECT id, $1, '" UNWATCHED "' FROM service_states WHERE state <> 'unknown'",
                   "i", closed_ms);
}

static int write_watched(struct db *db, int64_t now, struct err *e)
{
    AUTO(mem_freep) char *value = mem_printf("%lld", (long long)now);
    return db_exec(db, e,
                   "INSERT INTO settings (key, value, changed_ms) VALUES ('hub.watched', $1, $2) "
                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value, "
                   "changed_ms = excluded.changed_ms",
                   "si", value, now);
}

int journal_write(struct db *db, const struct journal_batch *b, int64_t now_wall_ms, struct err *e)
{
    int r = db_begin(db, e);
    if (r >= 0 && b->closed_ms)
        r = write_closed(db, b->closed_ms, e);
    for (size_t i = 0; r >= 0 && i < b->feed.n; i++)
        r = write_feed(db, &b->feed.v[i], e);
    for (size_t i = 0; r >= 0 && i < b->states.n; i++)
        r = write_state(db, &b->states.v[i], now_wall_ms, e);
    if (r >= 0)
        r = write_watched(db, now_wall_ms, e);
    if (r >= 0)
        return db_commit(db, e);
    db_rollback(db);
    return r;
}

/* What still lasts is kept, however old. */
static int trim_history(struct db *db, int64_t oldest, struct err *e)
{
    return db_exec(db, e,
                   "DELETE FROM service_history WHERE from_ms < $1 AND from_ms < "
                   "(SELECT max(later.from_ms) FROM service_history later "
                   "WHERE later.service = service_history.service)",
                   "i", oldest);
}

int journal_trim(struct db *db, int64_t now_wall_ms, struct err *e)
{
    int r = trim_history(db, now_wall_ms - (int64_t)LIMIT_HISTORY_DAYS * 86400000, e);
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

static enum service_state state_of(const char *name)
{
    for (enum service_state s = STATE_HEALTHY; s <= STATE_STOPPED; s++)
        if (str_eq(service_state_name(s), name))
            return s;
    return STATE_UNKNOWN;
}

int journal_watched(struct db *db, int64_t *ret_wall_ms, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(db, e, "SELECT changed_ms FROM settings WHERE key = 'hub.watched'", &rows, "");
    if (r >= 0)
        r = rows_next(rows, e);
    if (r < 0)
        return r;
    *ret_wall_ms = r > 0 ? rows_int(rows, 0) : 0;
    return 0;
}

/* When the oldest of the latest LIMIT_HISTORY_RECALL stretches began, but not before `since_ms`. */
static int recall_from(struct db *db, int64_t since_ms, int64_t *ret_ms, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(db, e,
                     "SELECT from_ms FROM service_history WHERE from_ms >= $1 "
                     "ORDER BY from_ms DESC LIMIT 1 OFFSET $2",
                     &rows, "ii", since_ms, (int64_t)LIMIT_HISTORY_RECALL);
    if (r >= 0)
        r = rows_next(rows, e);
    if (r < 0)
        return r;
    *ret_ms = r > 0 ? rows_int(rows, 0) + 1 : since_ms;
    return 0;
}

int journal_history(struct db *db, int64_t since_ms,
                    void (*each)(void *arg, const struct state_note *note), void *arg,
                    struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int64_t from_ms;
    int r = recall_from(db, since_ms, &from_ms, e);
    if (r >= 0)
        r = db_query(db, e,
                     "SELECT s.id, h.from_ms, h.state, h.reason "
                     "FROM service_states s CROSS JOIN service_history h " /* in this order */
                     "WHERE h.service = s.id AND h.from_ms >= coalesce("
                     "(SELECT max(p.from_ms) FROM service_history p "
                     "WHERE p.service = s.id AND p.from_ms < $1), 0) "
                     "ORDER BY s.id, h.from_ms",
                     &rows, "i", from_ms);
    while (r >= 0 && (r = rows_next(rows, e)) > 0) {
        const char *state = rows_text(rows, 2);
        each(arg, &(struct state_note){.service = rows_text(rows, 0),
                                       .from_ms = rows_int(rows, 1),
                                       .state = state_of(state),
                                       .reason = rows_is_null(rows, 3) ? NULL : rows_text(rows, 3),
                                       .unwatched = str_eq(state, UNWATCHED)});
    }
    return r;
}

int journal_states(struct db *db,
                   void (*each)(void *arg, const char *service, enum service_state state,
                                int64_t since_ms),
                   void *arg, struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int r = db_query(db, e, "SELECT id, state, since_ms FROM service_states", &rows, "");
    while (r >= 0 && (r = rows_next(rows, e)) > 0) {
        each(arg, rows_text(rows, 0), state_of(rows_text(rows, 1)), rows_int(rows, 2));
    }
    return r;
}
