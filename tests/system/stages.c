/* hydra-agent-helper of the tests: "STAGE kill" or "STAGE hang" in /var/lib/hydra-stage ends it
 * there.
 */
#include "generation/generation.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORDER "/var/lib/hydra-stage"

void stage(const char *name)
{
    char wanted[64] = "", how[16] = "";
    FILE *f = fopen(ORDER, "re");
    if (!f)
        return;
    int n = fscanf(f, "%63s %15s", wanted, how);
    fclose(f);
    if (n != 2 || !str_eq(wanted, name))
        return;
    (void)unlink(ORDER);
    close(open(ORDER "-reached", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    if (str_eq(how, "kill"))
        kill(getpid(), SIGKILL);
    for (;;)
        pause();
}
