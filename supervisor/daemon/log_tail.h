/* The end of a workshop's log files, for callers without access to the files. */
#ifndef SUPERVISOR_DAEMON_LOG_TAIL_H
#define SUPERVISOR_DAEMON_LOG_TAIL_H

#include <jansson.h>

#define LOG_TAIL_LINES_MAX 1000u

/* [{"file": PATH, "lines": [text]}], oldest line first, of each file at most so many lines and 64
 * KiB; a file that is missing has none. The caller owns it. */
json_t *log_tail(const json_t *paths, unsigned lines);

#endif
