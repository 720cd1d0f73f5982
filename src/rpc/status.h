/* How a call ended: gRPC's codes, and how they travel (gRPC over HTTP/2: "Responses"). */
#pragma once

#include "base/str.h"

enum rpc_code {
    RPC_OK = 0,
    RPC_CANCELLED = 1,
    RPC_UNKNOWN = 2,
    RPC_INVALID_ARGUMENT = 3,
    RPC_DEADLINE_EXCEEDED = 4,
    RPC_NOT_FOUND = 5,
    RPC_ALREADY_EXISTS = 6,
    RPC_PERMISSION_DENIED = 7,
    RPC_RESOURCE_EXHAUSTED = 8,
    RPC_FAILED_PRECONDITION = 9,
    RPC_ABORTED = 10,
    RPC_OUT_OF_RANGE = 11,
    RPC_UNIMPLEMENTED = 12,
    RPC_INTERNAL = 13,
    RPC_UNAVAILABLE = 14,
    RPC_DATA_LOSS = 15,
    RPC_UNAUTHENTICATED = 16,
};

enum { RPC_MESSAGE_MAX = 512 };

struct rpc_status {
    enum rpc_code code;
    char message[RPC_MESSAGE_MAX]; /* for people: what happened and what to do; UTF-8, "" = none */
};

struct rpc_status rpc_status_of(enum rpc_code code, const char *fmt, ...) PRINTF(2, 3);
const char *rpc_code_name(enum rpc_code code); /* "UNAVAILABLE" */

/* The code in a `grpc-status`; RPC_UNKNOWN for what is no code. */
enum rpc_code rpc_code_parse(const char *s, size_t n);

/* `grpc-message`: percent-encoded; what can't be decoded stays as it is. */
void rpc_message_print(const char *message, struct str *out);
void rpc_message_parse(const char *s, size_t n, char ret_message[RPC_MESSAGE_MAX]);

/* What an answer without `grpc-status` means: an HTTP status, or the code of an RST_STREAM. */
enum rpc_code rpc_code_of_http(int status);
enum rpc_code rpc_code_of_reset(uint32_t http2_code);

/* `grpc-timeout`: at most 8 digits and a unit. -EINVAL. */
int rpc_timeout_parse(const char *s, size_t n, uint64_t *ret_ms) MUST_CHECK;
void rpc_timeout_print(uint64_t ms, struct str *out);
