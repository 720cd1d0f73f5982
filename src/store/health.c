#include "base/clock.h"
#include "store/store-private.h"

static bool says_something(int code)
{
    return code != -EINVAL && code != -EEXIST && code != -ENOENT && code != -ENOTSUP;
}

/* Under health_lock. Returns true when the code changed. */
static bool take_failure(struct store *s, int code, enum health_kind kind, const struct err *e)
{
    bool changed = s->health.code != code;
    if (s->health.code == 0)
        s->health.since_wall_ms = clock_wall_ms();
    s->health.code = code;
    s->write_failed = kind == HEALTH_WRITE && code != -EPIPE && code != -ECONNREFUSED;
    str_copy(s->health.text, sizeof s->health.text, err_text(e, code));
    return changed;
}

static bool take_success(struct store *s, enum health_kind kind)
{
    if (s->health.code == 0 || (s->write_failed && kind != HEALTH_WRITE))
        return false;
    s->health = (struct store_health){0};
    return true;
}

int health_note(struct store *s, int r, enum health_kind kind, const struct err *e)
{
    if (r < 0 && !says_something(r))
        return r;
    pthread_mutex_lock(&s->health_lock);
    bool changed = r < 0 ? take_failure(s, r, kind, e) : take_success(s, kind);
    pthread_mutex_unlock(&s->health_lock);
    if (changed && s->health_changed)
        s->health_changed(s->health_arg);
    return r;
}

struct store_health store_health(struct store *s)
{
    pthread_mutex_lock(&s->health_lock);
    struct store_health h = s->health;
    pthread_mutex_unlock(&s->health_lock);
    return h;
}

void store_on_health(struct store *s, void (*changed)(void *arg), void *arg)
{
    s->health_changed = changed;
    s->health_arg = arg;
}

int store_probe(struct store *s, struct err *e)
{
    AUTO(store_givep) struct db *db = NULL;
    int r = store_take(s, e, &db);
    if (r < 0)
        return r;
    int64_t now = clock_wall_ms();
    AUTO(mem_freep) char *value = mem_printf("%lld", (long long)now);
    r = db_exec(db, e,
                "INSERT INTO settings (key, value, changed_ms) VALUES ('store.probe', $1, $2)"
                " ON CONFLICT (key) DO UPDATE SET value = excluded.value,"
                " changed_ms = excluded.changed_ms",
                "si", value, now);
    return r < 0 ? r : 0;
}
