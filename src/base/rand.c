#include "base/rand.h"

#include "base/clock.h"
#include "base/str.h"

#include <sodium.h>

char *rand_id(char ret_text[RAND_ID_SIZE])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* Crockford base 32 */
    unsigned char chance[10];
    randombytes_buf(chance, sizeof chance);
    uint64_t ms = (uint64_t)clock_wall_ms();
    for (int i = 9; i >= 0; i--, ms >>= 5)
        ret_text[i] = digits[ms & 31];
    uint64_t bits = 0;
    unsigned have = 0, next = 0;
    for (int i = 10; i < RAND_ID_SIZE - 1; i++) {
        if (have < 5) {
            bits = bits << 8 | chance[next++];
            have += 8;
        }
        have -= 5;
        ret_text[i] = digits[bits >> have & 31];
    }
    ret_text[RAND_ID_SIZE - 1] = 0;
    return ret_text;
}

char *rand_secret(char ret_text[RAND_SECRET_SIZE])
{
    unsigned char bytes[32];
    randombytes_buf(bytes, sizeof bytes);
    str_base64url(bytes, sizeof bytes, ret_text);
    sodium_memzero(bytes, sizeof bytes);
    return ret_text;
}

uint32_t rand_below(uint32_t n)
{
    return randombytes_uniform(n);
}
