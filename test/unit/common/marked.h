/* Processes with a given argument, each with one child. */
#ifndef TEST_UNIT_COMMON_MARKED_H
#define TEST_UNIT_COMMON_MARKED_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/secret.h"

struct marked {
    pid_t pid, child;
};

/* Makes the test adopt orphaned processes. */
static inline void
marked_start(void)
{
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
}

static inline struct marked
marked_new(const char *before, const char *mark, const char *after)
{
    char *argument = mem_format("%s%s%s", before, mark, after), line[32];
    struct marked one;
    int ends[2];
    FILE *child;

    assert_int_equal(pipe(ends), 0);
    one.pid = fork();
    assert_true(one.pid >= 0);
    if (one.pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        execl("/bin/sh", "sh", "-c", "sleep 600 >/dev/null & echo $!; wait", argument,
              (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    child = fdopen(ends[0], "r");
    assert_non_null(fgets(line, sizeof line, child));
    fclose(child);
    one.child = (pid_t)atol(line);
    free(argument);
    return one;
}

static inline void
marked_assert_killed(const struct marked *one)
{
    const pid_t pids[] = {one->pid, one->child};
    int status;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
}

static inline void
marked_assert_alive(const struct marked *one)
{
    int status;

    assert_int_equal(waitpid(one->pid, &status, WNOHANG | WUNTRACED), 0);
    assert_int_equal(kill(one->child, 0), 0);
}

static inline void
marked_end(const struct marked *one)
{
    kill(one->pid, SIGKILL); /* first, because it would wait for its child */
    kill(one->child, SIGKILL);
    marked_assert_killed(one);
}

#endif
