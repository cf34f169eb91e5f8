/* Stops the processes first, so that none can start another one, and kills them when no more are
 * found. Each process is held by a pidfd before it is checked again, so another process that gets
 * the same number is never hit. */
#include "common/ipc/browser_kill.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/descriptors.h"
#include "common/base/secret.h"

#define ARGUMENTS_MAX 65536 /* of one process; a browser has a few thousand bytes */
#define PASSES_MS 3000      /* processes may be started faster than they are stopped */

struct hunt {
    char *argument;
    struct caught {
        pid_t pid;
        uid_t uid;
        int fd;
    } * list;
    size_t count;
    unsigned browsers;
    char *buffer;
};

/* --- one process --- */

/* Bytes read, NUL-terminated; 0 if it is gone or hidden. */
static size_t
read_about(const struct hunt *hunt, pid_t pid, const char *name)
{
    char path[64];
    ssize_t length;
    int fd;

    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    length = fd < 0 ? 0 : descriptors_read(fd, hunt->buffer, ARGUMENTS_MAX);
    if (fd >= 0)
        close(fd);
    length = length > 0 ? length : 0;
    hunt->buffer[length] = '\0';
    return (size_t)length;
}

static bool
is_marked(const struct hunt *hunt, pid_t pid)
{
    size_t length = read_about(hunt, pid, "cmdline");

    for (size_t at = 0; at < length; at += strlen(hunt->buffer + at) + 1)
        if (strcmp(hunt->buffer + at, hunt->argument) == 0)
            return true;
    return false;
}

static pid_t
parent_of(const struct hunt *hunt, pid_t pid)
{
    const char *name_end =
        read_about(hunt, pid, "stat") ? strrchr(hunt->buffer, ')') : NULL; /* it may hold any */
    long parent = 0;

    /* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
    return name_end && sscanf(name_end, ") %*c %ld", &parent) == 1 ? (pid_t)parent : 0;
}

static const struct caught *
find(const struct hunt *hunt, pid_t pid)
{
    for (size_t i = 0; i < hunt->count; i++)
        if (hunt->list[i].pid == pid)
            return &hunt->list[i];
    return NULL;
}

/* Its real uid; its /proc folder is owned by root if its memory is protected. */
static uid_t
owner_of(const struct hunt *hunt, pid_t pid)
{
    const char *line = read_about(hunt, pid, "status") ? strstr(hunt->buffer, "\nUid:") : NULL;
    unsigned uid;

    /* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
    return line && sscanf(line, "\nUid: %u", &uid) == 1 ? uid : (uid_t)-1;
}

/* Its parent is caught, and still the process of that number. Processes of other users do not
 * count: a shell that has the mark could have started them through sudo. */
static bool
is_below(const struct hunt *hunt, pid_t pid)
{
    const struct caught *parent = find(hunt, parent_of(hunt, pid));

    return parent && owner_of(hunt, pid) == parent->uid &&
           pidfd_send_signal(parent->fd, 0, NULL, 0) == 0;
}

/* --- all of them --- */

static bool catch (struct hunt *hunt, pid_t pid)
{
    int fd = pidfd_open(pid, 0);
    bool below = fd >= 0 && is_below(hunt, pid); /* until exec it has its parent's arguments */

    if (fd < 0)
        return false;
    if ((!below && !is_marked(hunt, pid)) || pidfd_send_signal(fd, SIGSTOP, NULL, 0)) {
        close(fd);
        return false;
    }
    hunt->list = mem_resize(hunt->list, (hunt->count + 1) * sizeof *hunt->list);
    hunt->list[hunt->count++] = (struct caught){pid, owner_of(hunt, pid), fd};
    hunt->browsers += !below;
    return true;
}

static bool
catch_more(struct hunt *hunt, DIR *proc)
{
    const struct dirent *entry;
    bool any = false;

    rewinddir(proc);
    while ((entry = readdir(proc))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

        if (pid > 0 && !find(hunt, pid) && (is_marked(hunt, pid) || is_below(hunt, pid)))
            any = catch (hunt, pid) || any;
    }
    return any;
}

static void
end_all(const struct hunt *hunt)
{
    for (size_t i = 0; i < hunt->count; i++) {
        pidfd_send_signal(hunt->list[i].fd, SIGKILL, NULL, 0);
        close(hunt->list[i].fd);
    }
}

unsigned
browser_kill_marked(const char *mark)
{
    struct hunt hunt = {.argument = mem_format(BROWSER_MARK_SWITCH "%s", mark),
                        .buffer = mem_alloc(ARGUMENTS_MAX + 1)};
    DIR *proc = opendir("/proc");
    int64_t until_ms = clock_monotonic_ms() + PASSES_MS;

    while (proc && catch_more(&hunt, proc) && clock_monotonic_ms() < until_ms)
        ;
    if (proc)
        closedir(proc);
    end_all(&hunt);
    free(hunt.list);
    free(hunt.argument);
    free(hunt.buffer);
    return hunt.browsers;
}

/* --- marks --- */

static void
mark_of(const char *text, char mark[BROWSER_MARK_BYTES])
{
    char hash[SECRET_HASH_TEXT_BYTES];

    secret_token_hash(text, hash);
    text_copy(mark, BROWSER_MARK_BYTES, hash);
}

/* A folder's inode number is unique among all existing ones; a path is not, with containers. */
int
browser_mark(const char *state_dir, const char *slug, char mark[BROWSER_MARK_BYTES],
             struct err *err)
{
    struct stat is;
    char *text;

    if (stat(state_dir, &is))
        return err_errno(err, "no_mark", "%s", state_dir);
    text = mem_format("%llx %llx %s", (unsigned long long)is.st_dev, (unsigned long long)is.st_ino,
                      slug);
    mark_of(text, mark);
    free(text);
    return 0;
}

void
browser_mark_new(char mark[BROWSER_MARK_BYTES])
{
    unsigned char random[SECRET_KEY_BYTES];
    char text[2 * SECRET_KEY_BYTES + 1];

    secret_random(random, sizeof random);
    secret_key_text(random, text);
    mark_of(text, mark);
}
