/* OpenSSL's words for its errors: tables of 80 KiB that it fills at its start, unless it is told
 * not to before anything else is asked of it. Then the first error fills those that we may meet. */
#pragma once

void reasons_postpone(void); /* once, before the first call of OpenSSL */

/* Takes the oldest error of this thread's queue and forgets the others. Never NULL; valid until the
 * next call in this thread. */
const char *reasons_take(void);
