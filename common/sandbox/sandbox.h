/* What a worker or the console gives up before it serves: its user, its privileges, and its access.
 *
 * In this order: user and capabilities, ending with the supervisor, no new privileges, no core,
 * limits, Landlock (files, TCP ports, signals and abstract sockets), seccomp. All of it is
 * inherited and irrevocable. See worker/README.md for the reasons for this order. */
#ifndef COMMON_SANDBOX_SANDBOX_H
#define COMMON_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "common/sandbox/pinned_path.h"

#define SANDBOX_PATHS_MAX 8
#define SANDBOX_PORTS_MAX 16

enum sandbox_access {
    SANDBOX_READ,   /* a file, or a folder with everything below it */
    SANDBOX_WRITE,  /* the files of a folder: read, written, created, renamed, removed */
    SANDBOX_OWN,    /* like WRITE, including subfolders */
    SANDBOX_APPEND, /* files of a folder are created and written, not read */
    SANDBOX_ACCESSES
};

/* Opened before the user changes, as that user may have no access. */
struct sandbox_path {
    const struct pinned_path *pinned;
    enum sandbox_access access;
};

/* Besides what is named here it has access to what name resolution, TLS and libraries loaded later
 * need: resolver files, CA certificates, /usr/lib, and for names UDP and TCP port 53. */
struct sandbox_setup {
    const char *mode;     /* "required", "best-effort", "off" */
    uid_t uid;            /* 0: keep the user */
    gid_t gid;            /* if uid is set */
    pid_t supervisor_pid; /* 0: no supervisor */
    struct sandbox_path paths[SANDBOX_PATHS_MAX];
    size_t path_count;
    uint16_t ports[SANDBOX_PORTS_MAX]; /* TCP, for connecting; never for listening */
    size_t port_count;
    bool names;        /* it must resolve names by itself */
    bool unix_streams; /* it connects to Unix sockets */
};

/* Adds a port, unless it is there already. false: there is no room. */
bool sandbox_port(struct sandbox_setup *setup, uint16_t port);

/* Call it before the process knows a secret: no core dump, and no access to its memory by its
 * siblings. */
int sandbox_hide(struct err *err);

/* All steps. Logs one line about what is in force. -1 with code "sandbox" if the mode is required
 * and the system lacks what is mandatory: no_new_privs, no capabilities, seccomp, Landlock for
 * files, where a restart does not help; with "no_resources" if it may help. Must run while the
 * process has one thread. */
int sandbox_enter(const struct sandbox_setup *setup, struct err *err)
    __attribute__((warn_unused_result));

/* Once the queue is checked, for which it forks: no more processes, and signals only to itself;
 * without a port to connect to, no more libraries either. Does nothing if sandbox_enter could set
 * no filter. */
int sandbox_alone(struct err *err) __attribute__((warn_unused_result));

/* Once all needed libraries are loaded: from now on no file can be mapped as code, since it may be
 * one that was written. Does nothing if sandbox_enter could set no filter. */
int sandbox_loaded(struct err *err) __attribute__((warn_unused_result));

/* A right belongs to a file, not to its name. The first of the common paths that is now another
 * file or folder than the one this process was given (a replaced /etc/resolv.conf), or NULL: then
 * only a new process can access it. */
const char *sandbox_outdated(void);

#endif
