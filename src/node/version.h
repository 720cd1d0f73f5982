/* Which version of the agent this program is. The text also stands in its file after
 * AGENT_VERSION_MARK, where a hub reads it without running it. */
#pragma once

#define AGENT_VERSION_MARK "@(#)hydra-agent "

const char *agent_version(void); /* "0.1.0" */
