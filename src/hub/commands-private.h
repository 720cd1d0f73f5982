/* What the files of commands.h share. */
#pragma once

#include "access/access.h"
#include "hub/commands.h"

int command_fail(const struct err *e, int r);                /* says the sentence; 1 */
int command_usage(const char *text);                         /* says how it goes; 2 */
const char *command_word(const struct config *c, size_t at); /* NULL = not so many */
struct actor command_actor(void);                            /* whoever has a shell here */
