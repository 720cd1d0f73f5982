/* Checks: what the scheduler (check.c) and the kinds (check-http.c …) share. */
#pragma once

#include "io/http-client.h"
#include "io/resolve.h"
#include "node/check.h"

enum {
    CHECK_HOST_SIZE = RESOLVE_HOST_SIZE,
    LIMIT_CHECK_BODY = 256 << 10, /* bytes of an answer that are searched for expect_body */
    LIMIT_CHECK_TEXT = 400,
};

/* One try of one check. A kind ends it with check_finish(), exactly once, or is cancelled. */
struct check_run {
    struct node *node;
    struct http_client *http;
    const struct check_spec *spec;
    uint64_t started_ns;
    void *state; /* the kind's own */
};

struct check_kind_ops {
    /* Starts; may end at once. */
    void (*start)(struct check_run *run);
    /* Stops and frees `state`: called once after each start(), be it finished, out of time or no
     * longer wanted. check_finish() must not be called from it. NULL = nothing to free. */
    void (*clean)(struct check_run *run);
};

extern const struct check_kind_ops check_http, check_tcp, check_dns, check_icmp, check_docker,
    check_systemd, check_process;

/* What was found, beside the state and the sentence. */
struct check_details {
    int code;
    int64_t tls_expires_ms;
};

void check_finish(struct check_run *run, enum check_state state, const struct check_details *d,
                  const char *fmt, ...) PRINTF(4, 5);

/* "12 ms", "0.4 ms": how long it has taken so far. */
enum { CHECK_TOOK_SIZE = 24 };
const char *check_took(const struct check_run *run, char ret_text[CHECK_TOOK_SIZE]);

/* --- check-target.c: what targets and expectations mean --- */

/* "host:port", "[::1]:port"; `port` 0 = must be there, else the one that is meant without. -EINVAL.
 */
int check_split_host(const char *text, uint16_t port, char ret_host[CHECK_HOST_SIZE],
                     uint16_t *ret_port) MUST_CHECK;
/* Host and port of an http or https URL. -EINVAL. */
int check_split_url(const char *url, char ret_host[CHECK_HOST_SIZE], uint16_t *ret_port) MUST_CHECK;
/* Is `status` in "200-399,401"? NULL = 200-399. A set that can't be read holds nothing. */
bool check_status_in(const char *set, int status);
/* Is it this machine: loopback, its name, one of its addresses? */
bool check_host_is_local(const char *host);
/* The title of an HTML page, as one line; NULL. The caller frees. */
char *check_page_title(const char *body, size_t len);
/* Does the process behind the port bear the expected name (or its container, or its unit)? True
 * when nothing is expected or nothing can be known; else `ret_found` names who it is. */
bool check_owner_fits(struct node *n, const char *expected, const char *host, uint16_t port,
                      char *ret_found, size_t size);
