/* The embedded page script equals its source files. */
#include "test/unit/erp-drivers/golden.h"

#include "common/base/file_read.h"
#include "erp-drivers/webdriver/page.h"

#define SCRIPT_BYTES_MAX (1u << 20)

/* The files that follow this one in the script. */
static const char *
skip_file(const char *script, const char *name)
{
    char *path = mem_format("%s/../erp-drivers/webdriver/%s", TEST_SOURCE_DIR, name), *text;
    struct err err;
    size_t length;

    text = file_read(path, SCRIPT_BYTES_MAX, &length, &err);
    if (!text)
        fail_msg("%s: %s", path, err.text);
    assert_int_equal(length, strlen(text));
    if (strncmp(script, text, length))
        fail_msg("%s is not in the program as it is", path);
    secret_free(text);
    free(path);
    return script + length;
}

static void
test_script_is_its_files(void **state)
{
    const char *rest = skip_file(page_script(), "page_text.js");

    (void)state;
    rest = skip_file(rest, "page_find.js");
    assert_string_equal(skip_file(rest, "page.js"), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_script_is_its_files)};

    secret_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
