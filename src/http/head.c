#include "http/head.h"

#include "http/chars.h"

#include <errno.h>
#include <llhttp.h>

static const struct {
    const char *name;
    size_t len;
} known_names[HEAD_KNOWN_COUNT] = {
#define NAME(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
    [HEAD_HOST] = NAME("host"),
    [HEAD_ORIGIN] = NAME("origin"),
    [HEAD_COOKIE] = NAME("cookie"),
    [HEAD_EXPECT] = NAME("expect"),
    [HEAD_CONTENT_LENGTH] = NAME("content-length"),
    [HEAD_TRANSFER_ENCODING] = NAME("transfer-encoding"),
    [HEAD_ACCEPT_ENCODING] = NAME("accept-encoding"),
    [HEAD_IF_NONE_MATCH] = NAME("if-none-match"),
    [HEAD_X_FORWARDED_FOR] = NAME("x-forwarded-for"),
    [HEAD_X_FORWARDED_PROTO] = NAME("x-forwarded-proto"),
    [HEAD_X_FORWARDED_HOST] = NAME("x-forwarded-host"),
};

/* Said twice these change what a request means, so they may stand once. */
static const unsigned single = 1u << HEAD_HOST | 1u << HEAD_ORIGIN | 1u << HEAD_CONTENT_LENGTH |
                               1u << HEAD_TRANSFER_ENCODING | 1u << HEAD_EXPECT;

int64_t head_find(const char *bytes, size_t len, size_t max, size_t *scanned)
{
    if (len && (bytes[0] < 'A' || bytes[0] > 'Z'))
        return -EBADMSG;
    size_t line = *scanned;
    const char *lf;
    while (line < len && (lf = memchr(bytes + line, '\n', len - line))) {
        size_t end = (size_t)(lf - bytes);
        if (end >= max)
            return -E2BIG;
        if (end == line || lf[-1] != '\r')
            return -EBADMSG;
        if (end == line + 1)
            return (int64_t)end + 1;
        line = end + 1;
    }
    *scanned = line;
    return len >= max ? -E2BIG : 0;
}

/* The functions below return where the next line begins, NULL for what is malformed. No line end
 * is of any class of bytes, so a span stops there at the latest. */

static const char *end_line(const char *p)
{
    return p[0] == '\r' && p[1] == '\n' ? p + 2 : NULL;
}

/* METHOD SP target SP version, one space each and nothing that is no target. */
static const char *skip_request_line(const char *p, const char *end)
{
    size_t method = char_span(p, (size_t)(end - p), CHAR_TOKEN);
    if (!method || p[method] != ' ')
        return NULL;
    p += method + 1;
    size_t target = char_span(p, (size_t)(end - p), CHAR_TARGET);
    if (!target || p[target] != ' ')
        return NULL;
    p += target + 1;
    return end_line(p + char_span(p, (size_t)(end - p), CHAR_TARGET));
}

/* Eight bytes, none of them a control character. */
static bool are_plain(const char *p)
{
    const uint64_t ones = 0x0101010101010101, high = ones << 7;
    uint64_t w;
    memcpy(&w, p, sizeof w);
    uint64_t del = w ^ ones * 0x7f;
    return !((((w - ones * ' ') & ~w) | ((del - ones) & ~del)) & high);
}

/* name ":" value: no white space before the name (that would fold the line before) or the colon. */
static const char *skip_field_line(const char *p, const char *end)
{
    size_t name = char_span(p, (size_t)(end - p), CHAR_TOKEN);
    if (!name || p[name] != ':')
        return NULL;
    p += name;
    while (end - p >= 8 && are_plain(p))
        p += 8;
    return end_line(p + char_span(p, (size_t)(end - p), CHAR_VALUE));
}

/* `bytes` end with an empty line, as head_find() found them. */
static const char *check_lines(const char *bytes, size_t n)
{
    const char *end = bytes + n - 2; /* the empty line */
    const char *p = skip_request_line(bytes, end);
    if (!p)
        return "The request line is malformed.";
    while (p < end)
        if (!(p = skip_field_line(p, end)))
            return "A header field is malformed.";
    return NULL;
}

static int on_target(llhttp_t *parser, const char *at, size_t len)
{
    struct head *h = parser->data;
    h->target = (char *)at;
    h->target_len = len;
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t len)
{
    struct head *h = parser->data;
    if (h->n_fields == h->max_fields)
        return -1;
    h->fields[h->n_fields++] =
        (struct http_field){.name = (char *)at, .name_len = (uint16_t)len, .value = NULL};
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct head *h = parser->data;
    struct http_field *f = &h->fields[h->n_fields - 1];
    while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    f->value = (char *)at;
    f->value_len = (uint16_t)len;
    return 0;
}

/* Bodies are read by others: the parser stops at the end of the head. */
static int on_end(llhttp_t *parser)
{
    (void)parser;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_end,
};

static int refusal(const struct head *h, llhttp_errno_t error, const char **ret_why)
{
    switch ((int)error) {
    case HPE_USER:
        *ret_why = "The request has too many header fields.";
        return h->n_fields == h->max_fields ? 431 : 400;
    case HPE_INVALID_METHOD:
        *ret_why = "The method is not known.";
        return 501;
    case HPE_INVALID_VERSION:
        *ret_why = "This server speaks HTTP/1.1 and HTTP/1.0 here.";
        return 505;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_INVALID_TRANSFER_ENCODING:
        *ret_why = "The length of the body is ambiguous.";
        return 400;
    default:
        *ret_why = "The request is malformed.";
        return 400;
    }
}

static void note_known(struct head *h, const struct http_field *f)
{
    for (unsigned i = 0; i < HEAD_KNOWN_COUNT; i++) {
        if (known_names[i].len != f->name_len ||
            !char_same_nocase(known_names[i].name, f->name, f->name_len))
            continue;
        if (h->known[i])
            h->repeated |= 1u << i;
        else
            h->known[i] = f;
        return;
    }
}

/* Cuts the names and values out as strings of their own; they are followed by ':' and CR or white
 * space. */
static void terminate(struct head *h)
{
    static char empty[1];
    h->target[h->target_len] = 0;
    for (unsigned i = 0; i < h->n_fields; i++) {
        struct http_field *f = &h->fields[i];
        f->name[f->name_len] = 0;
        if (f->value_len)
            f->value[f->value_len] = 0;
        else
            f->value = empty;
        note_known(h, f);
    }
}

static bool parse_length(const struct http_field *f, uint64_t *ret_length)
{
    uint64_t v = 0;
    if (!f->value_len || f->value_len > 18)
        return false;
    for (unsigned i = 0; i < f->value_len; i++) {
        if (f->value[i] < '0' || f->value[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(f->value[i] - '0');
    }
    *ret_length = v;
    return true;
}

/* The only ways to say how long a body is: one Content-Length, or chunked and nothing else. */
static const char *check_framing(struct head *h)
{
    const struct http_field *te = h->known[HEAD_TRANSFER_ENCODING];
    const struct http_field *length = h->known[HEAD_CONTENT_LENGTH];
    if (te && length)
        return "Transfer-Encoding and Content-Length exclude each other.";
    if (te && (te->value_len != 7 || !char_same_nocase(te->value, "chunked", 7)))
        return "The only Transfer-Encoding is chunked.";
    if (te && !h->minor_1)
        return "HTTP/1.0 has no Transfer-Encoding.";
    if (length && !parse_length(length, &h->length))
        return "Content-Length is no number.";
    h->chunked = te != NULL;
    h->has_length = length != NULL;
    return NULL;
}

static const char *check_meaning(struct head *h)
{
    if (h->repeated & single)
        return "A header field that may stand once is repeated.";
    if (h->minor_1 && !h->known[HEAD_HOST])
        return "The Host header field is missing.";
    return check_framing(h);
}

static int check_version(const llhttp_t *parser, const char **ret_why)
{
    if (parser->http_major == 1 && parser->http_minor <= 1)
        return 0;
    *ret_why = "This server speaks HTTP/1.1 and HTTP/1.0 here.";
    return 505;
}

static int check_expect(const struct head *h, const char **ret_why)
{
    const struct http_field *f = h->known[HEAD_EXPECT];
    if (!f || (f->value_len == 12 && char_same_nocase(f->value, "100-continue", 12)))
        return 0;
    *ret_why = "The only expectation is 100-continue.";
    return 417;
}

int head_parse(struct head *h, char *bytes, size_t len, const char **ret_why)
{
    llhttp_t parser;
    *h = (struct head){.fields = h->fields, .max_fields = h->max_fields};
    if ((*ret_why = check_lines(bytes, len)))
        return 400;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = h;
    llhttp_errno_t error = llhttp_execute(&parser, bytes, len);
    if (error != HPE_PAUSED || !h->target)
        return refusal(h, error, ret_why);
    int status = check_version(&parser, ret_why);
    if (status)
        return status;
    h->method = llhttp_method_name(parser.method);
    h->minor_1 = parser.http_minor == 1;
    h->keep_alive = parser.flags & F_CONNECTION_CLOSE ? false
                    : h->minor_1                      ? true
                                 : (parser.flags & F_CONNECTION_KEEP_ALIVE) != 0;
    terminate(h);
    if ((*ret_why = check_meaning(h)))
        return 400;
    return check_expect(h, ret_why);
}

const struct http_field *head_field(const struct head *h, const char *name, size_t name_len)
{
    for (unsigned i = 0; i < h->n_fields; i++)
        if (h->fields[i].name_len == name_len &&
            char_same_nocase(h->fields[i].name, name, name_len))
            return &h->fields[i];
    return NULL;
}
