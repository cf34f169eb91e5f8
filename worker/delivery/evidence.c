/* Small files with safe names, and their removal. */
#include "worker/delivery/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/disk.h"
#include "common/base/file_read.h"
#include "common/base/log.h"

#define NAME_ID_BYTES 40 /* of the uniqueid, for people; the hash makes it unique */
#define NAME_HASH_BYTES 6
#define NAME_MAX_BYTES 100
#define LISTED_MAX 512 /* files inspected; only files put there by hand could be more */

static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

/* --- names --- */

/* UNIQUEID-HASH-HISTORY.KIND */
static char *
name_of(const struct order *order, const char *kind)
{
    char id[NAME_ID_BYTES + 1], hash_text[2 * NAME_HASH_BYTES + 1];
    unsigned char hash[crypto_generichash_BYTES_MIN];

    snprintf(id, sizeof id, "%.*s", NAME_ID_BYTES, order->uniqueid);
    for (char *c = id; *c; c++)
        if (!strchr(safe, *c) || (c == id && *c == '.'))
            *c = '_';
    crypto_generichash(hash, sizeof hash, (const unsigned char *)order->uniqueid,
                       strlen(order->uniqueid), NULL, 0);
    sodium_bin2hex(hash_text, sizeof hash_text, hash, NAME_HASH_BYTES);
    return mem_format("%s-%s-%u.%s", id, hash_text, order->history_length, kind);
}

static bool
is_name(const char *name)
{
    return *name && *name != '.' && strlen(name) <= NAME_MAX_BYTES && !name[strspn(name, safe)];
}

static char *
folder_of(const char *queue_folder)
{
    return mem_format("%s/evidence", queue_folder);
}

char *
evidence_path(const char *queue_folder, const char *name)
{
    return is_name(name) ? mem_format("%s/evidence/%s", queue_folder, name) : NULL;
}

/* --- removal --- */

struct kept {
    int64_t at_ns;
    off_t bytes;
    char name[NAME_MAX_BYTES + 1];
};

static int
by_age(const void *a, const void *b)
{
    const struct kept *one = a, *other = b;

    return one->at_ns != other->at_ns ? (one->at_ns > other->at_ns) - (one->at_ns < other->at_ns)
                                      : strcmp(one->name, other->name);
}

/* The files, the oldest first. */
static size_t
list(DIR *folder, struct kept *kept)
{
    struct dirent *entry;
    struct stat file;
    size_t count = 0;

    while (count < LISTED_MAX && (entry = readdir(folder))) {
        if (!is_name(entry->d_name) ||
            fstatat(dirfd(folder), entry->d_name, &file, AT_SYMLINK_NOFOLLOW) ||
            !S_ISREG(file.st_mode))
            continue;
        kept[count].at_ns = file.st_mtim.tv_sec * 1000000000LL + file.st_mtim.tv_nsec;
        kept[count].bytes = file.st_size;
        text_copy(kept[count++].name, sizeof kept->name, entry->d_name);
    }
    qsort(kept, count, sizeof *kept, by_age);
    return count;
}

/* Removes the oldest until the rest is within the limits of number, size and age. */
static void
prune(const char *path, size_t files_max, off_t bytes_max, int64_t before_ms)
{
    DIR *folder = opendir(path);
    struct kept *kept;
    size_t count;
    off_t bytes = 0;

    if (!folder)
        return;
    kept = mem_alloc(LISTED_MAX * sizeof *kept);
    count = list(folder, kept);
    for (size_t i = 0; i < count; i++)
        bytes += kept[i].bytes;
    for (size_t i = 0; i < count && (count - i > files_max || bytes > bytes_max ||
                                     kept[i].at_ns / 1000000 < before_ms);
         i++) {
        unlinkat(dirfd(folder), kept[i].name, 0);
        bytes -= kept[i].bytes;
    }
    free(kept);
    closedir(folder);
}

void
evidence_expire(const char *queue_folder, int64_t before_ms)
{
    char *path = folder_of(queue_folder);

    prune(path, EVIDENCE_FILES_MAX, EVIDENCE_BYTES_MAX, before_ms);
    free(path);
}

/* --- writing --- */

static int
write_file(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int result;

    if (fd < 0)
        return -1;
    result = descriptors_write(fd, bytes, length);
    if (close(fd) == 0 && result == 0)
        return 0;
    unlink(path);
    return -1;
}

static bool
has_space(const char *path)
{
    struct statvfs disk;

    return statvfs(path, &disk) == 0 && disk.f_bavail * disk.f_frsize >= EVIDENCE_DISK_BYTES_MIN;
}

static void
keep_one(const char *folder, const struct order *order, const struct erp_evidence *evidence,
         json_t *names)
{
    bool picture = strcmp(evidence->kind, "png") == 0;
    size_t length =
        evidence->length < EVIDENCE_FILE_BYTES_MAX ? evidence->length : EVIDENCE_FILE_BYTES_MAX;
    char *name, *path;

    if (picture && evidence->length > length)
        return;
    prune(folder, EVIDENCE_FILES_MAX - 1, (off_t)(EVIDENCE_BYTES_MAX - length), 0);
    name = name_of(order, evidence->kind);
    path = mem_format("%s/%s", folder, name);
    if (write_file(path, evidence->bytes, length) == 0)
        json_array_append_new(names, json_string(name));
    else
        log_write(LOG_WARNING, LOG_ORDERLINE, order->uniqueid, "cannot save %s: %s", path,
                  strerror(errno));
    free(path);
    free(name);
}

json_t *
evidence_keep(const char *queue_folder, const struct order *order,
              const struct erp_outcome *outcome)
{
    json_t *names = json_array();
    char *folder = folder_of(queue_folder);
    struct err err = {.text = "not enough disk space"};

    if (outcome->evidence_count &&
        (!has_space(queue_folder) || disk_make_folder(folder, 0700, &err)))
        log_write(LOG_WARNING, LOG_ORDERLINE, order->uniqueid, "cannot save evidence: %s",
                  err.text);
    else
        for (size_t i = 0; i < outcome->evidence_count; i++)
            keep_one(folder, order, &outcome->evidence[i], names);
    free(folder);
    if (json_array_size(names))
        return names;
    json_decref(names);
    return NULL;
}

int
evidence_read(const char *queue_folder, const char *name, char **bytes, size_t *length)
{
    char *path = evidence_path(queue_folder, name);
    struct err err;
    int fd = path ? file_open(path, O_NOFOLLOW, &err) : -1;
    struct stat file;
    ssize_t got = -1;

    *bytes = NULL;
    *length = 0;
    free(path);
    if (fd < 0)
        return -1;
    if (fstat(fd, &file) == 0 && file.st_size <= EVIDENCE_FILE_BYTES_MAX) {
        *bytes = mem_alloc((size_t)file.st_size + 1);
        got = descriptors_read(fd, *bytes, (size_t)file.st_size);
        if (got < 0) {
            free(*bytes);
            *bytes = NULL;
        }
        *length = got < 0 ? 0 : (size_t)got;
    }
    close(fd);
    return got < 0 ? -1 : 0;
}
