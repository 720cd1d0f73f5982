/* api/openapi.yaml as JSON, made by the build. */
#pragma once

#include <stddef.h>

extern const char openapi_json[];
extern const size_t openapi_json_len;
