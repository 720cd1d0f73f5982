/* lying-umount: to be loaded into hydra-agent-helper (LD_PRELOAD). Unmounting lazily or by force
 * ends as /run/lying-umount says:
 *
 *   late     it is unmounted, but an error tells that nothing was mounted there
 *   hang     it is unmounted, and the call never ends
 *   refuse   nothing is done
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static void read_word(char ret_word[16])
{
    FILE *f = fopen("/run/lying-umount", "re");
    ret_word[0] = 0;
    if (f && fscanf(f, "%15s", ret_word) != 1)
        ret_word[0] = 0;
    if (f)
        fclose(f);
}

int umount2(const char *target, int flags)
{
    char word[16];
    read_word(word);
    if (!(flags & MNT_DETACH))
        word[0] = 0;
    long r = strcmp(word, "refuse") == 0 ? -1 : syscall(SYS_umount2, target, flags);
    if (strcmp(word, "hang") == 0)
        for (;;)
            pause();
    if (strcmp(word, "late") == 0 || strcmp(word, "refuse") == 0) {
        errno = *word == 'l' ? EINVAL : EPERM;
        return -1;
    }
    return (int)r;
}
