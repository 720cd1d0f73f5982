/* JSON bodies of requests: parsed under the limit, every member known and of the right type, or a
 * problem names it. */
#pragma once

#include "base/json.h"
#include "http/http.h"

/* The body as an object with none but `members` (NULL-terminated). NULL after a problem was sent.
 */
json_t *body_json(struct http_exchange *x, const char *const *members);

/* A member: 0 and the value (NULL when absent or null), or -EINVAL after a problem was sent. */
int body_text(struct http_exchange *x, const json_t *body, const char *member, bool needed,
              const char **ret_s) MUST_CHECK;
int body_flag(struct http_exchange *x, const json_t *body, const char *member, bool *ret_given,
              bool *ret_v) MUST_CHECK;
/* A whole number in a range; *ret_n stays as it is when the member is absent. */
int body_number(struct http_exchange *x, const json_t *body, const char *member, int64_t least,
                int64_t most, int64_t *ret_n) MUST_CHECK;
int body_texts(struct http_exchange *x, const json_t *body, const char *member, bool needed,
               struct str_list *ret_l) MUST_CHECK;

/* Refuses the request because of one member. Returns -EINVAL. */
int body_refuse(struct http_exchange *x, const char *member, const char *fmt, ...) PRINTF(3, 4);
