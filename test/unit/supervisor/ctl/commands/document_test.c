/* Slugs from file names. */
#include "supervisor/ctl/commands/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
slugs(void **state)
{
    static const struct {
        const char *file, *slug;
    } cases[] = {
        {"bennys-auto.json", "bennys-auto"},
        {"/etc/x.json/a1", "a1"},
        {"a/b.json", "b"},
        {"b", "b"},
        {"b.json.json", NULL},
        {"b.txt", NULL},
        {"B.json", NULL},
        {".json", NULL},
        {"-b.json", NULL},
        {"a/", NULL},
        {"", NULL},
        {"\xc3\xb6st.json", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *slug = slug_of_file(cases[i].file);

        if (cases[i].slug)
            assert_string_equal(slug, cases[i].slug);
        else
            assert_null(slug);
        free(slug);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(slugs)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
