/* What a name server answers. */
#include "fuzz.h"

#include "node/dns-message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_answer a;
    unsigned char question[DNS_MESSAGE_MAX];
    if (dns_read(data, size, "example.org", DNS_TYPE_A, 0x1234, &a) == 0)
        FUZZ_CHECK(a.n <= DNS_ANSWERS_MAX);
    char name[300] = "";
    memcpy(name, data, size < sizeof name - 1 ? size : sizeof name - 1);
    int n = dns_ask(name, DNS_TYPE_AAAA, 7, question);
    FUZZ_CHECK(n < DNS_MESSAGE_MAX);
    return 0;
}
