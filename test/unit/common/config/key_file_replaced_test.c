/* The master key is replaced: by a new file, step by step, and where it came from. */
#include "test/unit/common/config/key_place.h"

static void
the_key_is_replaced(void **state)
{
    struct pinned_path *p = *state;
    char first[SECRET_KEY_BYTES], second[SECRET_KEY_BYTES];

    assert_int_equal(load(p, true), 0);
    copy_key(p, first);
    assert_int_equal(key_file_begin(p->path, &p->keys, &p->err), 0);
    copy_key(p, second);
    assert_memory_not_equal(first, second, sizeof first);
    assert_memory_equal(p->keys.old, first, sizeof first);
    assert_file(p->path, first);
    assert_file(p->next, second);
    assert_int_equal(load(p, true), 0); /* the process died: both keys are valid */
    assert_key(p, second);
    assert_memory_equal(p->keys.old, first, sizeof first);
    assert_int_equal(key_file_finish(p->path, &p->keys, &p->err), 0);
    assert_null(p->keys.old);
    assert_file(p->path, second);
    assert_int_equal(access(p->next, F_OK), -1);
    assert_int_equal(load(p, true), 0);
    assert_key(p, second);
    assert_null(p->keys.old);
    write_key(p->path, first, sizeof first, 0600);
    assert_refused(p, "rekey replaced it");
}

static void
an_interrupted_finish_is_completed(void **state)
{
    struct pinned_path *p = *state;
    char first[SECRET_KEY_BYTES], second[SECRET_KEY_BYTES];

    assert_int_equal(load(p, true), 0);
    copy_key(p, first);
    assert_int_equal(key_file_begin(p->path, &p->keys, &p->err), 0);
    copy_key(p, second);
    assert_int_equal(rename(p->next, p->path), 0); /* only the sync of the folder failed */
    assert_int_equal(key_file_finish(p->path, &p->keys, &p->err), 0);
    assert_key(p, second);
    /* The replacement was announced and then not made. */
    assert_int_equal(key_file_begin(p->path, &p->keys, &p->err), 0);
    assert_int_equal(key_file_finish(p->path, &p->keys, &p->err), 0);
    write_key(p->path, second, sizeof second, 0600);
    write_key(p->next, BYTES, SECRET_KEY_BYTES, 0600);
    assert_int_equal(load(p, true), 0);
    assert_key(p, BYTES);
    assert_memory_equal(p->keys.old, second, sizeof second);
}

static void
a_rekey_needs_the_key_in_the_file(void **state)
{
    struct pinned_path *p = *state;

    assert_int_equal(load(p, true), 0);
    write_key(p->path, BYTES, SECRET_KEY_BYTES, 0600);
    assert_int_equal(key_file_begin(p->path, &p->keys, &p->err), -1);
    assert_string_equal(p->err.code, "key_file");
    assert_int_equal(access(p->next, F_OK), -1);
    assert_null(p->keys.old);
    assert_int_equal(load(p, true), 0);
    assert_int_equal(key_file_begin(p->path, &p->keys, &p->err), 0);
    write_key(p->path, OTHER_BYTES, SECRET_KEY_BYTES, 0600);
    assert_int_equal(key_file_finish(p->path, &p->keys, &p->err), -1);
    assert_non_null(p->keys.old);
    assert_file(p->path, OTHER_BYTES);
    unlink(p->path);
    assert_refused(p, p->path); /* and no new key is made beside it */
    assert_int_equal(access(p->path, F_OK), -1);
}

static void
a_credential_is_replaced_where_it_came_from(void **state)
{
    struct pinned_path *p = *state;
    char second[SECRET_KEY_BYTES];

    give_credential(p, BYTES, 0400);
    assert_int_equal(load(p, true), 0);
    assert_int_equal(key_file_begin(p->path, &p->keys, &p->err), -1);
    assert_string_equal(p->err.code, "key_is_a_credential");
    write_key(p->path, OTHER_BYTES, SECRET_KEY_BYTES, 0600);
    assert_int_equal(key_file_begin(p->path, &p->keys, &p->err), -1);
    assert_string_equal(p->err.code, "key_is_a_credential");
    write_key(p->path, BYTES, SECRET_KEY_BYTES, 0600);
    assert_int_equal(key_file_begin(p->path, &p->keys, &p->err), 0);
    copy_key(p, second);
    assert_int_equal(load(p, true), 0);
    assert_memory_equal(p->keys.old, BYTES, SECRET_KEY_BYTES);
    assert_key(p, second);
    assert_int_equal(key_file_finish(p->path, &p->keys, &p->err), 0);
    assert_file(p->path, second);
    /* Restarted with its old credential while a replacement is under way. */
    assert_int_equal(load(p, true), 0);
    assert_key(p, second);
    assert_int_equal(key_file_begin(p->path, &p->keys, &p->err), 0);
    assert_int_equal(load(p, true), 0);
    assert_memory_equal(p->keys.old, second, sizeof second);
    unlink(p->next);
    unlink(p->path);
    assert_refused(p, "the credential");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_new, place_free)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_key_is_replaced), TEST(an_interrupted_finish_is_completed),
        TEST(a_rekey_needs_the_key_in_the_file), TEST(a_credential_is_replaced_where_it_came_from)};

    secret_start();
    log_open("test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
