#include "api/people.h"

#include "api/body.h"
#include "api/gate.h"
#include "api/pack.h"
#include "api/problem.h"

void people_reply(struct http_exchange *x, int status, struct str *body)
{
    http_add_header(x, "Cache-Control", "no-store");
    if (status == 200)
        pack_reply(x, status, "application/json", body);
    else
        http_reply_str(x, status, "application/json", body); /* new: may hold a secret */
}

void people_done(struct http_exchange *x, int r, const struct err *e)
{
    if (r < 0)
        problem_reply_err(x, r, e);
    else
        http_reply_empty(x, 204);
}

bool people_whose(struct http_exchange *x, enum permission for_all, const char **ret_user)
{
    bool all = false;
    const char *text = http_query(x, "all");
    if (text && str_to_bool(text, &all) < 0) {
        body_refuse(x, "all", "\"all\" is true or false.");
        return false;
    }
    *ret_user = all ? NULL : subject_of(x)->user_id;
    return !all || gate_also(x, for_all);
}
