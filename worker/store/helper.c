/* The only file that uses threads. Everything else of a worker runs in its loop. */
#include "worker/store/helper.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/err.h"

#define STACK_BYTES (1 << 20)

struct helper {
    pthread_t thread;
    bool there;
    int fd; /* an eventfd */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* of these: */
    void (*work)(void *arg);
    void *arg;
    bool ending;
    bool to_tell; /* the loop waits for fd */
};

struct helper *
helper_new(void)
{
    struct helper *helper = mem_alloc(sizeof *helper);
    pthread_condattr_t attributes;

    helper->fd = -1;
    pthread_mutex_init(&helper->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&helper->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return helper;
}

static void
say_done(const struct helper *helper)
{
    const uint64_t one = 1;

    if (write(helper->fd, &one, sizeof one) < 0)
        die_abort("cannot tell the loop that a commit is done");
}

static void *
run(void *arg)
{
    struct helper *helper = arg;

    pthread_mutex_lock(&helper->lock);
    for (;;) {
        while (!helper->work && !helper->ending)
            pthread_cond_wait(&helper->changed, &helper->lock);
        if (!helper->work)
            break;
        pthread_mutex_unlock(&helper->lock);
        helper->work(helper->arg);
        pthread_mutex_lock(&helper->lock);
        if (helper->to_tell)
            say_done(helper);
        helper->to_tell = false;
        helper->work = NULL;
        pthread_cond_signal(&helper->changed);
    }
    pthread_mutex_unlock(&helper->lock);
    return NULL;
}

/* Signals are for the loop, except those of a fault, which belong to the thread that has it. It is
 * confined like the loop, whose filters, rules and lack of rights it inherits. */
static bool
make_thread(struct helper *helper)
{
    sigset_t none, before;
    pthread_attr_t attributes;

    if (helper->fd < 0)
        helper->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (helper->fd < 0)
        return false;
    sigfillset(&none);
    sigdelset(&none, SIGSEGV);
    sigdelset(&none, SIGBUS);
    sigdelset(&none, SIGABRT);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &none, &before);
    helper->there = pthread_create(&helper->thread, &attributes, run, helper) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return helper->there;
}

bool
helper_start(struct helper *helper, void (*work)(void *arg), void *arg)
{
    if (!helper->there && !make_thread(helper))
        return false;
    pthread_mutex_lock(&helper->lock);
    helper->work = work;
    helper->arg = arg;
    pthread_cond_signal(&helper->changed);
    pthread_mutex_unlock(&helper->lock);
    return true;
}

void
helper_wait(struct helper *helper)
{
    pthread_mutex_lock(&helper->lock);
    while (helper->work)
        pthread_cond_wait(&helper->changed, &helper->lock);
    pthread_mutex_unlock(&helper->lock);
}

bool
helper_wait_ms(struct helper *helper, unsigned ms)
{
    struct timespec end;
    int error = 0;
    bool done;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += ms * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&helper->lock);
    while (helper->work && !error)
        error = pthread_cond_timedwait(&helper->changed, &helper->lock, &end);
    done = !helper->work;
    helper->to_tell = !done;
    pthread_mutex_unlock(&helper->lock);
    return done;
}

int
helper_fd(const struct helper *helper)
{
    return helper->fd;
}

void
helper_heard(struct helper *helper)
{
    uint64_t count;

    if (helper->fd >= 0 && read(helper->fd, &count, sizeof count) < 0) {
        /* It was heard already. */
    }
}

void
helper_free(struct helper *helper)
{
    if (!helper)
        return;
    helper_wait(helper);
    if (helper->there) {
        pthread_mutex_lock(&helper->lock);
        helper->ending = true;
        pthread_cond_signal(&helper->changed);
        pthread_mutex_unlock(&helper->lock);
        pthread_join(helper->thread, NULL);
    }
    if (helper->fd >= 0)
        close(helper->fd);
    pthread_cond_destroy(&helper->changed);
    pthread_mutex_destroy(&helper->lock);
    free(helper);
}
