/* The log files of a workshop, opened by a process that talks to no client and no ERP: the
 * supervisor, or a worker that runs by itself. */
#ifndef COMMON_BASE_LOG_FILES_H
#define COMMON_BASE_LOG_FILES_H

#include "common/base/err.h"
#include "common/base/log.h"

/* Opens FOLDER/SLUG_api.log and FOLDER/SLUG_create_orderline.log for appending (0640, no symbolic
 * link is followed); creates the folder (0750) if it is missing. A file that cannot be opened is
 * reported in a line of `name` and left out: a logging problem never keeps an order from being
 * accepted. */
struct log_files log_files_open(const char *folder, const char *slug, const char *name);

/* Opens the workshop's files for this process's own records; log_reopen opens the same names again
 * after a rotation. */
void log_open_files(const char *folder, const char *slug);
void log_reopen(void);

#endif
