/* Heads of late, taken apart: who polls sends the same bytes again and again, and head_parse()
 * makes the same of them each time. Only whole heads are compared, byte by byte, and only good ones
 * are kept. They hold what their senders say, secrets too, until newer heads take their place. */
#pragma once

#include "http/head.h"

enum {
    HEAD_MEMO_HEADS = 8,
    HEAD_MEMO_BYTES = 1024, /* longer heads are taken apart each time */
    HEAD_MEMO_FIELDS = 32,
};

struct head_memo;

struct head_memo *head_memo_new(void);
void head_memo_free(struct head_memo *m);

/* As head_parse() does, with all that it says of `h`, `bytes` and what is returned. */
int head_memo_parse(struct head_memo *m, struct head *h, char *bytes, size_t len,
                    const char **ret_why) MUST_CHECK;
