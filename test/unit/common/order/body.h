/* A body of POST /create, valid but for what a test changes in it. */
#ifndef TEST_UNIT_COMMON_ORDER_BODY_H
#define TEST_UNIT_COMMON_ORDER_BODY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/secret.h"
#include "common/order/order.h"

#define SHOP "Bennys Auto"

struct outcome {
    int result;
    struct order order;
    struct credentials credentials;
    struct order_faults faults;
};

static struct outcome o;

static inline int
parse_bytes(const char *body, size_t length, bool need_credentials)
{
    char *exact = malloc(length + !length); /* exact size, without a trailing NUL */

    memcpy(exact, body, length);
    o.result =
        order_parse(exact, length, SHOP, need_credentials, &o.order, &o.credentials, &o.faults);
    free(exact);
    return o.result;
}

static inline void
forget(void)
{
    credentials_clear(&o.credentials);
    order_faults_clear(&o.faults);
}

static inline void
expect_fault(const char *body, size_t length, bool need, const char *code, const char *fields)
{
    char *text;

    if (parse_bytes(body, length, need) == 0)
        fail_msg("taken: %.*s", (int)length, body);
    if (strcmp(o.faults.code, code))
        fail_msg("%s instead of %s (%s): %.*s", o.faults.code, code, o.faults.detail, (int)length,
                 body);
    assert_true(*o.faults.detail);
    assert_null(o.credentials.username);
    assert_null(o.credentials.password);
    if (fields) {
        text = json_dumps(o.faults.fields, JSON_COMPACT);
        assert_non_null(text);
        assert_string_equal(text, fields);
        free(text);
    } else {
        assert_null(o.faults.fields);
    }
    forget();
}

static const char *const member_names[] = {"workshop", "worksheet", "product_nr", "product_amount",
                                           "uniqueid", "username",  "password"};
static const char *const member_values[] = {"\"" SHOP "\"", "\"558\"",   "\"10\"",   "\"5\"",
                                            "\"u-1\"",      "\"admin\"", "\"gygag\""};

/* A valid body with one member's value replaced (NULL: left out) and `more` appended. */
static inline const char *
body_with(const char *name, const char *value, const char *more)
{
    static char body[8192];
    size_t used = 0;

    for (size_t i = 0; i < 7; i++) {
        const char *v = name && strcmp(name, member_names[i]) == 0 ? value : member_values[i];

        if (v)
            used += (size_t)snprintf(body + used, sizeof body - used, "%s\"%s\":%s",
                                     used ? "," : "{", member_names[i], v);
    }
    snprintf(body + used, sizeof body - used, "%s}", more);
    return body;
}

static inline void
expect_refused(const char *name, const char *value, const char *code)
{
    const char *body = body_with(name, value, "");
    char fields[64];

    snprintf(fields, sizeof fields, "[\"%s\"]", name);
    expect_fault(body, strlen(body), true, code, strcmp(code, "invalid_json") == 0 ? NULL : fields);
}

static inline void
expect_taken(const char *body)
{
    if (parse_bytes(body, strlen(body), true))
        fail_msg("%s: %s", o.faults.detail, body);
}

#endif
