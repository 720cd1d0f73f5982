#include "node/enrol-token.h"

#include <ctype.h>

#define PREFIX "hyn_"

enum {
    VERSION = 1,
    HEAD = 1 + TLS_PIN_SIZE + ENROL_SECRET_BYTES,
    BYTES_MAX = HEAD + ENROL_ADDRESS_SIZE - 1,
};

void enrol_token_print(const struct enrol_token *t, struct str *out)
{
    unsigned char bytes[BYTES_MAX] = {VERSION};
    char text[(BYTES_MAX + 2) / 3 * 4 + 1];
    size_t n = strlen(t->address);
    memcpy(bytes + 1, t->pin, TLS_PIN_SIZE);
    if (str_unhex(t->secret, bytes + 1 + TLS_PIN_SIZE, ENROL_SECRET_BYTES) < 0)
        memset(bytes + 1 + TLS_PIN_SIZE, 0, ENROL_SECRET_BYTES); /* no secret: opens nothing */
    memcpy(bytes + HEAD, t->address, n);
    str_base64url(bytes, HEAD + n, text);
    str_add(out, PREFIX);
    str_add(out, text);
}

static bool is_address(const char *text, size_t n)
{
    const char *colon = memrchr(text, ':', n);
    if (!colon || colon == text || colon + 1 == text + n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-._:[]%", text[i]))
            return false;
    return true;
}

int enrol_token_parse(const char *text, struct err *e, struct enrol_token *ret_t)
{
    unsigned char bytes[BYTES_MAX];
    char copy[(BYTES_MAX + 2) / 3 * 4 + 1];
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strcspn(text, " \t\r\n");
    int got = -EINVAL;
    if (str_starts(text, PREFIX) && n - strlen(PREFIX) < sizeof copy &&
        !text[n + strspn(text + n, " \t\r\n")]) {
        memcpy(copy, text + strlen(PREFIX), n - strlen(PREFIX));
        copy[n - strlen(PREFIX)] = 0;
        got = str_unbase64url(copy, bytes, sizeof bytes);
    }
    if (got > 0 && bytes[0] != VERSION)
        return err_set(e, -EINVAL, "The token is of a newer Hydra: bring this agent up to date.");
    if (got <= HEAD || !is_address((const char *)bytes + HEAD, (size_t)got - HEAD))
        return err_set(e, -EINVAL,
                       "This is no token, or not all of it: copy it whole, from \"" PREFIX
                       "\" on.");
    *ret_t = (struct enrol_token){0};
    memcpy(ret_t->pin, bytes + 1, TLS_PIN_SIZE);
    str_hex(bytes + 1 + TLS_PIN_SIZE, ENROL_SECRET_BYTES, ret_t->secret);
    memcpy(ret_t->address, bytes + HEAD, (size_t)got - HEAD);
    return 0;
}
