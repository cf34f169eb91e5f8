#include "supervisor/ctl/copies/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file_read.h"
#include "supervisor/ctl/term/text.h"

#define HASH_RAW ((COPY_HASH_BYTES - 1) / 2)

static bool
write_all(int to, const char *bytes, size_t count)
{
    for (ssize_t written; count; bytes += written, count -= (size_t)written)
        if ((written = write(to, bytes, count)) < 0)
            return false;
    return true;
}

/* to: -1 if only the hash is wanted. */
static int
pump(int from, int to, char hash[COPY_HASH_BYTES])
{
    unsigned char raw[HASH_RAW];
    crypto_generichash_state state;
    char buffer[65536];
    ssize_t got;

    crypto_generichash_init(&state, NULL, 0, sizeof raw);
    while ((got = read(from, buffer, sizeof buffer)) > 0) {
        crypto_generichash_update(&state, (const unsigned char *)buffer, (size_t)got);
        if (to >= 0 && !write_all(to, buffer, (size_t)got))
            return -1;
    }
    crypto_generichash_final(&state, raw, sizeof raw);
    sodium_bin2hex(hash, COPY_HASH_BYTES, raw, sizeof raw);
    return got < 0 || (to >= 0 && fsync(to)) ? -1 : 0;
}

int
copy_bytes(int from, const char *target, char hash[COPY_HASH_BYTES])
{
    int to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), result;

    if (to < 0) {
        text_complain("cannot create %s: %s", target, strerror(errno));
        return -1;
    }
    result = pump(from, to, hash);
    if (result)
        text_complain("cannot write %s: %s", target, strerror(errno));
    if (close(to))
        result = -1;
    if (result)
        unlink(target);
    return result;
}

int
copy_file(const char *from, const char *target, char hash[COPY_HASH_BYTES])
{
    struct err err;
    int fd = file_open(from, O_NOFOLLOW, &err), result = -1;

    if (fd < 0) {
        text_complain("%s: %s", from, err.text);
        return -1;
    }
    result = copy_bytes(fd, target, hash);
    close(fd);
    return result;
}

int
copy_hash(const char *path, char hash[COPY_HASH_BYTES])
{
    struct err err;
    int fd = file_open(path, O_NOFOLLOW, &err), result = fd < 0 ? -1 : pump(fd, -1, hash);

    if (result)
        text_complain("%s: %s", path, fd < 0 ? err.text : strerror(errno));
    if (fd >= 0)
        close(fd);
    return result;
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *level)
{
    (void)status;
    (void)type;
    (void)level;
    return remove(path);
}

int
copy_remove_folder(const char *path)
{
    return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) && errno != ENOENT ? -1 : 0;
}
