/* How often somebody may try a password: exponential back-off per account and per network.
 *
 * A try is charged before the password is looked at, so that tries in parallel count too, and
 * refunded when it was right. Charges are forgiven one by one as time passes. Tables have a fixed
 * size; the entry that was used longest ago makes room. Nobody is locked out for longer than the
 * rule's maximum, and a network from which the account has a live session (`known`) does not wait
 * for what others do to the account. The clock is the caller's. Any thread. */
#pragma once

#include "base/mem.h"

enum {
    LIMIT_LOGIN_ACCOUNTS = 1024,
    LIMIT_LOGIN_NETWORKS = 1024,
    LIMIT_LOGIN_ACCOUNT_FREE = 20, /* tries before waiting begins */
    LIMIT_LOGIN_NETWORK_FREE = 10,
    LIMIT_LOGIN_ACCOUNT_WAIT_MS = 30 * 1000, /* the longest wait */
    LIMIT_LOGIN_NETWORK_WAIT_MS = 60 * 1000,
    LIMIT_LOGIN_FORGIVE_MS = 60 * 1000, /* one charge is forgiven after so long */
};

struct login_limit;

struct login_limit *login_limit_new(void);
void login_limit_free(struct login_limit *l);

/* 0: go ahead, the try is charged. Else the milliseconds to wait; nothing is charged. */
int64_t login_limit_try(struct login_limit *l, const char *account, const char *network, bool known,
                        int64_t now_ms) MUST_CHECK;
/* The password was right, or was never looked at. `known` as in the try. */
void login_limit_refund(struct login_limit *l, const char *account, const char *network, bool known,
                        int64_t now_ms);
