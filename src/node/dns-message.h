/* DNS messages (RFC 1035): one question out, the answers to it back. Pure. */
#pragma once

#include "base/mem.h"

#include <netinet/in.h>

enum {
    DNS_MESSAGE_MAX = 1232, /* what goes through everywhere (dnsflagday.net/2020) */
    DNS_ANSWERS_MAX = 16,
    DNS_TYPE_A = 1,
    DNS_TYPE_AAAA = 28,
};

struct dns_answer {
    int code; /* 0 NOERROR, 3 NXDOMAIN … */
    bool truncated;
    size_t n;
    struct {
        bool v6;
        struct in6_addr address; /* IPv4 in the first 4 bytes */
    } v[DNS_ANSWERS_MAX];
};

/* Writes a recursive question for `name`; returns its length, -EINVAL for what is no host name. */
int dns_ask(const char *name, uint16_t type, uint16_t id,
            unsigned char ret_message[DNS_MESSAGE_MAX]) MUST_CHECK;

/* -EAGAIN: not the answer to this question (another id, another name); -EBADMSG: it is, but broken.
 */
int dns_read(const unsigned char *message, size_t len, const char *name, uint16_t type, uint16_t id,
             struct dns_answer *ret_answer) MUST_CHECK;

const char *dns_code_name(int code); /* "NXDOMAIN"; "RCODE" for those without a name */
