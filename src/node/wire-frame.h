/* A tick's values as bytes: what differs from the values before, in few bytes.
 *
 * The bytes are runs: how many values stay (varint), how many follow (varint), those values. A
 * value is a varint whose lowest two bits say what it is: 0, 1, 2 = the rest is the zigzag
 * difference to the value before, in units of 1, 0.01, 0.000001; 3 = the rest is 0 for NaN or 1 for
 * the eight bytes of a double (little-endian) that follow. Values start as 0. Pure; not
 * thread-safe. */
#pragma once

#include "node/report.h"

enum { LIMIT_WIRE_SERIES = 100000 }; /* of one node */

/* What both ends remember of a connection. Zero-initialise; wire_values_done() frees. */
struct wire_values {
    double *v;
    uint32_t n, cap;
};

void wire_values_done(struct wire_values *w);
void wire_frame_print(struct wire_values *before, const struct frame *f, struct str *out);
/* -EBADMSG, -EMSGSIZE (over LIMIT_WIRE_SERIES); the connection is of no use after. */
int wire_frame_parse(struct wire_values *before, int64_t time_ms, uint32_t n, const uint8_t *bytes,
                     size_t len, struct frame **ret_f) MUST_CHECK;

/* llround() for less than 2^52, without libm: the agent needs nothing else of it. */
int64_t wire_nearest(double v);
