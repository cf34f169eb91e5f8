/* The log files of a workshop, in the hands of a process that no client and no ERP talks to: the
 * supervisor, or a worker that runs by itself. */
#ifndef COMMON_BASE_LOG_FILES_H
#define COMMON_BASE_LOG_FILES_H

#include "common/base/err.h"
#include "common/base/log.h"

/* Opens FOLDER/SLUG_api.log and FOLDER/SLUG_create_orderline.log for appending, 0640, never through
 * a link; makes the folder, 0750, where it is missing. One that can't be opened is reported, as a
 * line of `name`'s, and left out: logging never keeps an order from being taken. */
struct log_files log_files_open(const char *folder, const char *slug, const char *name);

/* Opens the workshop's files for this process's own records, which log_reopen opens again under the
 * same names, after they were rotated. */
void log_open_files(const char *folder, const char *slug);
void log_reopen(void);

#endif
