/* Process descriptors: told at once when a process ends that is not our child (pidfd_open(2)). */
#pragma once

#include "base/mem.h"

/* -ESRCH when it is gone already, -ENOSYS before Linux 5.3. The descriptor becomes readable at the
 * end of the process. */
int pidfd_watch(int pid) MUST_CHECK;

/* Whether its process has ended; its pid may be another's then. */
bool pidfd_has_ended(int pidfd);

/* How it ended: exit code, or 128 + n for signal n. -EAGAIN when its parent has not collected it
 * yet, -ENOTSUP before Linux 6.15 (PIDFD_GET_INFO with PIDFD_INFO_EXIT,
 * include/uapi/linux/pidfd.h).
 */
int pidfd_exit_code(int pidfd, int *ret_code) MUST_CHECK;

/* Does it run, and is not merely waiting for its parent to collect it? `root`: see node_settings.
 */
bool process_lives(const char *root, int pid);
