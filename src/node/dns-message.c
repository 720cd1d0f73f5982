#include "node/dns-message.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>

enum { HEADER = 12, LABEL_MAX = 63, NAME_MAX_BYTES = 253, JUMPS_MAX = 16, CLASS_IN = 1 };

struct reader {
    const unsigned char *p;
    size_t len, at;
    bool bad;
};

static unsigned read_u8(struct reader *r)
{
    if (r->at >= r->len) {
        r->bad = true;
        return 0;
    }
    return r->p[r->at++];
}

static unsigned read_u16(struct reader *r)
{
    unsigned high = read_u8(r);
    return high << 8 | read_u8(r);
}

static void put_u16(unsigned char *p, unsigned v)
{
    p[0] = (unsigned char)(v >> 8);
    p[1] = (unsigned char)v;
}

/* "a.b" → 1 a 1 b 0 */
static int put_name(const char *name, unsigned char *out)
{
    size_t at = 0, n = strlen(name);
    if (n && name[n - 1] == '.')
        n--;
    if (n == 0 || n > NAME_MAX_BYTES)
        return -EINVAL;
    for (const char *label = name, *end = name + n; label < end;) {
        const char *dot = memchr(label, '.', (size_t)(end - label));
        size_t len = (size_t)((dot ? dot : end) - label);
        if (len == 0 || len > LABEL_MAX || (dot && dot + 1 == end))
            return -EINVAL;
        out[at++] = (unsigned char)len;
        memcpy(out + at, label, len);
        at += len;
        label += len + 1;
    }
    out[at++] = 0;
    return (int)at;
}

int dns_ask(const char *name, uint16_t type, uint16_t id,
            unsigned char ret_message[DNS_MESSAGE_MAX])
{
    memset(ret_message, 0, HEADER);
    int n = put_name(name, ret_message + HEADER);
    if (n < 0)
        return n;
    put_u16(ret_message, id);
    put_u16(ret_message + 2, 0x0100); /* recursion desired */
    put_u16(ret_message + 4, 1);
    put_u16(ret_message + HEADER + n, type);
    put_u16(ret_message + HEADER + n + 2, CLASS_IN);
    return HEADER + n + 4;
}

/* Past a name that may be compressed. */
static void skip_name(struct reader *r)
{
    for (unsigned n; !r->bad && (n = read_u8(r));) {
        if (n >= 0xc0) {
            read_u8(r);
            return;
        }
        if (n > LABEL_MAX || r->at + n > r->len)
            r->bad = true;
        r->at += n;
    }
}

static bool same_bytes(const unsigned char *a, const unsigned char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tolower(a[i]) != tolower(b[i]))
            return false;
    return true;
}

static bool is_our_question(struct reader *r, const char *name, uint16_t type)
{
    unsigned char expected[NAME_MAX_BYTES + 3];
    int n = put_name(name, expected);
    if (n < 0 || r->at + (size_t)n > r->len || !same_bytes(r->p + r->at, expected, (size_t)n))
        return false;
    r->at += (size_t)n;
    bool same = read_u16(r) == type;
    return read_u16(r) == CLASS_IN && same && !r->bad;
}

static void take_record(struct reader *r, struct dns_answer *a)
{
    skip_name(r);
    unsigned type = read_u16(r), class = read_u16(r);
    r->at += 4; /* time to live */
    size_t len = read_u16(r), expected = type == DNS_TYPE_AAAA ? 16 : 4;
    if (r->bad || r->at + len > r->len) {
        r->bad = true;
        return;
    }
    bool address = class == CLASS_IN && (type == DNS_TYPE_A || type == DNS_TYPE_AAAA);
    if (address && len == expected && a->n < DNS_ANSWERS_MAX) {
        a->v[a->n].v6 = type == DNS_TYPE_AAAA;
        memcpy(&a->v[a->n++].address, r->p + r->at, len);
    }
    r->at += len;
}

int dns_read(const unsigned char *message, size_t len, const char *name, uint16_t type, uint16_t id,
             struct dns_answer *ret_answer)
{
    struct reader r = {.p = message, .len = len};
    struct dns_answer a = {0};
    unsigned got = read_u16(&r), flags = read_u16(&r), questions = read_u16(&r),
             answers = read_u16(&r);
    read_u16(&r);
    read_u16(&r);
    if (r.bad || got != id || !(flags & 0x8000) || questions != 1 ||
        !is_our_question(&r, name, type))
        return -EAGAIN;
    a.code = (int)(flags & 0x0f);
    a.truncated = flags & 0x0200;
    for (unsigned i = 0; i < answers && !r.bad; i++)
        take_record(&r, &a);
    if (r.bad && !a.truncated)
        return -EBADMSG;
    *ret_answer = a;
    return 0;
}

const char *dns_code_name(int code)
{
    static const char *const names[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};
    return code >= 0 && (size_t)code < COUNT_OF(names) ? names[code] : "RCODE";
}
