/* Another process that has a write transaction of the queue open: whoever writes waits for it, as
 * for a disk. */
#ifndef TEST_UNIT_WORKER_WRITER_H
#define TEST_UNIT_WORKER_WRITER_H

#include "test/unit/worker/fixture.h"

#include <sys/prctl.h>
#include <sys/wait.h>

static inline void
write_for_ever(const char *folder, int ready)
{
    struct store_txn txn;
    struct err err;
    struct store *store;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ready = dup2(ready, STDERR_FILENO + 1);
    close_range((unsigned)ready + 1, ~0u, 0); /* the queue's lock is not its own */
    store = store_open_locked(folder, 16, STORE_FORMAT, &err);
    if (!store)
        _exit(1);
    store_begin(store, &txn, true);
    if (txn.error || write(ready, "", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* Its pid. */
static inline pid_t
writer_start(const struct fixture *f)
{
    int ends[2];
    char ready;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0)
        write_for_ever(f->folder, ends[1]);
    close(ends[1]);
    assert_int_equal(read(ends[0], &ready, 1), 1);
    close(ends[0]);
    return pid;
}

static inline void
writer_end(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#endif
