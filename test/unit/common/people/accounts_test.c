/* The file of accounts: roles, epochs, links, and what is refused. */
#include "common/people/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/secret.h"

static char folder[] = "/tmp/pumpline-accounts.XXXXXX", path[64];

static int
enter(void **state)
{
    (void)state;
    secret_start();
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/accounts.json", folder);
    return 0;
}

static int
leave(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int
add_ann(json_t *accounts, void *arg, struct err *err)
{
    (void)arg;
    (void)err;
    return json_array_append_new(accounts, json_pack("{ss s{ss ss} sn si sn}", "name", "ann",
                                                     "roles", "*", "reader", "bennys-auto",
                                                     "operator", "password", "epoch", 1, "link"));
}

static int
refuse(json_t *accounts, void *arg, struct err *err)
{
    (void)arg;
    json_array_clear(accounts);
    return err_set(err, "no", "not now");
}

static void
test_it_is_written_and_read(void **state)
{
    struct err err;
    json_t *file;

    (void)state;
    unlink(path);
    file = accounts_read(path, &err);
    assert_int_equal(json_array_size(json_object_get(file, "accounts")), 0);
    json_decref(file);
    assert_int_equal(accounts_change(path, true, add_ann, NULL, &err), 0);
    assert_int_equal(accounts_change(path, true, refuse, NULL, &err), -1);
    assert_string_equal(err.code, "no");
    file = accounts_read(path, &err);
    assert_non_null(accounts_find(file, "ann"));
    assert_null(accounts_find(file, "bob"));
    json_decref(file);
}

static void
test_the_higher_role_counts(void **state)
{
    json_t *list = json_array(), *ann;
    struct err err;

    (void)state;
    add_ann(list, NULL, &err);
    ann = accounts_find(list, "ann");
    assert_int_equal(account_role(ann, NULL), ROLE_READER);
    assert_int_equal(account_role(ann, "carls-cars"), ROLE_READER);
    assert_int_equal(account_role(ann, "bennys-auto"), ROLE_OPERATOR);
    assert_int_equal(account_highest(ann), ROLE_OPERATOR);
    assert_int_equal(account_role(NULL, "bennys-auto"), ROLE_NONE);
    json_decref(list);
}

static void
test_a_password_ends_sessions_and_links(void **state)
{
    json_t *list = json_array(), *ann;
    char *link, hash[ACCOUNT_HASH_BYTES];
    struct err err;

    (void)state;
    add_ann(list, NULL, &err);
    ann = accounts_find(list, "ann");
    link = account_link_new(ann);
    assert_ptr_equal(accounts_by_link(list, link), ann);
    assert_null(accounts_by_link(list, "other"));
    assert_int_equal(account_hash("a good password", hash), 0);
    account_set_password(ann, hash);
    assert_int_equal(json_integer_value(json_object_get(ann, "epoch")), 2);
    assert_null(accounts_by_link(list, link));
    assert_true(account_hash_fits(hash, "a good password"));
    assert_false(account_hash_fits(hash, "a bad password"));
    secret_free(link);
    json_decref(list);
}

static void
test_a_link_grows_old(void **state)
{
    json_t *list = json_array(), *ann;
    struct err err;
    char *link;

    (void)state;
    add_ann(list, NULL, &err);
    ann = accounts_find(list, "ann");
    link = account_link_new(ann);
    json_object_set_new(json_object_get(ann, "link"), "until_ms", json_integer(1));
    assert_null(accounts_by_link(list, link));
    secret_free(link);
    json_decref(list);
}

static void
test_what_is_no_file_of_accounts(void **state)
{
    static const char *const texts[] = {
        "[]",
        "{}",
        "{\"accounts\": {}}",
        "{\"accounts\": [{}]}",
        "{\"accounts\": [{\"name\": \"A\", \"roles\": {}, \"password\": null, \"epoch\": 1}]}",
        "{\"accounts\": [{\"name\": \"a\", \"roles\": {\"*\": \"god\"}, \"password\": null, "
        "\"epoch\": 1}]}",
        "{\"accounts\": [{\"name\": \"a\", \"roles\": {\"../x\": \"reader\"}, \"password\": null, "
        "\"epoch\": 1}]}"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FILE *file = fopen(path, "w");
        struct err err;

        assert_non_null(file);
        fputs(texts[i], file);
        fclose(file);
        assert_null(accounts_read(path, &err));
        assert_string_equal(err.code, "accounts");
    }
}

static void
test_names(void **state)
{
    (void)state;
    assert_true(account_name_sound("ann.b-1_x@example"));
    assert_false(account_name_sound(""));
    assert_false(account_name_sound("Ann"));
    assert_false(account_name_sound("a\r\nX"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_it_is_written_and_read),
                                       cmocka_unit_test(test_the_higher_role_counts),
                                       cmocka_unit_test(test_a_password_ends_sessions_and_links),
                                       cmocka_unit_test(test_a_link_grows_old),
                                       cmocka_unit_test(test_what_is_no_file_of_accounts),
                                       cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, enter, leave);
}
