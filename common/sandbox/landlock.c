/* Landlock: which files, which TCP ports, which signals and abstract sockets.
 *
 * Debian 12's headers only cover the second version of its interface (ABI), so the constants are
 * here: include/uapi/linux/landlock.h, with the version that introduced each. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/sandbox/internal.h"

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_REFER = 1 << 13,     /* 2: renames from folder to folder */
    FS_TRUNCATE = 1 << 14,  /* 3 */
    FS_IOCTL_DEV = 1 << 15, /* 5 */
    NET_BIND_TCP = 1 << 0,  /* 4 */
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_UNIX = 1 << 0, /* 6 */
    SCOPE_SIGNAL = 1 << 1
};

#define OF_A_FILE (FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define VERSION_FLAG 1u
#define RULE_PATH 1
#define RULE_PORT 2
#define DNS_PORT 53

/* Without REFER a salvaged queue cannot be moved into place. */
#define ABI_MIN 2
#define ABI_PORTS 4
#define ABI_SCOPES 6

struct ruleset {
    uint64_t fs, net, scopes;
};

struct path_rule {
    uint64_t access;
    int32_t fd;
} __attribute__((packed));

struct port_rule {
    uint64_t access, port;
};

/* All file rights that a version knows, and the used size of struct ruleset. */
static const struct {
    uint64_t fs;
    size_t size;
} versions[] = {[2] = {(FS_REFER << 1) - 1, 8},
                [3] = {(FS_TRUNCATE << 1) - 1, 8},
                [4] = {(FS_TRUNCATE << 1) - 1, 16},
                [5] = {(FS_IOCTL_DEV << 1) - 1, 16},
                [6] = {(FS_IOCTL_DEV << 1) - 1, 24}};

#define VERSION_LAST ((int)(sizeof versions / sizeof *versions) - 1)

static const uint64_t rights[SANDBOX_ACCESSES] = {
    [SANDBOX_READ] = FS_READ_FILE | FS_READ_DIR,
    [SANDBOX_WRITE] =
        FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG | FS_TRUNCATE,
    [SANDBOX_OWN] = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_REMOVE_FILE | FS_REMOVE_DIR |
                    FS_MAKE_REG | FS_MAKE_DIR | FS_REFER | FS_TRUNCATE,
    [SANDBOX_APPEND] = FS_WRITE_FILE | FS_MAKE_REG};

/* What name resolution, TLS and libraries that are loaded later need. Not all of /etc/ssl: it may
 * contain private keys. Files in /etc are replaced by other programs, so they are watched. */
static const struct common_path {
    const char *path;
    enum sandbox_access access;
    bool watched;
} common_paths[] = {
    {"/etc/resolv.conf", SANDBOX_READ, true},
    {"/etc/hosts", SANDBOX_READ, true},
    {"/etc/nsswitch.conf", SANDBOX_READ, true},
    {"/etc/gai.conf", SANDBOX_READ, true},
    {"/etc/host.conf", SANDBOX_READ, true},
    {"/etc/ssl/certs", SANDBOX_READ, true},
    {"/etc/ssl/openssl.cnf", SANDBOX_READ, true},
    {"/etc/ld.so.cache", SANDBOX_READ, true},
    {"/etc/gnutls", SANDBOX_READ, false},
    {"/etc/localtime", SANDBOX_READ, false},
    {"/usr/share/ca-certificates", SANDBOX_READ, false},
    {"/usr/local/share/ca-certificates", SANDBOX_READ, false},
    {"/usr/share/zoneinfo", SANDBOX_READ, false},
    {"/usr/lib", SANDBOX_READ, false},
    {"/lib", SANDBOX_READ, false},
    {"/lib64", SANDBOX_READ, false},
    {"/dev/urandom", SANDBOX_READ, false},
    {"/dev/null", SANDBOX_WRITE, false},
};

#define COMMON_COUNT (sizeof common_paths / sizeof *common_paths)

/* What a right was given for: its path, and what was found there. */
static struct watch {
    const char *path;
    bool there;
    dev_t device;
    ino_t inode;
} watches[COMMON_COUNT];
static size_t watch_count;

/* --- rules --- */

static enum sandbox_result
refused(struct err *err, const char *what)
{
    int number = errno;

    err_set(err, "sandbox", "Landlock %s: %s", what, sandbox_cause(number));
    return sandbox_result_of(number);
}

static void
watch(const char *path, const struct stat *found)
{
    watches[watch_count++] = (struct watch){.path = path,
                                            .there = found != NULL,
                                            .device = found ? found->st_dev : 0,
                                            .inode = found ? found->st_ino : 0};
}

static enum sandbox_result
add_rule(int ruleset, int fd, uint64_t access, const char *path, struct err *err)
{
    const struct path_rule rule = {.access = access, .fd = fd};

    if (!syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0))
        return SANDBOX_HOLDS;
    return refused(err, path);
}

static enum sandbox_result
allow(int ruleset, const struct ruleset *handled, enum sandbox_access kind, int fd,
      const struct stat *found, const char *path, struct err *err)
{
    uint64_t access = rights[kind] & handled->fs;

    return add_rule(ruleset, fd, S_ISDIR(found->st_mode) ? access : access & OF_A_FILE, path, err);
}

/* What does not exist, or is inaccessible to this user, gets no rule. */
static enum sandbox_result
allow_common(int ruleset, const struct ruleset *handled, const struct common_path *common,
             struct err *err)
{
    int fd = open(common->path, O_PATH | O_CLOEXEC);
    enum sandbox_result result = SANDBOX_HOLDS;
    struct stat found;
    bool there = fd >= 0 && fstat(fd, &found) == 0;

    if (fd < 0 && sandbox_result_of(errno) == SANDBOX_BROKEN)
        return refused(err, common->path);
    if (there)
        result = allow(ruleset, handled, common->access, fd, &found, common->path, err);
    if (fd >= 0)
        close(fd);
    if (common->watched)
        watch(common->path, there ? &found : NULL);
    return result;
}

static enum sandbox_result
allow_path(int ruleset, const struct ruleset *handled, const struct sandbox_path *path,
           struct err *err)
{
    const struct pinned_path *pinned = path->pinned;
    struct stat found;

    if (pinned->fd < 0)
        return SANDBOX_HOLDS;
    if (fstat(pinned->fd, &found))
        return refused(err, pinned->path);
    return allow(ruleset, handled, path->access, pinned->fd, &found, pinned->path, err);
}

static enum sandbox_result
allow_paths(int ruleset, const struct ruleset *handled, const struct sandbox_setup *setup,
            struct err *err)
{
    enum sandbox_result result = SANDBOX_HOLDS;

    for (size_t i = 0; i < COMMON_COUNT && result == SANDBOX_HOLDS; i++)
        result = allow_common(ruleset, handled, &common_paths[i], err);
    for (size_t i = 0; i < setup->path_count && result == SANDBOX_HOLDS; i++)
        result = allow_path(ruleset, handled, &setup->paths[i], err);
    return result;
}

static enum sandbox_result
allow_port(int ruleset, uint16_t port, struct err *err)
{
    const struct port_rule rule = {.access = NET_CONNECT_TCP, .port = port};

    if (!syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &rule, 0))
        return SANDBOX_HOLDS;
    return refused(err, "port");
}

static enum sandbox_result
allow_ports(int ruleset, const struct sandbox_setup *setup, struct err *err)
{
    enum sandbox_result result = setup->names ? allow_port(ruleset, DNS_PORT, err) : SANDBOX_HOLDS;

    for (size_t i = 0; i < setup->port_count && result == SANDBOX_HOLDS; i++)
        result = allow_port(ruleset, setup->ports[i], err);
    return result;
}

enum sandbox_result
landlock_enter(const struct sandbox_setup *setup, struct sandbox_landlock *holds, struct err *err)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG), ruleset;
    int known = abi > VERSION_LAST ? VERSION_LAST : abi;
    struct ruleset handled = {0};
    enum sandbox_result result;

    if (abi < 0)
        return refused(err, "rules");
    if (abi < ABI_MIN) {
        err_set(err, "sandbox", "Landlock: ABI %d is too old, at least %d is required (Linux 5.19)",
                abi, ABI_MIN);
        return SANDBOX_LACKS;
    }
    *holds = (struct sandbox_landlock){abi, abi >= ABI_PORTS, abi >= ABI_SCOPES};
    handled.fs = versions[known].fs;
    handled.net = holds->ports ? NET_BIND_TCP | NET_CONNECT_TCP : 0;
    handled.scopes = holds->scopes ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0;
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &handled, versions[known].size, 0);
    if (ruleset < 0)
        return refused(err, "rules");
    result = allow_paths(ruleset, &handled, setup, err);
    if (result == SANDBOX_HOLDS && holds->ports)
        result = allow_ports(ruleset, setup, err);
    if (result == SANDBOX_HOLDS && syscall(SYS_landlock_restrict_self, ruleset, 0))
        result = refused(err, "rules");
    close(ruleset);
    return result;
}

const char *
sandbox_outdated(void)
{
    for (size_t i = 0; i < watch_count; i++) {
        const struct watch *w = &watches[i];
        struct stat now;

        /* What is gone may come back unchanged. */
        if (stat(w->path, &now) == 0 &&
            (!w->there || now.st_dev != w->device || now.st_ino != w->inode))
            return w->path;
    }
    return NULL;
}
