#include "common/base/log_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPEND (O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)

static int
open_one(const char *path, const char *name)
{
    int fd = open(path, APPEND, 0640);

    if (fd < 0)
        log_about(LOG_WARNING, name, "cannot open log file %s: %s", path, strerror(errno));
    return fd;
}

struct log_files
log_files_open(const char *folder, const char *slug, const char *name)
{
    static const char *const endings[LOG_FILES] = {
        [LOG_API] = "api", [LOG_ORDERLINE] = "create_orderline"};
    struct log_files files = {.fds = {-1, -1, -1}};

    if (mkdir(folder, 0750) && errno != EEXIST)
        log_about(LOG_WARNING, name, "cannot create log folder %s: %s", folder, strerror(errno));
    for (int i = LOG_API; i < LOG_FILES; i++) {
        char *path = mem_format("%s/%s_%s.log", folder, slug, endings[i]);

        files.fds[i] = open_one(path, name);
        free(path);
    }
    return files;
}

/* --- this process's own files --- */

static struct {
    char *folder, *slug; /* NULL: none */
} own;

void
log_reopen(void)
{
    struct log_files files;

    if (!own.folder)
        return;
    files = log_files_open(own.folder, own.slug, log_name());
    log_use_files(&files);
}

void
log_open_files(const char *folder, const char *slug)
{
    log_close();
    free(own.folder);
    free(own.slug);
    own.folder = mem_string(folder);
    own.slug = mem_string(slug);
    log_reopen();
}
