/* Reads, creates and replaces the master key. */
#include "common/config/key_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/base/disk.h"
#include "common/base/failpoint.h"
#include "common/base/file_read.h"
#include "common/base/log.h"
#include "common/base/secret.h"

#define CREDENTIAL "master.key"
#define CODE "key_file"

/* --- permissions --- */

/* From linux/posix_acl_xattr.h, little-endian. */
struct acl_entry {
    uint16_t tag, permissions;
    uint32_t id;
};

struct acl {
    uint32_t version;
    struct acl_entry entries[32];
};

#define ACL_VERSION 2
#define ACL_OWNER 0x01
#define ACL_USER 0x02
#define ACL_MASK 0x10

/* systemd grants a service's user access to its credentials by an ACL, whose mask stat reports as
 * the group's permissions. */
static bool
acl_is_ours(int fd)
{
    struct acl acl;
    ssize_t size = fgetxattr(fd, "system.posix_acl_access", &acl, sizeof acl);
    size_t count = size < (ssize_t)sizeof acl.version
                       ? 0
                       : ((size_t)size - sizeof acl.version) / sizeof *acl.entries;

    for (size_t i = 0; i < count; i++) {
        unsigned tag = le16toh(acl.entries[i].tag);

        if (acl.entries[i].permissions && tag != ACL_OWNER && tag != ACL_MASK &&
            (tag != ACL_USER || le32toh(acl.entries[i].id) != geteuid()))
            return false;
    }
    return count && le32toh(acl.version) == ACL_VERSION;
}

static bool
is_private(int fd, const struct stat *file, bool credential)
{
    mode_t others = file->st_mode & 077;

    if (file->st_uid != geteuid() && file->st_uid)
        return false;
    return !others || (credential && others == 040 && acl_is_ours(fd));
}

/* --- reading --- */

static int
read_key(const char *path, int fd, bool credential, unsigned char *key, struct err *err)
{
    struct stat file;
    unsigned char more;

    if (fstat(fd, &file))
        return err_errno(err, CODE, "%s", path);
    if (!is_private(fd, &file, credential))
        return err_set(
            err, CODE,
            "%s must belong to this user or root and be accessible to its owner only (chmod 600)",
            path);
    if (read(fd, key, SECRET_KEY_BYTES) != (ssize_t)SECRET_KEY_BYTES || read(fd, &more, 1) != 0)
        return err_set(err, CODE, "%s is not a valid key: it must hold exactly %u bytes", path,
                       SECRET_KEY_BYTES);
    return 0;
}

/* The key in secret memory; NULL with *err, or with errno ENOENT and *err unset. */
static unsigned char *
take_key(const char *path, bool credential, struct err *err)
{
    struct err why;
    int fd = file_open(path, credential ? O_NOFOLLOW : 0, &why);
    unsigned char *key;

    *err = (struct err){.code = ""};
    if (fd < 0) {
        if (strcmp(why.code, "no_file"))
            err_set(err, CODE, "%s: %.300s", path, why.text);
        else
            errno = ENOENT;
        return NULL;
    }
    key = secret_alloc(SECRET_KEY_BYTES);
    if (read_key(path, fd, credential, key, err)) {
        secret_free(key);
        key = NULL;
    }
    close(fd);
    return key;
}

static bool
is_same(const unsigned char *a, const unsigned char *b)
{
    return secret_equal(a, b, SECRET_KEY_BYTES);
}

/* --- the replaced key --- */

void
key_file_fingerprint(const unsigned char *key, char text[SECRET_HASH_TEXT_BYTES])
{
    secret_credentials_hash(key, "pumpline", "replaced key", text);
}

static bool
was_replaced(const char *path, const unsigned char *key)
{
    char *replaced = mem_format("%s.replaced", path);
    char mine[SECRET_HASH_TEXT_BYTES], theirs[SECRET_HASH_TEXT_BYTES - 1];
    struct err err;
    int fd = file_open(replaced, 0, &err);
    bool same;

    key_file_fingerprint(key, mine);
    same = fd >= 0 && read(fd, theirs, sizeof theirs) == (ssize_t)sizeof theirs &&
           memcmp(mine, theirs, sizeof theirs) == 0;
    if (fd >= 0)
        close(fd);
    free(replaced);
    return same;
}

static int
note_replaced(const char *path, const unsigned char *key, struct err *err)
{
    char *replaced = mem_format("%s.replaced", path);
    char text[SECRET_HASH_TEXT_BYTES];
    int result;

    key_file_fingerprint(key, text);
    result = disk_replace(replaced, text, sizeof text - 1, err);
    free(replaced);
    return result;
}

/* --- creating --- */

static int
write_key(int fd)
{
    unsigned char *key = secret_alloc(SECRET_KEY_BYTES);
    int result;

    secret_random(key, SECRET_KEY_BYTES);
    result = write(fd, key, SECRET_KEY_BYTES) == (ssize_t)SECRET_KEY_BYTES ? fsync(fd) : -1;
    secret_free(key);
    return result;
}

/* Written to a temporary file and linked: no reader ever sees half a key, and a second starter
 * cannot replace the first one's key. 1: created, 0: another one was there first. */
static int
make_key(const char *path, struct err *err)
{
    char *aside = disk_aside(path);
    int fd = mkostemp(aside, O_CLOEXEC), result = -1; /* 0600 */

    if (fd < 0)
        err_errno(err, CODE, "cannot create master key %s", path);
    else if (failpoint("key.write") || write_key(fd))
        err_errno(err, CODE, "cannot write master key %s", path);
    else if (link(aside, path) == 0)
        result = 1;
    else if (errno == EEXIST)
        result = 0;
    else
        err_errno(err, CODE, "cannot link master key %s", path);
    failpoint_here("key.linked");
    if (fd >= 0) {
        close(fd);
        unlink(aside);
    }
    if (result >= 0 && disk_sync_parent(path))
        result = err_errno(err, CODE, "cannot sync the folder of master key %s", path);
    free(aside);
    return result;
}

int
key_file_create(const char *path, struct err *err)
{
    int made = make_key(path, err);
    unsigned char *key = made < 0 ? NULL : take_key(path, false, err);

    secret_free(key);
    return key ? made : -1;
}

/* --- choosing the source --- */

static unsigned char *
from_credential(struct err *err)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    char *path = mem_format("%s/" CREDENTIAL, folder ? folder : "");
    unsigned char *key = NULL;

    *err = (struct err){.code = ""};
    if (folder && *folder)
        key = take_key(path, true, err);
    free(path);
    return key;
}

/* A restarted service may be given the credential that it had before. */
static void
prefer_file(const char *path, struct master_keys *keys)
{
    struct err err;
    unsigned char *file = take_key(path, false, &err);

    if (file && !is_same(file, keys->key) && was_replaced(path, keys->key)) {
        log_warning("ignoring the credential: it is the old master key, replaced by %s", path);
        secret_free(keys->key);
        keys->key = file;
        return;
    }
    secret_free(file);
}

static unsigned char *
new_key(const char *path, struct err *err)
{
    int made = make_key(path, err);

    if (made > 0)
        log_info("created a new master key %s, since there was none", path);
    return made < 0 ? NULL : take_key(path, false, err);
}

static unsigned char *
from_file(const char *path, bool create, struct err *err)
{
    unsigned char *key = take_key(path, false, err);

    if (key || *err->code)
        return key;
    if (!create) {
        errno = ENOENT;
        err_errno(err, CODE,
                  "no master key (create one with pumplined --create-key): cannot read %s", path);
        return NULL;
    }
    return new_key(path, err);
}

static int
hold(const char *path, const unsigned char *key, const char *code, struct err *err)
{
    struct err why;
    unsigned char *file = take_key(path, false, &why);
    bool same = file && is_same(file, key);

    secret_free(file);
    return same ? 0
                : err_set(err, code, "%s is not the master key in use%s%.300s", path,
                          *why.code ? ": " : "", why.text);
}

/* PATH.next exists: a rekey is under way. */
static int
take_next(const char *path, const char *next, struct master_keys *keys, struct err *err)
{
    unsigned char *key = take_key(next, false, err);

    if (!key)
        return *err->code ? -1 : 0;
    if (hold(path, keys->key, CODE, err)) {
        secret_free(key);
        return -1;
    }
    keys->old = keys->key;
    keys->key = key;
    return 0;
}

static int
load(const char *path, const char *next, bool create, struct master_keys *keys, struct err *err)
{
    bool pending = access(next, F_OK) == 0;

    keys->key = from_credential(err);
    keys->from_credential = keys->key != NULL;
    if (*err->code)
        return -1;
    if (!keys->key)
        keys->key = from_file(path, create && !pending, err);
    else
        prefer_file(path, keys);
    if (!keys->key)
        return -1;
    if (!pending && was_replaced(path, keys->key))
        return err_set(
            err, CODE,
            "%s is an old master key: rekey replaced it, and nothing is sealed with it any more",
            keys->from_credential ? "the credential" : path);
    return take_next(path, next, keys, err);
}

int
key_file_load(const char *path, bool create, struct master_keys *keys, struct err *err)
{
    char *next = mem_format("%s.next", path);
    int result;

    *keys = (struct master_keys){.key = NULL};
    result = load(path, next, create, keys, err);
    if (result)
        master_keys_clear(keys);
    free(next);
    return result;
}

/* --- replacing --- */

int
key_file_begin(const char *path, struct master_keys *keys, struct err *err)
{
    char *next = mem_format("%s.next", path);
    int result = hold(path, keys->key, keys->from_credential ? "key_is_a_credential" : CODE, err);

    if (result == 0)
        result = make_key(next, err) < 0 ? -1 : take_next(path, next, keys, err);
    if (result == 0 && !keys->old)
        result = err_set(err, CODE, "%s has disappeared", next);
    if (result == 0)
        failpoint_here("key.begun");
    free(next);
    return result;
}

static int
put_in_place(const char *path, const char *next, const struct master_keys *keys, struct err *err)
{
    struct err why;

    /* The previous try may have failed after that step. */
    if (hold(path, keys->key, CODE, &why)) {
        if (hold(path, keys->old, CODE, err) || note_replaced(path, keys->old, err))
            return -1;
        failpoint_here("key.noted");
        if (failpoint("key.rename") || rename(next, path))
            return err_errno(err, CODE, "cannot rename the new master key to %s", path);
        failpoint_here("key.renamed");
    }
    if (disk_sync_parent(path))
        return err_errno(err, CODE, "cannot sync the folder of the new master key %s", path);
    return 0;
}

int
key_file_finish(const char *path, struct master_keys *keys, struct err *err)
{
    char *next = mem_format("%s.next", path);
    int result = put_in_place(path, next, keys, err);

    free(next);
    if (result)
        return -1;
    secret_free(keys->old);
    keys->old = NULL;
    return 0;
}

void
master_keys_clear(struct master_keys *keys)
{
    secret_free(keys->key);
    secret_free(keys->old);
    keys->key = keys->old = NULL;
}
