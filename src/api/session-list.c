/* Who is signed in, and signing others out. */
#include "api/people.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/problem.h"

static void get_sessions(struct http_exchange *x)
{
    const char *user_id;
    if (!people_whose(x, PERM_SESSIONS_ADMIN, &user_id))
        return;
    AUTO(mem_freep) struct session *sessions = NULL;
    size_t n = access_sessions(api_of(x)->access, user_id, &sessions);
    struct str body = {0};
    struct jw w = jw_begin(&body);
    jw_object(&w);
    jw_key(&w, "sessions");
    jw_array(&w);
    for (size_t i = 0; i < n; i++) {
        const struct session *s = &sessions[i];
        jw_object(&w);
        jw_key_str(&w, "id", s->id);
        jw_key_str(&w, "user", s->user_name);
        jw_key_str(&w, "user_id", s->user_id);
        jw_key_str(&w, "address", s->address);
        jw_key_str(&w, "agent", s->agent);
        jw_key_time(&w, "created", s->created_ms);
        jw_key_time(&w, "seen", s->seen_ms);
        jw_key_time(&w, "expires", s->expires_ms);
        jw_key_bool(&w, "current", str_eq(s->id, subject_of(x)->id));
        jw_end_object(&w);
    }
    jw_end_array(&w);
    jw_end_object(&w);
    people_reply(x, 200, &body);
}

static void end_session(struct http_exchange *x)
{
    struct access *a = api_of(x)->access;
    struct session s;
    if (access_session_get(a, http_param(x, "id"), &s) < 0) {
        problem_reply(x, &(struct problem){.status = 404,
                                           .type = PROBLEM_NOT_FOUND,
                                           .detail = "That session has ended already."});
        return;
    }
    if (!str_eq(s.user_id, subject_of(x)->user_id) && !gate_also(x, PERM_SESSIONS_ADMIN))
        return;
    AUTO(store_givep) struct db *db = gate_db(x);
    if (!db)
        return;
    struct err e = {0};
    struct actor by = gate_actor(x);
    int r = access_session_end(a, db, &by, s.id, &e);
    people_done(x, r, &e);
}

const struct http_route session_list_routes[] = {
    {"GET", "/api/web/sessions", ROUTE_ON_WORKER, 0, "self:write", get_sessions, 0},
    PEOPLE_BOTH("DELETE", "sessions/{id}", "self:write", end_session),
    {0},
};
