#include "store/store-private.h"

#include <assert.h>

static void ended(struct db *db)
{
    db->txn = TXN_NONE;
    db->wrote = false;
    db->doomed = (struct err){0};
}

/* Nothing was sent yet that could have had an effect, so a second try is safe. */
static int begin(struct db *db, struct err *e, enum txn_verb verb)
{
    int r = db->ops->control(db, e, verb);
    if (r == 0 || !db->broken || !db->ops->reopen)
        return r;
    r = db->ops->reopen(db, e);
    return r < 0 ? r : db->ops->control(db, e, verb);
}

int db_begin(struct db *db, struct err *e)
{
    struct err own = {0};
    e = e ? e : &own;
    assert(db->txn == TXN_NONE);
    int r = begin(db, e, TXN_BEGIN_WRITE);
    if (r < 0)
        return health_note(db->store, r, HEALTH_WRITE, e);
    db->txn = TXN_WRITE;
    return 0;
}

int db_begin_read(struct db *db, struct err *e)
{
    struct err own = {0};
    e = e ? e : &own;
    assert(db->txn == TXN_NONE);
    int r = begin(db, e, TXN_BEGIN_READ);
    if (r < 0)
        return health_note(db->store, r, HEALTH_READ, e);
    db->txn = TXN_READ;
    return 0;
}

int db_commit(struct db *db, struct err *e)
{
    struct err own = {0};
    e = e ? e : &own;
    assert(db->txn != TXN_NONE);
    if (db->doomed.code) {
        *e = db->doomed;
        db_rollback(db);
        return e->code;
    }
    enum health_kind kind = db->wrote ? HEALTH_WRITE : HEALTH_READ;
    int r = db->ops->control(db, e, TXN_COMMIT);
    if (r < 0)
        db_rollback(db);
    ended(db);
    return health_note(db->store, r, kind, e);
}

void db_rollback(struct db *db)
{
    struct err ignored = {0};
    if (db->txn == TXN_NONE)
        return;
    if (!db->broken && db->ops->control(db, &ignored, TXN_ROLLBACK) < 0)
        db->broken = true;
    ended(db);
}
