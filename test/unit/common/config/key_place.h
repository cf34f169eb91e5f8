/* A folder for a key file, and a credential of the service manager. */
#ifndef TEST_UNIT_COMMON_CONFIG_KEY_PLACE_H
#define TEST_UNIT_COMMON_CONFIG_KEY_PLACE_H

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

static inline int
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

static inline int
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

static inline void
write_key(const char *path, const char *bytes, size_t length, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static inline void
give_credential(struct pinned_path *p, const char *bytes, mode_t mode)
{
    mkdir(p->credentials, 0700);
    unlink(p->credential);
    write_key(p->credential, bytes, SECRET_KEY_BYTES, mode);
    setenv("CREDENTIALS_DIRECTORY", p->credentials, 1);
}

static inline int
load(struct pinned_path *p, bool create)
{
    master_keys_clear(&p->keys);
    return key_file_load(p->path, create, &p->keys, &p->err);
}

static inline void
assert_refused(struct pinned_path *p, const char *words)
{
    assert_int_equal(load(p, true), -1);
    assert_string_equal(p->err.code, "key_file");
    assert_non_null(strstr(p->err.text, words));
    assert_null(p->keys.key);
    assert_null(p->keys.old);
}

static inline void
assert_key(const struct pinned_path *p, const char *bytes)
{
    assert_memory_equal(p->keys.key, bytes, SECRET_KEY_BYTES);
}

/* The current key, for comparison. */
static inline void
copy_key(const struct pinned_path *p, char *to)
{
    memcpy(to, p->keys.key, SECRET_KEY_BYTES);
}

static inline void
assert_file(const char *path, const char *bytes)
{
    char content[SECRET_KEY_BYTES + 1];
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_int_equal(read(fd, content, sizeof content), SECRET_KEY_BYTES);
    assert_memory_equal(content, bytes, SECRET_KEY_BYTES);
    close(fd);
}

#endif
