#include "hub/recall.h"

#include "hub/told.h"

enum {
    HISTORY_MS = 24 * 60 * 60 * 1000,
    FEED_ENTRIES = 100,
};

static void recall_state(void *arg, const char *service, enum service_state s, int64_t since_ms)
{
    cluster_recall(arg, service, s, since_ms);
}

static bool recall_feed(void *arg, const struct feed_entry *entry, int64_t row)
{
    (void)row;
    cluster_recall_feed(arg, entry);
    return true;
}

static void recall_stretch(void *arg, const struct state_note *note)
{
    cluster_recall_history(arg, note);
}

/* The last day of every service. What came after the last sign of the Hydra before is not known. */
static int recall_history(struct db *db, struct recorder *recorder, struct cluster *c,
                          int64_t watched_ms, int64_t now_ms, struct err *e)
{
    if (!watched_ms)
        return 0;
    int64_t end_ms = watched_ms < now_ms ? watched_ms : now_ms;
    recorder_close(recorder, end_ms);
    int r = journal_history(db, now_ms - HISTORY_MS, recall_stretch, c, e);
    cluster_recall_end(c, end_ms);
    return r;
}

int recall(struct store *store, struct recorder *recorder, struct cluster *c,
           struct cluster_now now, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    struct service_record *records = NULL;
    size_t n = 0;
    int64_t watched_ms = 0;
    int r = store_take(store, e, &db);
    if (r >= 0)
        r = journal_watched(db, &watched_ms, e);
    if (r >= 0)
        r = recall_history(db, recorder, c, watched_ms, now.wall_ms, e);
    if (r >= 0)
        r = service_record_load(db, &records, &n, e);
    for (size_t i = 0; i < n; i++) {
        cluster_set_record(c, &records[i], now);
        service_record_done(&records[i]);
    }
    mem_free(records);
    if (r >= 0)
        r = journal_states(db, recall_state, c, e);
    if (r >= 0)
        r = told_recall(db, c, watched_ms, now, e);
    if (r >= 0)
        r = journal_read(db, &(struct feed_filter){.limit = FEED_ENTRIES}, recall_feed, c, e);
    return r < 0 ? r : 0;
}
