/* hydrad's verbs that work on the data without a server, or beside a running one. Each returns
 * main()'s exit code. */
#pragma once

#include "hub/config.h"

int command_user_add(
    const struct config *c); /* hydrad user add NAME --role ROLE --password-file F */
int command_token_add(
    const struct config *c); /* hydrad token add NAME --user U --scope S[,S] [--expires 90d] */
int command_reset_password(
    const struct config *c); /* hydrad reset-password NAME [--password-file F] */
/* hydrad node add NAME [--ttl 15m] [--replace] */
int command_node_add(const struct config *c);
int command_node_list(const struct config *c);
int command_node_rm(const struct config *c); /* hydrad node rm NAME */
int command_keys_rotate(const struct config *c);
int command_keys_list(const struct config *c);
int command_node_reset(const struct config *c);
int command_audit_verify(const struct config *c);
int command_migrate(const struct config *c);
int command_backup(const struct config *c);
int command_restore(const struct config *c);
int command_copy_database(const struct config *c);
