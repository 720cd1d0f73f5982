/* Service records in the database. Worker threads. */
#include "cluster/cluster.h"

#include "base/json.h"

#include <errno.h>

enum { LIMIT_DEPENDS_JSON = 64 * 1024 };

#define COLUMNS                                                                                    \
    "id, manual, hidden, name, url, icon, group_name, description, check_kind, check_target, "     \
    "expect_status, expect_body, interval_ms, timeout_ms, retries, depends_on, created_ms, "       \
    "changed_ms"

static char *text_or_null(const struct rows *r, int column)
{
    return rows_is_null(r, column) ? NULL : mem_strdup(rows_text(r, column));
}

static void read_depends(const char *json, struct str_list *ret)
{
    json_t *list;
    if (json_parse(json, strlen(json), LIMIT_DEPENDS_JSON, NULL, &list) < 0)
        return; /* written by ourselves; a damaged one means no dependencies */
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *id = json_string_value(json_array_get(list, i));
        if (id)
            str_list_add(ret, id);
    }
    json_decref(list);
}

static void read_row(const struct rows *r, struct service_record *ret)
{
    *ret = (struct service_record){0};
    str_copy(ret->id, sizeof ret->id, rows_text(r, 0));
    ret->manual = rows_int(r, 1) != 0;
    ret->hidden = rows_int(r, 2) != 0;
    char **texts[] = {&ret->name,         &ret->url,           &ret->icon,
                      &ret->group,        &ret->description,   &ret->check_kind,
                      &ret->check_target, &ret->expect_status, &ret->expect_body};
    for (int i = 0; i < (int)COUNT_OF(texts); i++)
        *texts[i] = text_or_null(r, 3 + i);
    ret->interval_ms = (uint32_t)rows_int(r, 12);
    ret->timeout_ms = (uint32_t)rows_int(r, 13);
    ret->retries = (uint32_t)rows_int(r, 14);
    read_depends(rows_text(r, 15), &ret->depends_on);
    ret->created_ms = rows_int(r, 16);
    ret->changed_ms = rows_int(r, 17);
}

static void free_all(struct service_record *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        service_record_done(&v[i]);
    mem_free(v);
}

int service_record_load(struct db *db, struct service_record **ret_records, size_t *ret_n,
                        struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int res = db_query(db, e, "SELECT " COLUMNS " FROM services ORDER BY id", &rows, "");
    if (res < 0)
        return res;
    VEC(struct service_record) all = {0};
    while ((res = rows_next(rows, e)) > 0)
        read_row(rows, vec_add(&all));
    if (res < 0) {
        free_all(all.v, all.n);
        return res;
    }
    *ret_records = all.v;
    *ret_n = all.n;
    return 0;
}

int service_record_get(struct db *db, const char *id, struct service_record *ret_record,
                       struct err *e)
{
    AUTO(rows_freep) struct rows *rows = NULL;
    int res = db_query_one(db, e, "SELECT " COLUMNS " FROM services WHERE id = $1", &rows, "s", id);
    if (res < 0)
        return res;
    read_row(rows, ret_record);
    return 0;
}

static char *depends_json(const struct str_list *l)
{
    struct str out = {0};
    struct jw w = jw_begin(&out);
    jw_array(&w);
    for (size_t i = 0; i < l->n; i++)
        jw_str(&w, l->v[i]);
    jw_end_array(&w);
    return str_take(&out);
}

#define VALUES "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18"

static const char insert_sql[] = "INSERT INTO services (" COLUMNS ") VALUES (" VALUES ")";
static const char upsert_sql[] =
    "INSERT INTO services (" COLUMNS ") VALUES (" VALUES ") ON CONFLICT (id) DO UPDATE SET "
    "manual = excluded.manual, hidden = excluded.hidden, name = excluded.name, "
    "url = excluded.url, icon = excluded.icon, group_name = excluded.group_name, "
    "description = excluded.description, check_kind = excluded.check_kind, "
    "check_target = excluded.check_target, expect_status = excluded.expect_status, "
    "expect_body = excluded.expect_body, interval_ms = excluded.interval_ms, "
    "timeout_ms = excluded.timeout_ms, retries = excluded.retries, "
    "depends_on = excluded.depends_on, changed_ms = excluded.changed_ms";

int service_record_put(struct db *db, const struct service_record *r, bool must_be_new,
                       struct err *e)
{
    char *depends = depends_json(&r->depends_on);
    int res = db_exec(db, e, must_be_new ? insert_sql : upsert_sql, "siisssssssssiiisii", r->id,
                      (int64_t)r->manual, (int64_t)r->hidden, r->name, r->url, r->icon, r->group,
                      r->description, r->check_kind, r->check_target, r->expect_status,
                      r->expect_body, (int64_t)r->interval_ms, (int64_t)r->timeout_ms,
                      (int64_t)r->retries, depends, r->created_ms, r->changed_ms);
    mem_free(depends);
    return res < 0 ? res : 0;
}

int service_record_delete(struct db *db, const char *id, struct err *e)
{
    int n = db_exec(db, e, "DELETE FROM services WHERE id = $1", "s", id);
    if (n < 0)
        return n;
    return n ? 0
             : err_set(e, -ENOENT, "there is no service %s that was added or changed by hand", id);
}
