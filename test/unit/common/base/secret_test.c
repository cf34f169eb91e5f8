/* Keys, sealing and hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/secret.h"

static void
test_workshop_key(void **state)
{
    unsigned char master[SECRET_KEY_BYTES] = {1}, a[SECRET_KEY_BYTES], b[SECRET_KEY_BYTES];

    (void)state;
    secret_workshop_key(master, "bennys-auto", a);
    secret_workshop_key(master, "bennys-auto", b);
    assert_memory_equal(a, b, sizeof a);
    secret_workshop_key(master, "bennys-autp", b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a, master, sizeof a);
    master[0] = 2;
    secret_workshop_key(master, "bennys-auto", b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void
test_seal(void **state)
{
    unsigned char key[SECRET_KEY_BYTES] = {7}, sealed[5 + SECRET_OVERHEAD_BYTES];
    unsigned char again[sizeof sealed];
    char plain[5];

    (void)state;
    secret_seal(key, "order u-1", "gygag", 5, sealed);
    secret_seal(key, "order u-1", "gygag", 5, again);
    assert_memory_not_equal(sealed, again, sizeof sealed); /* each sealing uses a new nonce */
    assert_int_equal(secret_open(key, "order u-1", sealed, sizeof sealed, plain), 0);
    assert_memory_equal(plain, "gygag", 5);
    assert_int_equal(secret_open(key, "order u-2", sealed, sizeof sealed, plain), -1);
    assert_int_equal(secret_open(key, "", sealed, sizeof sealed, plain), -1);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_int_equal(secret_open(key, "order u-1", sealed, sizeof sealed, plain), -1);
        sealed[i] ^= 1;
    }
    for (size_t length = 0; length < sizeof sealed; length++)
        assert_int_equal(secret_open(key, "order u-1", sealed, length, plain), -1);
    key[31] ^= 1;
    assert_int_equal(secret_open(key, "order u-1", sealed, sizeof sealed, plain), -1);
}

static void
expect_text(const unsigned char *key, const char *context, const char *text, const char *plain)
{
    char *opened = secret_open_text(key, context, text);

    if (plain) {
        assert_non_null(opened);
        assert_string_equal(opened, plain);
    } else {
        assert_null(opened);
    }
    secret_free(opened);
}

static void
test_seal_text(void **state)
{
    unsigned char key[SECRET_KEY_BYTES] = {7}, other[SECRET_KEY_BYTES] = {8};
    static const char *const plains[] = {"", "x", "gygag", "pässwörd 😀"};
    static const char *const broken[] = {"", "AAAA", "no base64!", "=", "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof plains / sizeof *plains; i++) {
        char *text = secret_seal_text(key, "credentials", plains[i]);

        expect_text(key, "credentials", text, plains[i]);
        expect_text(key, "credential", text, NULL);
        expect_text(other, "credentials", text, NULL);
        text[strlen(text) / 2] = text[strlen(text) / 2] == 'A' ? 'B' : 'A';
        expect_text(key, "credentials", text, NULL);
        text[strlen(text) - 1] = '\0';
        expect_text(key, "credentials", text, NULL);
        free(text);
    }
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        expect_text(key, "credentials", broken[i], NULL);
}

static void
test_key_text(void **state)
{
    unsigned char key[SECRET_KEY_BYTES] = {0xab, 1}, parsed[SECRET_KEY_BYTES];
    char text[2 * SECRET_KEY_BYTES + 1];

    (void)state;
    secret_key_text(key, text);
    assert_int_equal(strlen(text), 2 * SECRET_KEY_BYTES);
    assert_memory_equal(text, "ab010000", 8);
    assert_int_equal(secret_key_parse(text, parsed), 0);
    assert_memory_equal(parsed, key, sizeof key);
    assert_int_equal(secret_key_parse("", parsed), -1);
    assert_int_equal(secret_key_parse("ab", parsed), -1);
    text[63] = '\0';
    assert_int_equal(secret_key_parse(text, parsed), -1);
    text[63] = 'g';
    assert_int_equal(secret_key_parse(text, parsed), -1);
    assert_int_equal(
        secret_key_parse("00000000000000000000000000000000000000000000000000000000000000000000",
                         parsed),
        -1);
}

static void
test_new_tokens(void **state)
{
    static const char characters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *one = secret_token_new(), *other = secret_token_new();

    (void)state;
    assert_int_equal(strlen(one), 43); /* 256 bits, 6 bits per character */
    assert_int_equal(strspn(one, characters), 43);
    assert_string_not_equal(one, other);
    secret_free(one);
    secret_free(other);
}

static void
test_tokens(void **state)
{
    char hash[SECRET_HASH_TEXT_BYTES], upper[SECRET_HASH_TEXT_BYTES];

    (void)state;
    /* BLAKE2b-256 of "abc", as printed by `b2sum -l 256` */
    secret_token_hash("abc", hash);
    assert_string_equal(hash, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    assert_true(secret_token_matches("abc", hash));
    assert_false(secret_token_matches("abd", hash));
    assert_false(secret_token_matches("", hash));
    assert_false(secret_token_matches("abc", ""));
    memcpy(upper, hash, sizeof upper);
    upper[63] = '\0';
    assert_false(secret_token_matches("abc", upper));
    upper[63] = '0';
    assert_false(secret_token_matches("abc", upper));
}

static void
expect_mask(const char *text, const char *secret, const char *masked)
{
    char copy[128];

    strcpy(copy, text);
    secret_mask(copy, secret);
    assert_string_equal(copy, masked);
}

static void
test_mask(void **state)
{
    (void)state;
    expect_mask("login gygag failed", "gygag", "login ***** failed");
    expect_mask("gygaggygag gyga", "gygag", "********** gyga");
    expect_mask("abc abc", "abc", "abc abc"); /* too short: it could be an ordinary word */
    expect_mask("aaaaaaaaa", "aaaa", "********a");
    expect_mask("", "gygag", "");
    expect_mask("text", "", "text");
    expect_mask("text", NULL, "text");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workshop_key), cmocka_unit_test(test_seal),
        cmocka_unit_test(test_seal_text),    cmocka_unit_test(test_key_text),
        cmocka_unit_test(test_tokens),       cmocka_unit_test(test_new_tokens),
        cmocka_unit_test(test_mask)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
