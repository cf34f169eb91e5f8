/* A sealed password opens only for the workshop and ERP that it was sealed for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "common/config/sealed.h"

static unsigned char key[SECRET_KEY_BYTES] = {7}, other_key[SECRET_KEY_BYTES] = {8};

static char *
place_of(const char *erp)
{
    json_t *document = json_pack("{ss*}", "workshop", "x");
    char *place;

    json_object_set_new(document, "erp", erp ? json_loads(erp, JSON_DECODE_ANY, NULL) : NULL);
    place = sealed_binding(document);
    json_decref(document);
    return place;
}

#define BASE "\"system\":\"webdriver\",\"url\":\"https://erp.example.com/db/\",\"recipe\":\"a\""

static void
members_that_make_the_place(void **state)
{
    static const char *const same[] = {
        "{" BASE "}",
        "{\"system\":\"webdriver\",\"url\":\"https://ERP.example.com:443/other\",\"recipe\":\"a\"}",
        "{" BASE ",\"timeout_s\":9,\"ca_file\":null}",
        "{" BASE ",\"browser\":{\"headless\":false}}"};
    static const char *const others[] = {
        "{\"system\":\"tryton\",\"url\":\"https://erp.example.com/db/\",\"recipe\":\"a\"}",
        "{\"system\":\"webdriver\",\"url\":\"http://erp.example.com/db/\",\"recipe\":\"a\"}",
        "{\"system\":\"webdriver\",\"url\":\"https://erp.example.com:444/\",\"recipe\":\"a\"}",
        "{\"system\":\"webdriver\",\"url\":\"https://erp.example.com.evil/\",\"recipe\":\"a\"}",
        "{\"system\":\"webdriver\",\"url\":\"https://[::1]/\",\"recipe\":\"a\"}",
        "{\"system\":\"webdriver\",\"url\":\"https://erp.example.com/db/\",\"recipe\":\"b\"}",
        "{" BASE ",\"webdriver_url\":\"http://127.0.0.1:9516\"}",
        "{" BASE ",\"options\":{\"host\":\"evil\"}}",
        "{" BASE ",\"ca_file\":\"/tmp/ca.pem\"}",
        "{" BASE ",\"browser\":{\"arguments\":[\"--proxy-server=evil\"]}}",
        "{" BASE ",\"browser\":{\"binary\":\"/tmp/evil\"}}",
        "{}",
        "7",
        NULL};
    char *place = place_of(same[0]);

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char *one = place_of(same[i]);

        assert_string_equal(one, place);
        free(one);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char *one = place_of(others[i]);

        assert_string_not_equal(one, place);
        free(one);
    }
    free(place);
}

static void
opens(const unsigned char *with, const char *place, const char *text, const char *plain)
{
    char *opened = sealed_open(with, place, text);

    if (plain)
        assert_string_equal(opened, plain);
    else
        assert_null(opened);
    secret_free(opened);
}

static void
the_place_is_authenticated(void **state)
{
    char *text = sealed_make(key, "here", "gygag");

    (void)state;
    assert_memory_equal(text, "2:", 2);
    opens(key, "here", text, "gygag");
    opens(key, "there", text, NULL);
    opens(key, "", text, NULL);
    opens(other_key, "here", text, NULL);
    opens(NULL, "here", text, NULL);
    opens(key, "here", text + 2, NULL);
    opens(key, "here", "2:", NULL);
    opens(key, "here", "", NULL);
    opens(key, "here", NULL, NULL);
    assert_false(sealed_is_unbound(text));
    assert_null(sealed_open_unbound(key, text));
    assert_null(sealed_open_unbound(key, text + 2)); /* without its version mark */
    free(text);
}

/* A value sealed by the previous version. */
static void
an_unbound_one_opens_as_such_alone(void **state)
{
    char *text = secret_seal_text(key, "credentials", "gygag"), *plain, *marked;

    (void)state;
    assert_true(sealed_is_unbound(text));
    opens(key, "here", text, NULL);
    plain = sealed_open_unbound(key, text);
    assert_string_equal(plain, "gygag");
    secret_free(plain);
    assert_null(sealed_open_unbound(other_key, text));
    marked = mem_format("2:%s", text);
    opens(key, "here", marked, NULL);
    free(marked);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_that_make_the_place),
        cmocka_unit_test(the_place_is_authenticated),
        cmocka_unit_test(an_unbound_one_opens_as_such_alone),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
