#include "node/version.h"

static const char mark[] = AGENT_VERSION_MARK HYDRA_VERSION;

const char *agent_version(void)
{
    return mark + sizeof AGENT_VERSION_MARK - 1;
}
