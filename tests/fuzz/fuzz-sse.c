/* Event streams as the command line reads them: the same events whatever the pieces. */
#include "fuzz.h"

#include "cli/sse.h"

static bool note(void *arg, const struct stream_event *event)
{
    str_addf(arg, "%s|%s|%s\n", event->id, event->type, event->data);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str whole = {0}, pieces = {0};
    struct sse_reader a = {.on_event = note, .arg = &whole}, b = {.on_event = note, .arg = &pieces};
    sse_reader_feed(&a, (const char *)data, size);
    size_t step = size ? data[0] % 7 + 1 : 1;
    for (size_t i = 0; i < size; i += step)
        sse_reader_feed(&b, (const char *)data + i, size - i < step ? size - i : step);
    FUZZ_CHECK(strcmp(str_text(&whole), str_text(&pieces)) == 0);
    sse_reader_done(&a);
    sse_reader_done(&b);
    str_done(&whole);
    str_done(&pieces);
    return 0;
}
