/* The master key: where it is read from, its permissions, and how it is replaced. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/config/key_file.h"

#define BYTES "0123456789abcdef0123456789abcdef0123456789"
#define OTHER_BYTES "123456789abcdef0123456789abcdef0123456789"

struct pinned_path {
    char folder[64], path[96], next[96], replaced[96], credentials[96], credential[128];
    struct master_keys keys;
    struct err err;
};

static int
place_new(void **state)
{
    struct pinned_path *p = calloc(1, sizeof *p);

    strcpy(p->folder, "/tmp/key_file_test.XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->path, sizeof p->path, "%s/key", p->folder);
    snprintf(p->next, sizeof p->next, "%s/key.next", p->folder);
    snprintf(p->replaced, sizeof p->replaced, "%s/key.replaced", p->folder);
    snprintf(p->credentials, sizeof p->credentials, "%s/credentials", p->folder);
    snprintf(p->credential, sizeof p->credential, "%s/master.key", p->credentials);
    unsetenv("CREDENTIALS_DIRECTORY");
    *state = p;
    return 0;
}

static int
place_free(void **state)
{
    struct pinned_path *p = *state;

    master_keys_clear(&p->keys);
    unlink(p->path);
    unlink(p->next);
    unlink(p->replaced);
    unlink(p->credential);
    rmdir(p->credentials);
    rmdir(p->folder); /* fails if a test left another file behind */
    if (access(p->folder, F_OK) == 0)
        return -1;
    free(p);
    return 0;
}

static void
write_key(const char *path, const char *bytes, size_t length, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void
give_credential(struct pinned_path *p, const char *bytes, mode_t mode)
{
    mkdir(p->credentials, 0700);
    unlink(p->credential);
    write_key(p->credential, bytes, SECRET_KEY_BYTES, mode);
    setenv("CREDENTIALS_DIRECTORY", p->credentials, 1);
}

static int
load(struct pinned_path *p, bool create)
{
    master_keys_clear(&p->keys);
    return key_file_load(p->path, create, &p->keys, &p->err);
}

static void
assert_refused(struct pinned_path *p, const char *words)
{
    assert_int_equal(load(p, true), -1);
    assert_string_equal(p->err.code, "key_file");
    assert_non_null(strstr(p->err.text, words));
    assert_null(p->keys.key);
    assert_null(p->keys.old);
}

static void
assert_key(const struct pinned_path *p, const char *bytes)
{
    assert_memory_equal(p->keys.key, bytes, SECRET_KEY_BYTES);
}

/* The current key, for comparison. */
static void
copy_key(const struct pinned_path *p, char *to)
{
    memcpy(to, p->keys.key, SECRET_KEY_BYTES);
}

static void
assert_file(const char *path, const char *bytes)
{
    char content[SECRET_KEY_BYTES + 1];
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(read(fd, content, sizeof content), SECRET_KEY_BYTES);
    assert_memory_equal(content, bytes, SECRET_KEY_BYTES);
    close(fd);
}

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
    assert_refused(p, "has replaced");
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
    const struct CMUnitTest tests[] = {TEST(it_is_made_once),
                                       TEST(it_can_be_made_beforehand),
                                       TEST(a_key_readable_by_others_is_refused),
                                       TEST(a_key_of_another_owner_is_refused),
                                       TEST(a_key_of_the_wrong_size_is_refused),
                                       TEST(a_key_that_is_not_a_file_is_refused),
                                       TEST(a_credential_takes_precedence),
                                       TEST(a_credential_that_others_can_read_is_refused),
                                       TEST(an_acl_for_our_own_user_is_accepted),
                                       TEST(the_key_is_replaced),
                                       TEST(an_interrupted_finish_is_completed),
                                       TEST(a_rekey_needs_the_key_in_the_file),
                                       TEST(a_credential_is_replaced_where_it_came_from)};

    secret_start();
    log_open("test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
