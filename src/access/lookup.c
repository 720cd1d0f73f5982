/* Users and tokens as the image has them. */
#include "access/access-private.h"

#include "base/vec.h"

int access_user_get(struct access *a, const char *id_or_name, struct user *ret_user)
{
    char name[LIMIT_NAME_MAX + 1];
    pthread_rwlock_rdlock(&a->lock);
    const struct user *u = map_get(&a->image->users_by_id, id_or_name);
    if (!u && user_name_normal(id_or_name, NULL, name) == 0)
        u = map_get(&a->image->users_by_name, name);
    if (u)
        *ret_user = *u;
    pthread_rwlock_unlock(&a->lock);
    return u ? 0 : -ENOENT;
}

size_t access_users(struct access *a, struct user **ret_users)
{
    pthread_rwlock_rdlock(&a->lock);
    size_t n = a->image->n_users;
    *ret_users = n ? mem_dup(a->image->users, n * sizeof **ret_users) : NULL;
    pthread_rwlock_unlock(&a->lock);
    return n;
}

static void fill(const struct credential *c, struct token *t)
{
    *t = (struct token){0};
    str_copy(t->id, sizeof t->id, c->id);
    str_copy(t->user_id, sizeof t->user_id, c->user->id);
    str_copy(t->user_name, sizeof t->user_name, c->user->name);
    str_copy(t->name, sizeof t->name, c->name);
    str_copy(t->prefix, sizeof t->prefix, c->prefix);
    t->scopes = c->scopes;
    t->created_ms = c->created_ms;
    t->used_ms = atomic_load(&c->used_ms);
    t->expires_ms = c->expires_ms;
}

size_t access_tokens(struct access *a, const char *user_id, struct token **ret_tokens)
{
    VEC(struct token) list = {0};
    pthread_rwlock_rdlock(&a->lock);
    for (size_t n = 0; n < a->image->n_credentials; n++) {
        const struct credential *c = &a->image->credentials[n];
        if (c->kind == SUBJECT_TOKEN && (!user_id || str_eq(c->user->id, user_id)))
            fill(c, vec_add(&list));
    }
    pthread_rwlock_unlock(&a->lock);
    *ret_tokens = list.v;
    return list.n;
}

int access_token_get(struct access *a, const char *id, struct token *ret_token)
{
    pthread_rwlock_rdlock(&a->lock);
    const struct credential *c = map_get(&a->image->by_id, id);
    bool found = c && c->kind == SUBJECT_TOKEN;
    if (found)
        fill(c, ret_token);
    pthread_rwlock_unlock(&a->lock);
    return found ? 0 : -ENOENT;
}
