/* What PostgreSQL's codes (SQLSTATE, appendix A of its manual) mean to a person. */
#include "store/postgresql-private.h"

#include <ctype.h>

enum { MESSAGE_MAX = 300 };

/* A server's words on one line, without passwords, the full stop and libpq's hints (lines that
 * begin with a tab). */
static const char *one_line(const struct store *s, const char *text, char ret[MESSAGE_MAX])
{
    size_t n = 0;
    for (const char *p = text ? text : ""; *p && n + 1 < MESSAGE_MAX; p++) {
        if (p[0] == '\n' && p[1] == '\t') {
            p += strcspn(p + 1, "\n");
            continue;
        }
        bool space = isspace((unsigned char)*p);
        if (!space)
            ret[n++] = *p;
        else if (n > 0 && ret[n - 1] != ' ')
            ret[n++] = ' ';
    }
    while (n > 0 && (ret[n - 1] == ' ' || ret[n - 1] == '.'))
        n--;
    ret[n] = 0;
    url_hide_passwords(s->url, ret);
    return ret;
}

int pg_fail_connect(const struct store *s, const struct libpq *pq, PGconn *conn, struct err *e)
{
    char what[MESSAGE_MAX];
    const char *text = conn ? pq->PQerrorMessage(conn) : "out of memory";
    return err_set(e, -ECONNREFUSED,
                   "%s does not answer: %s. Start PostgreSQL or correct the address (--database); "
                   "Hydra goes on by itself once it answers.",
                   s->label, one_line(s, text, what));
}

enum meaning {
    MEANS_STATEMENT, /* ours is wrong */
    MEANS_BROKEN,
    MEANS_FULL,
    MEANS_READ_ONLY,
    MEANS_BUSY,
    MEANS_SHORT_OF_CONNECTIONS,
    MEANS_NO_RIGHTS,
    MEANS_DISK_ERROR,
    MEANS_DAMAGED,
    MEANS_OUT_OF_MEMORY,
    MEANS_DUPLICATE,
    MEANS_NO_PARENT,
};

static enum meaning meaning_of(const char *state)
{
    static const struct {
        const char *state; /* a code or its beginning; the first that fits counts */
        enum meaning meaning;
    } table[] = {
        {"08P01", MEANS_STATEMENT},
        {"08", MEANS_BROKEN},
        {"57P0", MEANS_BROKEN},
        {"57014", MEANS_BUSY},
        {"25006", MEANS_READ_ONLY},
        {"25P03", MEANS_BROKEN},
        {"55P03", MEANS_BUSY},
        {"40", MEANS_BUSY},
        {"53100", MEANS_FULL},
        {"53200", MEANS_OUT_OF_MEMORY},
        {"53300", MEANS_SHORT_OF_CONNECTIONS},
        {"42501", MEANS_NO_RIGHTS},
        {"28", MEANS_NO_RIGHTS},
        {"58030", MEANS_DISK_ERROR},
        {"XX001", MEANS_DAMAGED},
        {"XX002", MEANS_DAMAGED},
        {"23505", MEANS_DUPLICATE},
        {"23503", MEANS_NO_PARENT},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++)
        if (str_starts(state, table[i].state))
            return table[i].meaning;
    return MEANS_STATEMENT;
}

static int say(const char *label, enum meaning meaning, const char *what, const char *sql,
               struct err *e)
{
    switch (meaning) {
    case MEANS_BROKEN:
        return err_set(e, -EPIPE,
                       "The connection to %s broke (%s). Hydra connects again by itself.", label,
                       what);
    case MEANS_FULL:
        return err_set(e, -ENOSPC,
                       "The disk of %s is full (%s): nothing can be saved. Free some space there; "
                       "what was saved before is safe, and saving goes on by itself.",
                       label, what);
    case MEANS_READ_ONLY:
        return err_set(e, -EROFS,
                       "%s is read-only (%s). Name the primary server instead of a standby, or "
                       "switch default_transaction_read_only off.",
                       label, what);
    case MEANS_BUSY:
        return err_set(e, -EBUSY,
                       "%s was locked by another session for too long (%s), so this change was not "
                       "saved. Look for it in pg_stat_activity, then try again.",
                       label, what);
    case MEANS_SHORT_OF_CONNECTIONS:
        return err_set(e, -ECONNREFUSED,
                       "%s has no connection left (%s). Raise max_connections there.", label, what);
    case MEANS_NO_RIGHTS:
        return err_set(e, -EACCES,
                       "%s refuses this user (%s). Make the user the owner of the database.", label,
                       what);
    case MEANS_DISK_ERROR:
        return err_set(e, -EIO, "The disk of %s reports errors (%s). Look into its log.", label,
                       what);
    case MEANS_DAMAGED:
        return err_set(e, -EBADMSG, "%s is damaged (%s). Bring a backup back (pg_restore).", label,
                       what);
    case MEANS_OUT_OF_MEMORY:
        return err_set(e, -ENOMEM, "%s is out of memory (%s).", label, what);
    case MEANS_DUPLICATE:
        return err_set(e, -EEXIST, "There is one already (%s).", what);
    case MEANS_NO_PARENT:
        return err_set(e, -ENOENT, "What this refers to does not exist (%s).", what);
    case MEANS_STATEMENT:
        break;
    }
    return err_set(e, -EINVAL, "The database refuses a statement: %s, in: %.150s", what, sql);
}

int pg_fail(struct pg_db *db, const PGresult *res, const char *sql, struct err *e)
{
    const struct store *s = db->base.store;
    char what[MESSAGE_MAX];
    const char *state = res ? db->pq->PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *text = state ? db->pq->PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY)
                             : db->pq->PQerrorMessage(db->conn);
    enum meaning meaning = state ? meaning_of(state) : MEANS_BROKEN;
    /* 0A000, 26000: a prepared statement that the server forgot or whose tables changed */
    if (meaning == MEANS_BROKEN || str_eq(state, "0A000") || str_eq(state, "26000") ||
        db->pq->PQstatus(db->conn) != CONNECTION_OK)
        db->base.broken = true;
    return say(s->label, meaning, one_line(s, text, what), sql, e);
}
