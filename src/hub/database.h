/* The data folder and the database in it. */
#pragma once

#include "hub/config.h"
#include "store/store.h"

/* Makes the data folder (0700) where it is missing. -EACCES … with what to do. */
int data_folder_make(const struct config *c, struct err *e) MUST_CHECK;

/* Holds the data folder for one hydrad at a time, until the process ends. Returns a descriptor;
 * -EBUSY names the other. */
int data_folder_lock(const struct config *c, struct err *e) MUST_CHECK;

/* Opens and migrates. */
int database_open(const struct config *c, struct err *e, struct store **ret_store) MUST_CHECK;
