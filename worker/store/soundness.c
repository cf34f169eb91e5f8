/* Whether a queue file deserves a check, as files beside it say: `clean`, and `unchecked` with a
 * byte for each opening since the last whole check. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/store/store_internal.h"

#define LIVES_MAX 3 /* openings without a whole check before one is due first */

/* Also in a signal handler. */
static void
add_lives(const char *path, size_t lives)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return;
    if (write(fd, "...", lives) < 0) {
        /* Then it is found out later. */
    }
    close(fd);
}

bool
store_is_suspect(const char *folder)
{
    char *path = mem_format("%s/unchecked", folder);
    struct stat file;
    bool suspect = stat(path, &file) == 0 && file.st_size >= LIVES_MAX;

    free(path);
    return suspect;
}

static void
touch(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd >= 0)
        close(fd);
}

void
store_note_sound(const char *folder)
{
    char *unchecked = mem_format("%s/unchecked", folder), *clean = mem_format("%s/clean", folder);

    unlink(unchecked);
    touch(clean);
    free(unchecked);
    free(clean);
}

void
soundness_keep_earlier_out(const char *folder)
{
    char *closed = mem_format("%s/closed", folder);

    touch(closed);
    free(closed);
}

bool
store_unsure(const struct store *store)
{
    return store->unsure;
}

void
store_checked(struct store *store)
{
    unlink(store->unchecked);
    store->unsure = false;
}

/* A damaged page can make LMDB itself die: then the next process checks before it serves. */
static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGABRT};
static struct sigaction fatal_before[sizeof fatal_signals / sizeof *fatal_signals];
static const char *fatal_path;

static void
on_fatal(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (fatal_path)
        add_lives(fatal_path, LIVES_MAX);
    for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++)
        if (fatal_signals[i] == number)
            sigaction(number, &fatal_before[i], NULL);
    if (info->si_code <= 0) /* it was sent: it does not come again by itself */
        raise(number);
}

void
soundness_watch(const char *unchecked)
{
    struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO};

    for (size_t i = 0; !fatal_path && i < sizeof fatal_signals / sizeof *fatal_signals; i++)
        sigaction(fatal_signals[i], &action, &fatal_before[i]);
    fatal_path = unchecked;
}

void
soundness_unwatch(const char *unchecked)
{
    if (fatal_path != unchecked)
        return;
    fatal_path = NULL;
    for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++)
        sigaction(fatal_signals[i], &fatal_before[i], NULL);
}

void
soundness_count_opening(const char *unchecked)
{
    add_lives(unchecked, 1);
}

/* A queue that cannot be opened, although no resource is short, is probably damaged. */
void
soundness_note_failure(const char *folder, const struct err *err)
{
    char *path = mem_format("%s/unchecked", folder);

    if (strcmp(err->code, "storage") == 0)
        add_lives(path, LIVES_MAX);
    free(path);
}

bool
store_was_closed(const char *folder)
{
    char *path = mem_format("%s/clean", folder);
    bool clean = access(path, F_OK) == 0;

    free(path);
    return clean;
}

void
soundness_note_broken(struct store *store)
{
    if (!store->broken && store->lock_fd >= 0)
        add_lives(store->unchecked, LIVES_MAX);
    store->broken = true;
}

/* One that is still unsure begins its check anew. */
void
soundness_mark_closed(const struct store *store)
{
    if (store->broken)
        return;
    unlink(store->unchecked);
    if (!store->unsure)
        touch(store->clean);
}
