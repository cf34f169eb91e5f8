/* Text that looks the same is equal; invisible characters are rejected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/text_value.h"

#define NFD "Zoe\xcc\x88" /* e and a diaeresis */
#define NFC "Zo\xc3\xab"  /* one character */
#define HANGUL "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"

static void
what_looks_the_same_is_the_same(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},         {"plain", "plain"},       {NFC, NFC},
        {NFD, NFC},       {HANGUL, "\xed\x95\x9c"}, {"\xe2\x84\xab", "\xc3\x85"}, /* Angstrom */
        {"\xff", "\xff"}, {NFD "\xff", NFD "\xff"}, {"\xef\xac\x81", "\xef\xac\x81"}}; /* fi */
    char small[] = NFD, grown[4] = "\xe0\xa5\x98"; /* two characters in NFC */

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = text_nfc(cases[i][0]);

        assert_string_equal(text, cases[i][1]);
        assert_true(text_same(cases[i][0], cases[i][1]));
        free(text);
    }
    assert_false(text_same("Zoe", NFC));
    text_nfc_in_place(small, sizeof small);
    assert_string_equal(small, NFC);
    text_nfc_in_place(grown, sizeof grown);
    assert_string_equal(grown, "\xe0\xa5\x98");
}

static void
what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *text, *wrong;
    } cases[] = {
        {"", NULL},
        {"a b", NULL},
        {"a\xc2\xa0"
         "b",
         NULL}, /* no-break space */
        {NFC, NULL},
        {NFD, NULL},
        {"\xf0\x9f\x9a\x97", NULL}, /* a car */
        {"a\nb", "control"},
        {"a\x7f", "control"},
        {"a\xc2\x85"
         "b",
         "control"}, /* next line */
        {"a\xe2\x80\xa8"
         "b",
         "control"}, /* line separator */
        {" a", "begins with white space"},
        {"\xc2\xa0"
         "a",
         "begins with white space"},
        {"\xe3\x80\x80"
         "a",
         "begins with white space"}, /* ideographic space */
        {"a ", "ends with white space"},
        {"a\xe2\x80\x89", "ends with white space"}, /* thin space */
        {"a\xe2\x80\x8b"
         "b",
         "invisible"},                  /* zero-width space */
        {"a\xe2\x80\x8d", "invisible"}, /* joiner */
        {"\xef\xbb\xbf"
         "a",
         "invisible"},              /* byte order mark */
        {"a\xc2\xad", "invisible"}, /* soft hyphen */
        {"a\xe2\x80\xae"
         "b",
         "invisible"},                  /* right-to-left mark */
        {"a\xe1\x85\x9f", "invisible"}, /* Hangul filler */
        {"a\xcd\x8f"
         "b",
         "invisible"}, /* grapheme joiner */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *wrong = text_value_wrong(cases[i].text, strlen(cases[i].text));

        if (!cases[i].wrong != !wrong || (wrong && !strstr(wrong, cases[i].wrong)))
            fail_msg("\"%s\": %s", cases[i].text, wrong ? wrong : "nothing");
    }
    assert_non_null(text_value_wrong("a\0b", 3));
}

static void
white_space_alone_is_blank(void **state)
{
    static const char *const blank[] = {"", " ", "\t \r\n", "\xc2\xa0\xe3\x80\x80", "\xe2\x80\x83"};
    static const char *const others[] = {"a", " a", "a ", "\xe2\x80\x8b", "\xff", " \xff"};

    (void)state;
    for (size_t i = 0; i < sizeof blank / sizeof *blank; i++)
        assert_true(text_is_blank(blank[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(text_is_blank(others[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_looks_the_same_is_the_same),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(white_space_alone_is_blank),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
