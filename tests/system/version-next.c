/* What makes the agent of the tests another version than this one: its own answer to
 * agent_version(), and what is wrong with it. */
#include "node/version.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char mark[] = AGENT_VERSION_MARK NEXT_VERSION;

const char *agent_version(void)
{
    return mark + sizeof AGENT_VERSION_MARK - 1;
}

/* `version` is answered by each: they fail when they are to work. */
__attribute__((constructor)) static void fail(int argc, char **argv)
{
    int runs = argc < 2 || strcmp(argv[1], "version") != 0;
    if (runs && strcmp(NEXT_FAULT, "crash") == 0)
        abort();
    if (runs && strcmp(NEXT_FAULT, "hang") == 0)
        for (;;)
            pause();
    if (strcmp(NEXT_FAULT, "lie") == 0 && !runs)
        _exit(3);
}
