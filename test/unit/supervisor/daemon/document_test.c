/* How a client's document becomes the stored one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/config/sealed.h"
#include "supervisor/daemon/document.h"

static unsigned char key[SECRET_KEY_BYTES] = {7}, other_key[SECRET_KEY_BYTES] = {8};

static json_t *
parse(const char *text)
{
    json_error_t error;
    json_t *value = text ? json_loads(text, 0, &error) : NULL;

    if (text && !value)
        fail_msg("%s: %s", text, error.text);
    return value;
}

static void
slugs_are_made_of_names(void **state)
{
    static const struct {
        const char *name, *slug;
    } cases[] = {{"Bennys Auto", "bennys-auto"},
                 {"bennys-auto", "bennys-auto"},
                 {"  A & B -- C.  ", "a-b-c"},
                 {"Z\xc3\xb8"
                  "e 24/7",
                  "z-e-24-7"},
                 {"\xc3\xa4\xc3\xb6", ""},
                 {"", ""}};
    char slug[CONFIG_SLUG_MAX + 1], name[ORDER_VALUE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        document_slug(cases[i].name, slug);
        assert_string_equal(slug, cases[i].slug);
    }
    memset(name, 'a', ORDER_VALUE_MAX);
    name[ORDER_VALUE_MAX] = '\0';
    name[CONFIG_SLUG_MAX - 1] = ' '; /* at the truncation */
    document_slug(name, slug);
    assert_int_equal(strlen(slug), CONFIG_SLUG_MAX - 1);
}

/* stored may be NULL. */
static void
completes(const char *sent, const char *stored, const char *expected)
{
    json_t *from = parse(sent), *with = parse(stored), *to = parse(expected),
           *made = document_complete(from, with), *again = parse(sent);
    char *text = json_dumps(made, 0);

    if (!json_equal(made, to))
        fail_msg("%s of %s", text, sent);
    assert_true(json_equal(from, again));
    free(text);
    json_decref(from);
    json_decref(with);
    json_decref(to);
    json_decref(made);
    json_decref(again);
}

static void
hidden_secrets_need_not_be_sent_back(void **state)
{
    (void)state;
    completes("{}", NULL, "{}");
    completes("{}", "{\"active\":false,\"api_tokens\":[7],\"retention_days\":1}",
              "{\"active\":false,\"api_tokens\":[7]}");
    completes("{\"active\":true,\"api_tokens\":[]}", "{\"active\":false,\"api_tokens\":[7]}",
              "{\"active\":true,\"api_tokens\":[]}");
}

#define STORED "{\"credentials\":{\"username\":\"bot\",\"password\":{\"sealed\":\"x\"}}}"

static void
a_password_is_kept_for_the_same_user_only(void **state)
{
    static const char *const same[] = {
        "{\"credentials\":{\"username\":\"bot\"}}",
        "{\"credentials\":{\"username\":\"bot\",\"password\":{\"sealed\":true}}}"};
    static const char *const others[] = {
        "{}",
        "{\"credentials\":null}",
        "{\"credentials\":{}}",
        "{\"credentials\":{\"password\":{\"sealed\":true}}}",
        "{\"credentials\":{\"username\":\"bo\"}}",
        "{\"credentials\":{\"username\":\"other\",\"password\":{\"sealed\":true}}}",
        "{\"credentials\":{\"username\":\"bot\",\"password\":\"new\"}}",
        "{\"credentials\":{\"username\":\"bot\",\"password\":{\"sealed\":\"y\"}}}",
        "{\"credentials\":{\"username\":\"bot\",\"password\":{\"sealed\":false}}}",
        "{\"credentials\":{\"username\":7,\"password\":{\"sealed\":true}}}"};

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        completes(same[i], STORED, STORED);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        completes(others[i], STORED, others[i]);
        completes(others[i], NULL, others[i]);
    }
    completes(same[1], "{\"credentials\":null}", same[1]);
}

#define TOKEN(scope, more) "{\"scope\":\"" scope "\"" more "}"
#define NAMED(name) ",\"name\":\"" name "\""
#define HASHED(hash) ",\"hash\":\"" hash "\""
#define TOKENS(list) "{\"api_tokens\":[" list "]}"

static void
a_hash_is_kept_for_the_same_token_only(void **state)
{
    static const char stored[] = TOKENS(TOKEN("order", NAMED("a") HASHED("1")) "," TOKEN(
        "manage", HASHED("2")) "," TOKEN("order", HASHED("3")) "," TOKEN("order", HASHED("4")));

    (void)state;
    completes(TOKENS(TOKEN("order", ) "," TOKEN("order", NAMED("a")) "," TOKEN("order", )), stored,
              TOKENS(TOKEN("order", HASHED("3")) "," TOKEN(
                  "order", NAMED("a") HASHED("1")) "," TOKEN("order", HASHED("4"))));
    completes(TOKENS(TOKEN("manage", )), stored, TOKENS(TOKEN("manage", HASHED("2"))));
    /* A new scope is taken from the request. */
    completes(TOKENS(TOKEN("manage", NAMED("a"))), stored,
              TOKENS(TOKEN("manage", NAMED("a") HASHED("1"))));
    /* Ambiguous: two tokens have that scope. Unknown: no token has that name. */
    completes(TOKENS(TOKEN("order", )), stored, TOKENS(TOKEN("order", )));
    completes(TOKENS(TOKEN("order", ) "," TOKEN("order", ) "," TOKEN("order", )), stored,
              TOKENS(TOKEN("order", ) "," TOKEN("order", ) "," TOKEN("order", )));
    completes(TOKENS(TOKEN("order", NAMED("b"))), stored, TOKENS(TOKEN("order", NAMED("b"))));
    /* A new token beside kept ones. */
    completes(TOKENS(TOKEN("order", HASHED("9")) "," TOKEN("order", ) "," TOKEN("order", )), stored,
              TOKENS(TOKEN("order", HASHED("9")) "," TOKEN("order", HASHED("3")) "," TOKEN(
                  "order", HASHED("4"))));
    completes(TOKENS("7,null,\"x\",{}"), stored, TOKENS("7,null,\"x\",{}"));
    completes("{\"api_tokens\":7}", stored, "{\"api_tokens\":7}");
}

static const char *
sealed(const json_t *document)
{
    return json_string_value(json_object_get(
        json_object_get(json_object_get(document, "credentials"), "password"), "sealed"));
}

static json_t *
with_password(const char *password)
{
    return json_pack("{s{ssss}}", "credentials", "username", "bot", "password", password);
}

static void
a_password_is_sealed_and_then_stays_as_it_is(void **state)
{
    json_t *stored = with_password("secret-1"), *again = with_password("secret-1"),
           *other = with_password("secret-2"), *none = json_object();
    char *plain, *place = sealed_binding(stored);

    (void)state;
    document_seal(stored, NULL, key, NULL);
    plain = sealed_open(key, place, sealed(stored));
    assert_string_equal(plain, "secret-1");
    secret_free(plain);
    free(place);
    document_seal(again, stored, key, NULL);
    assert_string_equal(sealed(again), sealed(stored));
    document_seal(other, stored, key, NULL);
    assert_string_not_equal(sealed(other), sealed(stored));
    document_seal(other, stored, key, NULL); /* sealed already */
    assert_true(document_opens(other, sealed_secret_at(0), key, NULL));
    assert_false(document_opens(other, sealed_secret_at(0), other_key, NULL));
    assert_true(document_opens(other, sealed_secret_at(0), other_key, key));
    document_seal(none, stored, key, NULL);
    assert_int_equal(json_object_size(none), 0);
    assert_true(document_opens(none, sealed_secret_at(0), key, NULL));
    json_decref(stored);
    json_decref(again);
    json_decref(other);
    json_decref(none);
}

static json_t *
at(const char *url, const char *password)
{
    json_t *document = with_password(password);

    json_object_set_new(document, "erp", json_pack("{ssss}", "system", "tryton", "url", url));
    return document;
}

/* A client that may change a configuration cannot read its password. */
static void
a_password_does_not_follow_to_another_place(void **state)
{
    json_t *stored = at("https://erp.example.com/db/", "secret-1"), *moved,
           *again = at("https://evil.example.com/db/", "secret-1");

    (void)state;
    document_seal(stored, NULL, key, NULL);
    moved = json_deep_copy(stored);
    json_object_set_new(json_object_get(moved, "erp"), "url", json_string("https://evil/db/"));
    assert_true(document_opens(stored, sealed_secret_at(0), key, NULL));
    assert_false(document_opens(moved, sealed_secret_at(0), key, NULL));
    document_seal(moved, stored, key, NULL); /* cannot be opened, so it stays */
    assert_string_equal(sealed(moved), sealed(stored));
    document_seal(again, stored, key, NULL); /* sent again, so it is sealed for the new place */
    assert_string_not_equal(sealed(again), sealed(stored));
    assert_true(document_opens(again, sealed_secret_at(0), key, NULL));
    json_decref(stored);
    json_decref(moved);
    json_decref(again);
}

static void
an_earlier_versions_sealed_value_is_bound(void **state)
{
    json_t *stored = at("https://erp.example.com/db/", "x"), *again;
    char *text = secret_seal_text(other_key, "credentials", "secret-1");

    (void)state;
    json_object_set_new(json_object_get(stored, "credentials"), "password",
                        json_pack("{ss}", "sealed", text));
    again = json_deep_copy(stored);
    assert_true(document_is_unbound(stored, sealed_secret_at(0)));
    assert_false(document_opens(stored, sealed_secret_at(0), other_key, NULL));
    document_seal(stored, NULL, key, other_key);
    assert_false(document_is_unbound(stored, sealed_secret_at(0)));
    assert_true(document_opens(stored, sealed_secret_at(0), key, NULL));
    document_seal(again, stored, key, other_key);
    assert_true(json_equal(again, stored)); /* equal to the file, although not written yet */
    free(text);
    json_decref(stored);
    json_decref(again);
}

/* During a rekey. */
static void
the_old_keys_values_are_resealed(void **state)
{
    json_t *document = with_password("secret-1"), *again, *foreign = with_password("x");
    char *text;

    (void)state;
    document_seal(document, NULL, other_key, NULL);
    again = json_deep_copy(document);
    document_seal(document, NULL, key, other_key);
    assert_true(document_opens(document, sealed_secret_at(0), key, NULL));
    document_seal(again, document, key, other_key);
    assert_true(json_equal(again, document));
    document_seal(foreign, NULL, other_key, NULL);
    text = mem_string(sealed(foreign));
    document_seal(foreign, NULL, key, NULL); /* cannot be opened, so it stays */
    assert_string_equal(sealed(foreign), text);
    free(text);
    json_decref(document);
    json_decref(again);
    json_decref(foreign);
}

static void
a_file_is_readable(void **state)
{
    json_t *document = parse("{\"b\":0.05,\"a\":{\"c\":[1,\"\xc3\xa4\"]}}");
    char *text = document_text(document);

    (void)state;
    assert_string_equal(text, "{\n  \"b\": 0.05,\n  \"a\": {\n    \"c\": [\n      1,\n      "
                              "\"\xc3\xa4\"\n    ]\n  }\n}\n");
    free(text);
    json_decref(document);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slugs_are_made_of_names),
        cmocka_unit_test(hidden_secrets_need_not_be_sent_back),
        cmocka_unit_test(a_password_is_kept_for_the_same_user_only),
        cmocka_unit_test(a_hash_is_kept_for_the_same_token_only),
        cmocka_unit_test(a_password_is_sealed_and_then_stays_as_it_is),
        cmocka_unit_test(a_password_does_not_follow_to_another_place),
        cmocka_unit_test(an_earlier_versions_sealed_value_is_bound),
        cmocka_unit_test(the_old_keys_values_are_resealed),
        cmocka_unit_test(a_file_is_readable),
    };

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
