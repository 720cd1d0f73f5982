#include "access/password.h"

#include "access/access.h"

_Static_assert((int)LIMIT_USER_NAME == (int)LIMIT_NAME_MAX, "one limit, two headers");

/* The commonest of the leaked lists that are long enough to pass, lower case. */
static const char *const common[] = {
    "0123456789",       "01234567890",  "0987654321",   "1029384756",      "1111111111",
    "11223344556",      "1122334455",   "1212121212",   "1231231234",      "123123123123",
    "1234512345",       "123456123456", "12345678900",  "1234567890",      "12345678901",
    "123456789012",     "1234567891",   "12345678910",  "1234567899",      "123456789a",
    "123456789q",       "123456789z",   "1234qwerasdf", "123qweasdzxc",    "147258369a",
    "147852369a",       "1q2w3e4r5t",   "1q2w3e4r5t6y", "1qaz2wsx3edc",    "1qazxsw23edc",
    "9876543210",       "a123456789",   "aa123456789",  "abc123456789",    "abcd123456",
    "abcdefghij",       "abcdefghijk",  "admin12345",   "admin123456",     "administrator",
    "adminadmin",       "alexander1",   "asdfasdfasdf", "asdfghjkl1",      "asdfghjkl;",
    "asdfghjklo",       "basketball",   "basketball1",  "bismillah1",      "butterfly1",
    "changeme123",      "changemenow",  "chelsea123",   "chocolate1",      "christopher",
    "computer123",      "dragon12345",  "football123",  "helloworld",      "homeassistant",
    "hydrahydra",       "iloveyou12",   "iloveyou123",  "iloveyouforever", "internet123",
    "jennifer123",      "letmein123",   "letmeinnow",   "liverpool1",      "liverpool123",
    "manchester",       "manchester1",  "michael123",   "michelle123",     "mypassword",
    "mypassword1",      "p@ssw0rd123",  "p@ssword123",  "passw0rd123",     "password!1",
    "password00",       "password01",   "password1!",   "password10",      "password11",
    "password12",       "password123",  "password123!", "password1234",    "password12345",
    "password123456",   "password2024", "password2025", "password2026",    "passwordpassword",
    "pokemon123",       "princess12",   "princess123",  "q1w2e3r4t5",      "q1w2e3r4t5y6",
    "qazwsxedc1",       "qazwsxedcrfv", "qwer123456",   "qwerty1234",      "qwerty12345",
    "qwerty123456",     "qwertyqwerty", "qwertyuiop",   "qwertyuiop1",     "qwertyuiop123",
    "raspberry1",       "raspberrypi",  "sunshine123",  "superman123",     "testtest123",
    "trustno1trustno1", "unbelievable", "welcome123",   "welcome1234",     "welcome12345",
    "zaq12wsxcde3",     "zxcvbnm123",   "zxcvbnm1234",  "zxcvbnmasdf",
};

static size_t count_characters(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* Only one, two or three different bytes: "aaaaaaaaaa", "1212121212". */
static bool is_monotonous(const char *s)
{
    bool seen[256] = {0};
    unsigned different = 0;
    for (; *s; s++) {
        different += !seen[(unsigned char)*s];
        seen[(unsigned char)*s] = true;
    }
    return different < 4;
}

static bool is_common(const char *password)
{
    for (size_t i = 0; i < COUNT_OF(common); i++)
        if (str_eq_nocase(password, common[i]))
            return true;
    return is_monotonous(password);
}

/* The name, or the name with a few characters before or after it. */
static bool is_name(const char *password, const char *name)
{
    const char *at = name && *name ? strcasestr(password, name) : NULL;
    return at && strlen(password) - strlen(name) < 4;
}

int password_acceptable(const char *password, const char *user_name, struct err *e)
{
    size_t bytes = strlen(password);
    if (!str_is_utf8(password, bytes))
        return err_set(e, -EINVAL, "The password is not valid text (UTF-8).");
    if (count_characters(password) < LIMIT_PASSWORD_MIN)
        return err_set(e, -EINVAL, "The password is too short: use at least %d characters.",
                       LIMIT_PASSWORD_MIN);
    if (bytes > LIMIT_PASSWORD_MAX)
        return err_set(e, -EINVAL, "The password is too long: use at most %d bytes.",
                       LIMIT_PASSWORD_MAX);
    if (is_name(password, user_name))
        return err_set(e, -EINVAL, "The password is the user name. Choose another one.");
    if (is_common(password))
        return err_set(e, -EINVAL,
                       "The password is one of those everybody tries first. Choose another one.");
    return 0;
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static int check_name(const char *name, struct err *e)
{
    if (!*name)
        return err_set(e, -EINVAL, "A user needs a name.");
    for (const char *p = name; *p; p++)
        if (!is_name_character(*p))
            return err_set(e, -EINVAL,
                           "A user name is made of letters a to z, digits, '.', '_' and '-'.");
    if (strchr("._-", name[0]))
        return err_set(e, -EINVAL, "A user name begins with a letter or a digit.");
    if (str_eq(name, "local") || str_eq(name, "system"))
        return err_set(e, -EINVAL, "\"%s\" has a meaning of its own. Choose another name.", name);
    return 0;
}

int user_name_normal(const char *name, struct err *e, char ret_name[LIMIT_USER_NAME + 1])
{
    char lower[LIMIT_USER_NAME + 1] = {0};
    if (!str_copy(lower, sizeof lower, name ? name : ""))
        return err_set(e, -EINVAL, "A user name has at most %d characters.", LIMIT_USER_NAME);
    for (char *p = lower; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    int r = check_name(lower, e);
    if (r < 0)
        return r;
    str_copy(ret_name, LIMIT_USER_NAME + 1, lower);
    return 0;
}
