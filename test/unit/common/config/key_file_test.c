/* The master key: where it is read from, and its permissions. */
#include "test/unit/common/config/key_place.h"

static void
it_is_made_once(void **state)
{
    static const char zeros[SECRET_KEY_BYTES];
    struct pinned_path *p = *state;
    char first[SECRET_KEY_BYTES];
    struct stat file;

    assert_int_equal(load(p, false), -1);
    assert_non_null(strstr(p->err.text, p->path));
    assert_int_equal(access(p->path, F_OK), -1);
    assert_int_equal(load(p, true), 0);
    assert_int_equal(stat(p->path, &file), 0);
    assert_int_equal(file.st_mode & 07777, 0600);
    assert_int_equal(file.st_size, SECRET_KEY_BYTES);
    assert_memory_not_equal(p->keys.key, zeros, sizeof zeros);
    assert_null(p->keys.old);
    copy_key(p, first);
    assert_int_equal(load(p, true), 0);
    assert_key(p, first);
    assert_int_equal(key_file_create(p->path, &p->err), 0);
    assert_file(p->path, first);
}

static void
it_can_be_made_beforehand(void **state)
{
    struct pinned_path *p = *state;

    assert_int_equal(key_file_create(p->path, &p->err), 1);
    assert_int_equal(key_file_create(p->path, &p->err), 0);
    assert_int_equal(chmod(p->path, 0644), 0);
    assert_int_equal(key_file_create(p->path, &p->err), -1);
    assert_int_equal(key_file_create("/nonexistent/folder/key", &p->err), -1);
    assert_non_null(strstr(p->err.text, "No such file"));
}

static void
a_key_readable_by_others_is_refused(void **state)
{
    static const mode_t open_modes[] = {0640, 0604, 0660, 0610, 0601, 0644};
    struct pinned_path *p = *state;

    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        write_key(p->path, BYTES, SECRET_KEY_BYTES, open_modes[i]);
        assert_refused(p, "chmod 600");
    }
    write_key(p->path, BYTES, SECRET_KEY_BYTES, 0400);
    assert_int_equal(load(p, false), 0);
    assert_key(p, BYTES);
}

static void
a_key_of_another_owner_is_refused(void **state)
{
    struct pinned_path *p = *state;

    if (geteuid())
        skip(); /* only root can change a file's owner */
    write_key(p->path, BYTES, SECRET_KEY_BYTES, 0600);
    assert_int_equal(chown(p->path, 65534, 0), 0);
    assert_refused(p, "its owner");
    give_credential(p, BYTES, 0400);
    assert_int_equal(chown(p->credential, 65534, 0), 0);
    assert_refused(p, "its owner");
}

static void
a_key_of_the_wrong_size_is_refused(void **state)
{
    static const size_t sizes[] = {0, 1, SECRET_KEY_BYTES - 1, SECRET_KEY_BYTES + 1};
    struct pinned_path *p = *state;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        write_key(p->path, BYTES, sizes[i], 0600);
        assert_refused(p, "32 bytes");
    }
}

static void
a_key_that_is_not_a_file_is_refused(void **state)
{
    struct pinned_path *p = *state;
    struct err err;

    assert_int_equal(key_file_load(p->folder, true, &p->keys, &err), -1);
    assert_int_equal(key_file_load("/dev/null", true, &p->keys, &err), -1);
}

static void
a_credential_takes_precedence(void **state)
{
    struct pinned_path *p = *state;

    write_key(p->path, OTHER_BYTES, SECRET_KEY_BYTES, 0600);
    give_credential(p, BYTES, 0400);
    assert_int_equal(load(p, true), 0);
    assert_true(p->keys.from_credential);
    assert_key(p, BYTES);
    unlink(p->path);
    assert_int_equal(load(p, true), 0);
    assert_int_equal(access(p->path, F_OK), -1); /* not needed */
    unlink(p->credential);
    assert_int_equal(load(p, true), 0);
    assert_false(p->keys.from_credential);
    assert_int_equal(access(p->path, F_OK), 0);
}

static void
a_credential_that_others_can_read_is_refused(void **state)
{
    static const mode_t open_modes[] = {0404, 0440, 0460, 0410, 0444};
    struct pinned_path *p = *state;

    write_key(p->path, OTHER_BYTES, SECRET_KEY_BYTES, 0600);
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        give_credential(p, BYTES, open_modes[i]);
        assert_refused(p, p->credential);
    }
    unlink(p->credential);
    assert_int_equal(symlink(p->path, p->credential), 0);
    assert_refused(p, p->credential);
}

/* As systemd writes it for a service with User=. */
static void
give_by_acl(const struct pinned_path *p, uint32_t user, unsigned group)
{
    struct {
        uint32_t version;
        struct {
            uint16_t tag, permissions;
            uint32_t id;
        } entries[5];
    } acl = {htole32(2),
             {{htole16(0x01), htole16(4), htole32(UINT32_MAX)},
              {htole16(0x02), htole16(4), htole32(user)},
              {htole16(0x04), htole16((uint16_t)group), htole32(UINT32_MAX)},
              {htole16(0x10), htole16(4), htole32(UINT32_MAX)},
              {htole16(0x20), htole16(0), htole32(UINT32_MAX)}}};

    if (setxattr(p->credential, "system.posix_acl_access", &acl, sizeof acl, 0) &&
        errno == EOPNOTSUPP)
        skip(); /* this file system does not support it */
}

static void
an_acl_for_our_own_user_is_accepted(void **state)
{
    struct pinned_path *p = *state;
    struct stat file;

    give_credential(p, BYTES, 0400);
    give_by_acl(p, geteuid(), 0);
    assert_int_equal(stat(p->credential, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0440);
    assert_int_equal(load(p, true), 0);
    assert_key(p, BYTES);
    give_by_acl(p, geteuid() + 1, 0);
    assert_refused(p, p->credential);
    give_by_acl(p, geteuid(), 4);
    assert_refused(p, p->credential);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_new, place_free)

int
main(void)
{
    const struct CMUnitTest tests[] = {TEST(it_is_made_once),
                                       TEST(it_can_be_made_beforehand),
                                       TEST(a_key_readable_by_others_is_refused),
                                       TEST(a_key_of_another_owner_is_refused),
                                       TEST(a_key_of_the_wrong_size_is_refused),
                                       TEST(a_key_that_is_not_a_file_is_refused),
                                       TEST(a_credential_takes_precedence),
                                       TEST(a_credential_that_others_can_read_is_refused),
                                       TEST(an_acl_for_our_own_user_is_accepted)};

    secret_start();
    log_open("test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
