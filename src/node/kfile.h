/* Files of /proc and /sys: opened once, read again with pread().
 *
 * Reading at offset 0 makes the kernel write the file anew; no allocation, no path walk. */
#pragma once

#include "node/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

enum {
    KFILE_PATH_MAX = 512,
    LIMIT_KFILE = 4 << 20, /* bytes that are read of one file at most */
};

/* A buffer that all files of a node are read into, one after the other. Zero-initialise. */
struct kbuf {
    char *p;
    size_t size;
};
void kbuf_done(struct kbuf *b);
void kbuf_reserve(struct kbuf *b); /* makes sure that there is one */

/* Opens ROOT + path for reading: the descriptor, or negative errno. */
int kfile_open(const char *root, const char *path_fmt, ...) PRINTF(2, 3);
void kfile_close(int *fd); /* sets it to -1; -1 is accepted */

/* Reads all of it. Grows the buffer (allocates) only when the file outgrew it. */
int kfile_read(struct kbuf *b, int fd, struct scan *ret_text) MUST_CHECK;

/* The same for files with lines longer than a kilobyte, at the cost of one more call. */
int kfile_read_long(struct kbuf *b, int fd, struct scan *ret_text) MUST_CHECK;

/* Files of one number, as most of /sys. -EINVAL when there is none. */
int kfile_i64(int fd, int64_t *ret_v) MUST_CHECK;

/* Opens, reads and closes: for what is read once. The text is trimmed and cut to `size`. */
int kfile_text(char *ret_text, size_t size, const char *root, const char *path_fmt, ...)
    PRINTF(4, 5);
int kfile_number(int64_t *ret_v, const char *root, const char *path_fmt, ...) PRINTF(3, 4);

/* The text of the symbolic link ROOT + path; -errno. */
int kfile_link(char *ret_text, size_t size, const char *root, const char *path_fmt, ...)
    PRINTF(4, 5);
enum { KFILE_COMM_MAX = 15 };

/* The program that a process runs. The kernel cuts its name to 15 bytes; the file tells the rest.
 * -errno: gone. */
int kfile_program(char *ret_name, size_t size, const char *root, int pid) MUST_CHECK;
bool kfile_exists(const char *root, const char *path_fmt, ...) PRINTF(2, 3);

/* Calls fn for each entry of the folder but those that begin with '.', in the order of their names
 * with numbers counted ("temp2" before "temp10"). -errno. */
typedef void kfile_entry_fn(void *arg, const char *name);
int kfile_list(const char *root, const char *path, kfile_entry_fn *fn, void *arg);
