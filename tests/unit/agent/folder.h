/* A folder of a test's own, and the files in it. */
#pragma once

#include "base/str.h"

enum { FOLDER_SIZE = 64 };

void folder_make(char ret_path[FOLDER_SIZE]);
void folder_remove(const char *path);               /* with all files and folders in it */
void folder_copy(const char *from, const char *to); /* files only; makes `to` */
unsigned folder_count(const char *path, const char *suffix);
void folder_read(const char *path, const char *name, struct str *out);
void folder_write(const char *path, const char *name, const void *bytes, size_t len);
