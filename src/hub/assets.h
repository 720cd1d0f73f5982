/* The dashboard's files, compiled in by the build; empty when it was built without. */
#pragma once

#include "http/http.h"

extern const struct http_asset hydra_assets[];
