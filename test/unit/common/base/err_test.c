/* Error values; truncating and cleaning text. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/base/err.h"

/* jansson rejects invalid UTF-8. */
static bool
is_utf8(const char *text)
{
    json_t *string = json_string(text);
    bool sound = string != NULL;

    json_decref(string);
    return sound;
}

static void
test_err_set(void **state)
{
    struct err e;

    (void)state;
    assert_int_equal(err_set(&e, "erp_busy", "%d of %s", 3, "them"), -1);
    assert_string_equal(e.code, "erp_busy");
    assert_string_equal(e.text, "3 of them");
    assert_int_equal(err_set(&e, "erp_busy", "again: %s", e.text), -1);
    assert_string_equal(e.text, "again: 3 of them");
}

static void
test_err_errno(void **state)
{
    struct err e;

    (void)state;
    errno = ENOENT;
    assert_int_equal(err_errno(&e, "store", "%s", "/x"), -1);
    assert_string_equal(e.text, "/x: No such file or directory");
}

/* Wherever truncation falls, the text stays valid UTF-8. */
static void
test_err_long(void **state)
{
    (void)state;
    for (int skew = 0; skew < 4; skew++) {
        char text[2048] = "xxx";
        struct err e;

        text[skew] = '\0';
        for (int i = 0; i < 300; i++)
            strcat(text, "😀");
        err_set(&e, "store", "%s", text);
        assert_in_range(strlen(e.text), sizeof e.text - 4, sizeof e.text - 1);
        assert_true(is_utf8(e.text));
        errno = ENOENT;
        err_errno(&e, "store", "%s", text);
        assert_true(is_utf8(e.text));
    }
}

static void
test_text_copy(void **state)
{
    static const struct {
        size_t size;
        const char *from, *to;
    } cases[] = {{1, "abc", ""},
                 {2, "abc", "a"},
                 {4, "abc", "abc"},
                 {5, "abc", "abc"},
                 {2, "ä", ""},
                 {3, "ä", "ä"},
                 {3, "aä", "a"},
                 {4, "aä", "aä"},
                 {4, "ab€", "ab"},
                 {5, "ab€", "ab"},
                 {6, "ab€", "ab€"},
                 {5, "a😀", "a"},
                 {4, "😀", ""},
                 {5, "😀", "😀"},
                 {6, "😀x", "😀x"},
                 {3, "", ""},
                 {3, "\x80\x80\x80", ""},
                 {4, "ääää", "ä"}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *to = mem_alloc(cases[i].size); /* on the heap, so that ASan detects an overrun */

        text_copy(to, cases[i].size, cases[i].from);
        assert_string_equal(to, cases[i].to);
        free(to);
    }
}

static void
test_text_copy_in_place(void **state)
{
    char text[8] = "abcdefg";

    (void)state;
    text_copy(text, 4, text + 2);
    assert_string_equal(text, "cde");
}

static void
test_text_clean(void **state)
{
    static const char *const pairs[][2] = {
        {"plain ä € 😀", "plain ä € 😀"},
        {"a\nb\tc\x1b[31m\x7f", "a b c [31m "},
        {"\xff\xfe x", "?? x"},
        {"\xc3", "?"}, /* truncated */
        {"\xc3(", "?("},
        {"\xe2\x82", "??"},
        {"\xc0\xaf", "??"}, /* overlong */
        {"\xe0\x80\xaf", "???"},
        {"\xed\xa0\x80", "???"},      /* surrogate */
        {"\xf4\x90\x80\x80", "????"}, /* beyond U+10FFFF */
        {"\xf8\x88\x80\x80\x80", "?????"},
        {"\xc2\x9b[31m", "  [31m"},     /* C1 */
        {"\xc2\xa0", "\xc2\xa0"},       /* U+00A0 is not a control character */
        {"a\u2028b\u2029", "a   b   "}, /* line separators */
        {"\u2027\u202a", "\u2027\u202a"},
        {"", ""}};

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *text = mem_string(pairs[i][0]);

        text_clean(text);
        assert_string_equal(text, pairs[i][1]);
        assert_true(is_utf8(text));
        free(text);
    }
}

static void
test_memory(void **state)
{
    char *text = mem_format("%s-%d", "a", 7), *zero = mem_alloc(0), *more;

    (void)state;
    assert_string_equal(text, "a-7");
    assert_int_equal(*zero, 0);
    more = mem_resize(text, 100);
    assert_string_equal(more, "a-7");
    free(more);
    free(zero);
}

static void
test_die_abort(void **state)
{
    int status, ends[2];
    char words[64] = "";
    pid_t pid;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (!pid) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        die_abort("%s is broken", "it");
    }
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(read(ends[0], words, sizeof words - 1) > 0);
    assert_string_equal(words, "it is broken\n");
    close(ends[0]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_err_set),
                                       cmocka_unit_test(test_err_errno),
                                       cmocka_unit_test(test_err_long),
                                       cmocka_unit_test(test_text_copy),
                                       cmocka_unit_test(test_text_copy_in_place),
                                       cmocka_unit_test(test_text_clean),
                                       cmocka_unit_test(test_memory),
                                       cmocka_unit_test(test_die_abort)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
