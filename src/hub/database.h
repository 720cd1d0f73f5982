/* The data folder and the database in it. */
#pragma once

#include "hub/config.h"
#include "store/store.h"

/* Makes the data folder (0700) where it is missing. -EACCES … with what to do. */
int data_folder_make(const struct config *c, struct err *e) MUST_CHECK;

/* Holds the data folder for one hydrad at a time, until the process ends. Returns a descriptor;
 * -EBUSY names the other. */
int data_folder_lock(const struct config *c, struct err *e) MUST_CHECK;

/* What a running hydrad tells its verbs, beside its lock. */
struct running {
    int pid;
    char agents[256];    /* HOST:PORT that tokens name; "" = it lets no agents in */
    char node[128];      /* the machine that it watches itself */
    char database[1024]; /* URL without its password; "" = SQLite in the data folder */
};
/* As it stands there; mem_free(). */
char *data_folder_database(const struct config *c);
int data_folder_tell(int lock_fd, const struct running *r, struct err *e) MUST_CHECK;
/* False: none runs there, or one of before that tells nothing. */
bool data_folder_running(const struct config *c, struct running *ret_r);

/* Opens and migrates. */
int database_open(const struct config *c, struct err *e, struct store **ret_store) MUST_CHECK;
