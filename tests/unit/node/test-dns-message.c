#include "../test.h"

#include "node/dns-message.h"

#include <arpa/inet.h>
#include <errno.h>

#define QUESTION "\7example\3org\0\0\1\0\1"
#define NAME "\xc0\x0c"

static int read_bytes(const char *bytes, size_t n, struct dns_answer *a)
{
    return dns_read((const unsigned char *)bytes, n, "example.org", DNS_TYPE_A, 0x1234, a);
}
#define READ(bytes, a) read_bytes(bytes, sizeof(bytes) - 1, a)

static void questions_are_written(void **state)
{
    (void)state;
    unsigned char m[DNS_MESSAGE_MAX];
    static const char expected[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION;
    assert_int_equal(dns_ask("example.org", DNS_TYPE_A, 0x1234, m), sizeof expected - 1);
    assert_memory_equal(m, expected, sizeof expected - 1);
    assert_int_equal(dns_ask("example.org.", DNS_TYPE_A, 0x1234, m), sizeof expected - 1);
    char lengthy[300];
    memset(lengthy, 'a', sizeof lengthy);
    lengthy[254] = 0;
    const char *bad[] = {
        "",   ".",     "a..b",
        ".a", lengthy, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_int_equal(dns_ask(bad[i], DNS_TYPE_A, 1, m), -EINVAL);
}

static void answers_are_read(void **state)
{
    (void)state;
    struct dns_answer a;
    char text[INET_ADDRSTRLEN];
    assert_int_equal(READ("\x12\x34\x81\x80\0\1\0\2\0\0\0\0" QUESTION NAME
                          "\0\5\0\1\0\0\0\x3c\0\6\3www" NAME NAME
                          "\0\1\0\1\0\0\0\x3c\0\4\x5d\xb8\xd8\x22",
                          &a),
                     0);
    assert_int_equal(a.code, 0);
    assert_int_equal(a.n, 1);
    assert_string_equal(inet_ntop(AF_INET, &a.v[0].address, text, sizeof text), "93.184.216.34");
    assert_int_equal(READ("\x12\x34\x81\x83\0\1\0\0\0\0\0\0" QUESTION, &a), 0);
    assert_string_equal(dns_code_name(a.code), "NXDOMAIN");
}

static void other_peoples_answers_are_none(void **state)
{
    (void)state;
    struct dns_answer a;
    assert_int_equal(READ("\x12\x35\x81\x80\0\1\0\0\0\0\0\0" QUESTION, &a), -EAGAIN); /* id */
    assert_int_equal(READ("\x12\x34\x01\x80\0\1\0\0\0\0\0\0" QUESTION, &a),
                     -EAGAIN); /* no answer */
    assert_int_equal(READ("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\7examqle\3org\0\0\1\0\1", &a), -EAGAIN);
    assert_int_equal(READ("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\7EXAMPLE\3org\0\0\1\0\1", &a), 0);
    assert_int_equal(READ("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\7example\3org\0\0\x1c\0\1", &a),
                     -EAGAIN);
    assert_int_equal(READ("", &a), -EAGAIN);
}

static void broken_answers_are_refused(void **state)
{
    (void)state;
    struct dns_answer a;
    assert_int_equal(READ("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION NAME
                          "\0\1\0\1\0\0\0\x3c\0\x40"
                          "\1\2\3\4",
                          &a),
                     -EBADMSG);
    assert_int_equal(READ("\x12\x34\x81\x80\0\1\xff\xff\0\0\0\0" QUESTION, &a), -EBADMSG);
    assert_int_equal(READ("\x12\x34\x83\x80\0\1\0\1\0\0\0\0" QUESTION, &a), 0); /* truncated */
    assert_true(a.truncated);
    /* An address of the wrong length is none. */
    assert_int_equal(READ("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION NAME "\0\1\0\1\0\0\0\x3c\0\2"
                          "\1\2",
                          &a),
                     0);
    assert_int_equal(a.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_written),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(other_peoples_answers_are_none),
        cmocka_unit_test(broken_answers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
