/* CA files contain certificates and nothing else. */
#include "test/unit/worker/fixture.h"

#include "common/base/secret.h"
#include "worker/io/ca_file.h"

#define ONE "-----BEGIN CERTIFICATE-----\nAAA+/a0=\r\n-----END CERTIFICATE-----\n"
#define TRUSTED "-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED CERTIFICATE-----\n"

static char folder[64], path[80];

static int
read_text(const char *text, size_t length, char **pem, struct err *err)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return ca_file_read(path, pem, err);
}

static void
test_certificates(void **state)
{
    static const char *const texts[] = {ONE, ONE ONE, TRUSTED,
                                        ("# An authority\n" ONE "\nAnother\n=======\n" TRUSTED)};
    struct err err;
    char *pem;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(read_text(texts[i], strlen(texts[i]), &pem, &err), 0);
        assert_string_equal(pem, texts[i]);
        free(pem);
    }
}

static void
test_anything_else(void **state)
{
    static const char *const texts[] = {
        "",
        "root:*:1:\n",
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\npass: word\n-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----BEGIN PRIVATE KEY\nAAAA\n-----END CERTIFICATE-----\n",
        (ONE "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"};
    struct err err;
    char *pem;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(read_text(texts[i], strlen(texts[i]), &pem, &err), -1);
        assert_string_equal(err.code, "config");
        assert_null(pem);
    }
    assert_int_equal(read_text(ONE "\0", sizeof ONE, &pem, &err), -1);
    assert_int_equal(ca_file_read("/dev/zero", &pem, &err), -1);
    assert_int_equal(ca_file_read(folder, &pem, &err), -1);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* without a writer: opening must not block */
    assert_int_equal(ca_file_read(path, &pem, &err), -1);
    unlink(path);
}

static void
test_size(void **state)
{
    char *text = malloc(CA_FILE_BYTES_MAX + 1), *pem;
    struct err err;

    (void)state;
    memset(text, '\n', CA_FILE_BYTES_MAX + 1);
    memcpy(text, ONE, strlen(ONE));
    assert_int_equal(read_text(text, CA_FILE_BYTES_MAX, &pem, &err), 0);
    assert_int_equal(strlen(pem), CA_FILE_BYTES_MAX);
    free(pem);
    assert_int_equal(read_text(text, CA_FILE_BYTES_MAX + 1, &pem, &err), -1);
    free(text);
}

static void
test_missing(void **state)
{
    struct err err;
    char *pem;

    (void)state;
    assert_int_equal(ca_file_read("/no/such.pem", &pem, &err), 0);
    assert_null(pem);
}

static int
set_up(void **state)
{
    (void)state;
    secret_start();
    log_open("test");
    folder_make(folder);
    snprintf(path, sizeof path, "%s/ca.pem", folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_certificates),
                                       cmocka_unit_test(test_anything_else),
                                       cmocka_unit_test(test_size), cmocka_unit_test(test_missing)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
