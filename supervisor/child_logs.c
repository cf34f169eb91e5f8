/* A child's log files: opened here, written there. */
#include <unistd.h>

#include "common/log_files.h"
#include "supervisor/child_state.h"

void
child_hand_logs(struct child *child)
{
    const struct workshop_config *workshop = child->workshop;
    const char *log_dir = child->host->log_dir(child->host->arg);
    struct log_files files;
    struct err err;

    if (child->logs_fd < 0 || !*log_dir)
        return;
    files = log_files_open(log_dir, workshop->slug, workshop->name);
    if (log_files_send(child->logs_fd, &files, &err))
        log_about(LOG_WARNING, workshop->name, "%s", err.text);
    log_files_close(&files);
}

void
child_close_logs(struct child *child)
{
    if (child->logs_fd >= 0)
        close(child->logs_fd);
    child->logs_fd = -1;
}
