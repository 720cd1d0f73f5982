/* Questions and their answers as messages, and back. */
#include "node/wire.h"

#include "base/json.h"

/* By the number of the wire. */
static const int codes[] = {
    [HYDRA__AGENT__V1__INSPECTED__RESULT__ANSWERED] = 0,
    [HYDRA__AGENT__V1__INSPECTED__RESULT__FAILED] = -EIO,
    [HYDRA__AGENT__V1__INSPECTED__RESULT__INVALID] = -EINVAL,
    [HYDRA__AGENT__V1__INSPECTED__RESULT__NOT_FOUND] = -ENOENT,
    [HYDRA__AGENT__V1__INSPECTED__RESULT__REFUSED] = -EACCES,
    [HYDRA__AGENT__V1__INSPECTED__RESULT__UNSUPPORTED] = -EOPNOTSUPP,
    [HYDRA__AGENT__V1__INSPECTED__RESULT__TIMED_OUT] = -ETIMEDOUT,
    [HYDRA__AGENT__V1__INSPECTED__RESULT__BUSY] = -EAGAIN,
    [HYDRA__AGENT__V1__INSPECTED__RESULT__TOO_OLD] = -ENOSYS,
};

static char *text(const char *s)
{
    return s ? (char *)s : (char *)"";
}

void wire_inspect_print(uint64_t id, const struct inspection *q, struct str *out)
{
    PB(FromHub) m = HYDRA__AGENT__V1__FROM_HUB__INIT;
    PB(Inspect) p = HYDRA__AGENT__V1__INSPECT__INIT;
    p.id = id;
    p.kind = text(inspect_kind_name(q->kind));
    p.target = text(q->target);
    p.argument = text(q->argument);
    p.timeout_ms = q->timeout_ms;
    m.body_case = HYDRA__AGENT__V1__FROM_HUB__BODY_INSPECT;
    m.inspect = &p;
    wire_print(&m.base, out);
}

static bool is_text(const char *s, size_t max)
{
    size_t n = strlen(s);
    return n <= max && str_is_utf8(s, n);
}

int wire_inspect_take(const PB(Inspect) * m, struct err *e, struct inspection *ret_q)
{
    struct inspection q = {.timeout_ms = m->timeout_ms};
    if (inspect_kind_parse(m->kind, &q.kind) < 0)
        return err_set(e, -ENOSYS,
                       "The agent of this node is too old for that; bring it up to date.");
    if (!is_text(m->target, LIMIT_INSPECT_TEXT) || !is_text(m->argument, LIMIT_INSPECT_TEXT))
        return err_set(e, -EBADMSG, "A text of the question is too long, or no text.");
    q.target = mem_strdup(m->target);
    q.argument = mem_strdup(m->argument);
    *ret_q = q;
    return 0;
}

/* What has no number of its own failed. */
static PB(Inspected__Result) result_of(int code)
{
    for (unsigned i = 0; i < COUNT_OF(codes); i++)
        if (codes[i] == code)
            return (PB(Inspected__Result))i;
    return HYDRA__AGENT__V1__INSPECTED__RESULT__FAILED;
}

void wire_inspected_print(uint64_t id, const struct inspect_answer *a, struct str *out)
{
    PB(FromAgent) m = HYDRA__AGENT__V1__FROM_AGENT__INIT;
    PB(Inspected) p = HYDRA__AGENT__V1__INSPECTED__INIT;
    p.id = id;
    p.result = result_of(a->code);
    p.text = text(a->text);
    p.json = (ProtobufCBinaryData){a->len, (uint8_t *)a->json};
    m.body_case = HYDRA__AGENT__V1__FROM_AGENT__BODY_INSPECTED;
    m.inspected = &p;
    wire_print(&m.base, out);
}

/* Those in texts count, too: there are fewer of them than bytes for each. */
static bool has_few_values(const ProtobufCBinaryData *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++)
        n += b->data[i] == ',' || b->data[i] == '[' || b->data[i] == '{';
    return n <= LIMIT_INSPECT_VALUES;
}

static bool is_object(const ProtobufCBinaryData *b)
{
    AUTO(json_decrefp) json_t *v = NULL;
    return b->len <= LIMIT_INSPECT_ANSWER && has_few_values(b) &&
           json_parse((const char *)b->data, b->len, LIMIT_INSPECT_ANSWER, NULL, &v) == 0 &&
           json_is_object(v);
}

int wire_inspected_take(const PB(Inspected) * m, struct err *e, struct inspect_answer *ret_a)
{
    int code = (unsigned)m->result < COUNT_OF(codes) ? codes[m->result] : -EIO;
    if (!is_text(m->text, ERR_TEXT_MAX) || (code < 0 && !*m->text) ||
        (code == 0 && !is_object(&m->json)))
        return err_set(e, -EBADMSG, "The node's answer makes no sense.");
    *ret_a = (struct inspect_answer){.code = code, .text = m->text, .json = ""};
    if (code == 0) {
        ret_a->json = (const char *)m->json.data;
        ret_a->len = m->json.len;
    }
    return 0;
}
