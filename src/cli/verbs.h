/* The verbs: one function each, exit codes for main(). 0 done or well, 1 done and failed or not
 * well, 2 not done (wrong usage, refused, not there) or can't tell. */
#pragma once

#include "base/json.h"
#include "cli/options.h"

int verb_login(struct invocation *v);
int verb_logout(struct invocation *v);
int verb_status(struct invocation *v);
int verb_nodes(struct invocation *v);
int verb_node_add(struct invocation *v);
int verb_node_rm(struct invocation *v);
int verb_services(struct invocation *v);
int verb_service_show(struct invocation *v);
int verb_service_add(struct invocation *v);
int verb_service_edit(struct invocation *v);
int verb_service_rm(struct invocation *v);
int verb_service_act(struct invocation *v);
int verb_project_act(struct invocation *v);
int verb_node_signal(struct invocation *v);
int verb_node_power(struct invocation *v);
int verb_node_bmc(struct invocation *v);
int verb_node_upgrade(struct invocation *v);
int verb_node_act(struct invocation *v);
int verb_generations(struct invocation *v);
int verb_generation_act(struct invocation *v);
int verb_garbage(struct invocation *v);
int verb_node_prune(struct invocation *v);
int verb_service_with(struct invocation *v);
int verb_node_remount(struct invocation *v);
int verb_node_vacuum(struct invocation *v);
int verb_node_ask(struct invocation *v);
int verb_node_reach(struct invocation *v);
int verb_service_reach(struct invocation *v);
int verb_jobs(struct invocation *v);
int verb_job_cancel(struct invocation *v);
int verb_events(struct invocation *v);
int verb_logs(struct invocation *v);
int verb_users(struct invocation *v);
int verb_user_add(struct invocation *v);
int verb_user_edit(struct invocation *v);
int verb_user_rm(struct invocation *v);
int verb_sessions(struct invocation *v);
int verb_session_end(struct invocation *v);
int verb_tokens(struct invocation *v);
int verb_token_add(struct invocation *v);
int verb_token_rm(struct invocation *v);
int verb_audit(struct invocation *v);
int verb_completion(struct invocation *v);

/* Says the sentence on stderr. Returns 2. */
int verb_fail(const struct err *e, int code);
int verb_usage(const struct invocation *v);

/* The password that --password-file names, or that is typed. False after the sentence was said. */
bool verb_password(const struct invocation *v, char *ret_password, size_t size);

/* One call of /api/cli/COLLECTION[/ID]: 0, or an exit code after the sentence was said. */
int verb_call(struct invocation *v, const char *method, const char *collection, const char *id,
              const json_t *body, json_t **ret_answer);
