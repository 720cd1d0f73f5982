/* Is a reboot due? Three ways in which systems tell. */
#include "node/facts.h"

enum { LINK_MAX = 512 };

/* Debian's and Ubuntu's packages ask for it in /run/reboot-required. */
static char *asked_for(const char *root)
{
    char packages[LINK_MAX];
    if (!kfile_exists(root, "/run/reboot-required") &&
        !kfile_exists(root, "/var/run/reboot-required"))
        return NULL;
    if (kfile_text(packages, sizeof packages, root, "/run/reboot-required.pkgs") < 0 || !*packages)
        return mem_strdup("The system asks for a reboot.");
    for (char *p = packages; *p; p++)
        if (*p == '\n')
            *p = ' ';
    return mem_printf("These packages ask for a reboot: %s.", packages);
}

/* NixOS: a switch changes the kernel only at the next boot. */
static char *nixos_differs(const char *root)
{
    static const char *const parts[] = {"kernel", "initrd", "kernel-modules"};
    char booted[LINK_MAX], current[LINK_MAX];
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (kfile_link(booted, sizeof booted, root, "/run/booted-system/%s", parts[i]) < 0 ||
            kfile_link(current, sizeof current, root, "/run/current-system/%s", parts[i]) < 0)
            continue;
        if (!str_eq(booted, current))
            return mem_printf(
                "The %s of the current system generation differs from the booted one.", parts[i]);
    }
    return NULL;
}

/* "6.1.0-28-amd64" → "amd64": kernels of another flavour do not replace each other. */
static const char *flavour(const char *release)
{
    const char *dash = strrchr(release, '-');
    return dash ? dash + 1 : release;
}

struct newest {
    const char *running;
    char release[LINK_MAX];
    bool has_running;
};

static void look_at(void *arg, const char *name)
{
    struct newest *n = arg;
    const char *release = name + strlen("vmlinuz-");
    if (!str_starts(name, "vmlinuz-") || !str_eq(flavour(release), flavour(n->running)))
        return;
    n->has_running |= str_eq(release, n->running);
    if (!n->release[0] || strverscmp(release, n->release) > 0)
        str_copy(n->release, sizeof n->release, release);
}

/* Only where the running kernel comes from /boot at all. */
static char *newer_installed(const char *root, const char *kernel)
{
    struct newest n = {.running = kernel};
    if (kfile_list(root, "/boot", look_at, &n) < 0 || !n.has_running ||
        strverscmp(n.release, kernel) <= 0)
        return NULL;
    return mem_printf("Linux %s is installed, %s runs.", n.release, kernel);
}

char *facts_pending_reboot(const char *root, const char *kernel)
{
    char *why = asked_for(root);
    if (!why)
        why = nixos_differs(root);
    if (!why)
        why = newer_installed(root, kernel);
    return why;
}
