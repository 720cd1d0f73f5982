/* Messages of a peer, unpacked within bounds: two bytes of an empty row are two hundred as a
 * structure. */
#include "node/wire.h"

enum { OVERHEAD = 16 /* of each piece of memory */ };

static void *take(void *arg, size_t size)
{
    size_t *left = arg;
    if (size > *left || *left - size < OVERHEAD)
        return NULL;
    *left -= size + OVERHEAD;
    return mem_try_alloc(size);
}

static void give_back(void *arg, void *p)
{
    (void)arg;
    mem_free(p);
}

void *wire_unpack(const ProtobufCMessageDescriptor *kind, const void *bytes, size_t len)
{
    size_t left = WIRE_UNPACKED_LEAST + WIRE_UNPACKED_TIMES * len;
    ProtobufCAllocator within = {.alloc = take, .free = give_back, .allocator_data = &left};
    return protobuf_c_message_unpack(kind, &within, len, bytes);
}
