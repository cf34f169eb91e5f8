/* What the worker gives up before it serves: who it was, what it might do, and what it may reach.
 *
 * In this order: user and capabilities, an end with the supervisor's, no new privileges, no core,
 * limits, Landlock (files, TCP ports, signals and abstract sockets), seccomp. All of it is
 * inherited, and nothing of it can be taken back. See worker/README.md for why this order. */
#ifndef WORKER_SANDBOX_SANDBOX_H
#define WORKER_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/err.h"
#include "worker/sandbox/pinned_path.h"

#define SANDBOX_PATHS_MAX 8
#define SANDBOX_PORTS_MAX 16

enum sandbox_access {
    SANDBOX_READ,   /* a file, or a folder with all that is in it */
    SANDBOX_WRITE,  /* the files of a folder: read, written, made, renamed, removed */
    SANDBOX_OWN,    /* as WRITE, and folders in it too */
    SANDBOX_APPEND, /* files of a folder are made and written, not read */
    SANDBOX_ACCESSES
};

/* Opened before the user changes, who may not get there. */
struct sandbox_path {
    const struct pinned_path *pinned;
    enum sandbox_access access;
};

/* Besides what is named here it reaches what a name's resolution, TLS and libraries loaded later
 * need: resolver files, CA certificates, /usr/lib, and for names UDP and TCP port 53. */
struct sandbox_setup {
    const char *mode;     /* "required", "best-effort", "off" */
    uid_t uid;            /* 0: stay who you are */
    gid_t gid;            /* with uid */
    pid_t supervisor_pid; /* 0: by itself */
    struct sandbox_path paths[SANDBOX_PATHS_MAX];
    size_t path_count;
    uint16_t ports[SANDBOX_PORTS_MAX]; /* TCP, to connect to; never to listen on */
    size_t port_count;
    bool names; /* it must resolve names by itself */
};

/* One port more, unless it is there already. false: there is no room. */
bool sandbox_port(struct sandbox_setup *setup, uint16_t port);

/* To be called before the process knows a secret: no core dump, and no reading of its memory by its
 * siblings. */
int sandbox_hide(struct err *err);

/* All of it. Logs one line that says what holds. -1 with code "sandbox" where the mode is required
 * and the system refuses what must hold: no_new_privs, no capability, seccomp, Landlock for files,
 * which a restart does not mend; with "no_resources" where it may. Must run while the process has
 * one thread. */
int sandbox_enter(const struct sandbox_setup *setup, struct err *err)
    __attribute__((warn_unused_result));

/* Once the queue is checked, for which it forks: no further process, and signals to itself alone;
 * without a port to connect to no further library either. Does nothing where sandbox_enter could
 * set no filter. */
int sandbox_alone(struct err *err) __attribute__((warn_unused_result));

/* Once the libraries are loaded that it needs: from now on nothing is mapped as code, which may be
 * a file that was written. Does nothing where sandbox_enter could set no filter. */
int sandbox_loaded(struct err *err) __attribute__((warn_unused_result));

/* A right belongs to a file, not to its name. The first of the common paths that is another file or
 * folder now than the one this process was given (an /etc/resolv.conf that was replaced), or NULL:
 * then only a new process reaches it. */
const char *sandbox_outdated(void);

#endif
