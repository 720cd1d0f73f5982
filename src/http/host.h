/* Who is spoken to, and who speaks: the Host allow-list against DNS rebinding, and the Origin check
 * against requests that other sites make with a person's cookies. Pure. */
#pragma once

#include "base/mem.h"

enum host_verdict {
    HOST_ALLOWED,
    HOST_UNKNOWN,   /* well-formed, not in the list */
    HOST_MALFORMED, /* not `name`, `v4`, `[v6]`, each with or without `:port` */
};

/* `allowed`: exact host, host:port or `*.name`, NULL-terminated; NULL = any. The names of this very
 * machine (localhost, *.localhost, 127.0.0.0/8, [::1]) are always allowed: no stranger's DNS can
 * answer for them. */
enum host_verdict host_check(const char *host, size_t len, const char *const *allowed);

/* Is the name in `host`, without its port, one of `names` (exact, NULL-terminated)? */
bool host_is_one_of(const char *host, const char *const *names);

/* Does `origin` ("scheme://host[:port]") name the host that was spoken to? Any of http and https: a
 * proxy may speak TLS for us. */
bool host_is_origin(const char *host, const char *origin);
