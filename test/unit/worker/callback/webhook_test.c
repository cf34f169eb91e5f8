/* The signature of Standard Webhooks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "worker/callback/webhook.h"

/* By: printf '%s' 'msg_1.1700000000.{"a":1}' | openssl dgst -sha256 -hmac KEY -binary | base64 */
static void
a_known_signature(void **state)
{
    static const unsigned char key[] = "0123456789abcdef0123456789abcdef";
    char *signature = webhook_signature(key, 32, "msg_1", 1700000000, "{\"a\":1}");

    (void)state;
    assert_string_equal(signature, "v1,rkwp5YuvdrMkcu0ZhuMsXoTg44mHAr1Q0+FFgFpXsjY=");
    free(signature);
}

static void
each_part_is_signed(void **state)
{
    static const unsigned char key[] = "0123456789abcdef";
    char *base = webhook_signature(key, 16, "msg_1", 17, "{}"),
         *others[] = {webhook_signature(key, 15, "msg_1", 17, "{}"),
                      webhook_signature(key, 16, "msg_2", 17, "{}"),
                      webhook_signature(key, 16, "msg_1", 18, "{}"),
                      webhook_signature(key, 16, "msg_1", 17, "{ }")};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_string_not_equal(base, others[i]);
        free(others[i]);
    }
    free(base);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_known_signature),
                                       cmocka_unit_test(each_part_is_signed)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
