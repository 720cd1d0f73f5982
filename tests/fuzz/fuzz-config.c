/* hydrad.yaml: whatever stands there, each pair has a name and a value, or an error names the file.
 */
#include "fuzz.h"

#include "base/str.h"
#include "hub/config-file.h"

static int take_pair(void *arg, const char *name, const char *value, unsigned line, struct err *e)
{
    (void)arg, (void)e;
    FUZZ_CHECK(name && value && line > 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = {0};
    if (size <= LIMIT_CONFIG_FILE &&
        config_text_read("x.yaml", (const char *)data, size, take_pair, NULL, &e) < 0)
        FUZZ_CHECK(str_starts(e.text, "x.yaml"));
    return 0;
}
