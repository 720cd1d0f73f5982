/* Between upgrade.c and upgrade-trial.c. */
#pragma once

#include "agent/upgrade.h"

#include <sodium.h>

/* What a program is told by the one before it: it is on trial, and the descriptor that ends with
 * its judge; or why the one after it was no good. */
#define UPGRADE_TRIAL_ENV "HYDRA_AGENT_TRIAL_FD"
#define UPGRADE_FAILED_ENV "HYDRA_AGENT_TRIAL_FAILED"

struct upgrade {
    struct upgrade_settings settings;
    struct node *node;
    struct uplink *uplink;
    char *program, *fresh; /* PROGRAM, PROGRAM.new; NULL = no upgrade is under way */
    char *version;
    char arch[72];
    struct rpc_call *call;
    int fd; /* of `fresh`; -1 */
    uint64_t size, got;
    bool has_manifest;
    unsigned char sha256[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state hash;
    struct upgrade_check *check; /* a thread looks at the new program */
    struct loop_timer *patience; /* others are to be done first */
    int64_t patient_until_ms;    /* mono */
    bool ready;
    int trial_fd; /* -1 = not on trial */
    uv_poll_t *judge;
    char *failed; /* why the program after this one was no good; NULL */
};
