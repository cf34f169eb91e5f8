#include "supervisor/system/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"

#define DESCRIPTORS_EACH 6
#define DESCRIPTORS_OWN 1024

/* The leak check inspects its own process, like a debugger. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED 0
#endif

void
boot_hide(void)
{
    static const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) || (!SANITIZED && prctl(PR_SET_DUMPABLE, 0)))
        log_warning("cannot disable core dumps: %s", strerror(errno));
}

static int
make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int failed;

        *slash = '\0';
        failed = mkdir(path, 0755) && errno != EEXIST;
        *slash = '/';
        if (failed)
            return -1;
    }
    return 0;
}

int
boot_folder(const char *path, mode_t mode, struct err *err)
{
    struct stat status;
    char *copy;
    int failed;

    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? 0 : err_set(err, "no_folder", "%s is not a folder", path);
    copy = mem_string(path);
    failed = make_parents(copy) || (mkdir(path, mode) && errno != EEXIST) || chmod(path, mode);
    free(copy);
    return failed ? err_errno(err, "no_folder", "cannot create %s", path) : 1;
}

static int
take_lock(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (errno == EWOULDBLOCK)
        err_set(err, "locked", "cannot lock %s: another pumplined uses this state_dir", path);
    else
        err_errno(err, "locked", "%s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Users other than the daemon's must be able to pass through it to their own folder. */
static int
let_through(const char *path, struct err *err)
{
    struct stat status;

    if (geteuid())
        return 0;
    if (stat(path, &status) ||
        ((~status.st_mode & S_IXOTH) && chmod(path, (status.st_mode | S_IXOTH) & 07777)))
        return err_errno(err, "no_folder", "cannot let the workshops' users into %s", path);
    return 0;
}

int
boot_state_dir(const char *state_dir, struct err *err)
{
    char *queues = mem_format("%s/queues", state_dir);
    char *lock = mem_format("%s/pumplined.lock", state_dir);
    int fd = -1;

    if (boot_folder(state_dir, 0711, err) >= 0 && boot_folder(queues, 0711, err) >= 0 &&
        let_through(state_dir, err) == 0 && let_through(queues, err) == 0)
        fd = take_lock(lock, err);
    free(queues);
    free(lock);
    return fd;
}

void
boot_descriptor_limit(size_t workshops)
{
    rlim_t needed = workshops * DESCRIPTORS_EACH + DESCRIPTORS_OWN;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = needed;
    if (limit.rlim_max < needed)
        limit.rlim_max = needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &limit);
    log_warning("up to %llu descriptors may be needed, but the hard limit is %llu",
                (unsigned long long)needed, (unsigned long long)limit.rlim_max);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        log_warning("cannot raise RLIMIT_NOFILE: %s", strerror(errno));
}
