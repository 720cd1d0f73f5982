/* A build without the dashboard. */
#include "hub/assets.h"

const struct http_asset hydra_assets[] = {{0}};
