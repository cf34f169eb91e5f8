/* Writes each record as one line to stderr and, if a log folder is configured, to the workshop's
 * own files.
 *
 * A line is `WORKSHOP: [UNIQUEID] TIME LEVEL message`, with the uniqueid if it is about an order;
 * control characters are escaped, so no input can forge a line. Callers never pass a secret.
 *
 * A supervisor's child can write to neither: its records go through a pipe to the supervisor, which
 * adds the name and the time, so that a compromised child can neither impersonate another one nor
 * rewrite what it has logged. Nothing here blocks: a line for which stderr has no room is dropped,
 * and the number of dropped lines is logged as soon as there is room. */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/* The workshop's file that a record also goes to. */
enum log_file { LOG_NO_FILE, LOG_API, LOG_ORDERLINE, LOG_FILES };

/* Descriptors by enum log_file; -1: none. */
struct log_files {
    int fds[LOG_FILES];
};

/* Starts logging as `name` (a program or a workshop, shown in each line; copied). If JOURNAL_STREAM
 * is in the environment, each line starts with systemd's <N> priority prefix. */
void log_open(const char *name);

/* The name given to log_open. */
const char *log_name(void);

void log_files_close(struct log_files *files);

/* Also writes this process's own records to these files, which it takes over; the previous ones are
 * closed. NULL: to none. */
void log_use_files(const struct log_files *files);

/* This process is a supervisor's child: stderr is a pipe to log_relayed. */
void log_relay(void);

/* Logs a record of a child, as sent by log_relay, or any other line from its stderr, as a line of
 * `name`, to these files too. record is modified. */
void log_relayed(const char *name, const struct log_files *files, char *record);

void log_close(void);

/* Until log_release, lines are collected: many leave in one write. The caller does nothing else
 * meanwhile that could die or take long. */
void log_hold(void);
void log_release(void);

/* Lines of one kind, that is of one format, are rate-limited (common/base/log_limit.h), so that
 * outsiders cannot fill the disk. Suppressed lines are counted; the count is logged when the kind
 * may log again, when it has been quiet for a while, and at log_close. */
void log_write(enum log_level level, enum log_file file, const char *uniqueid, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* A line that is never suppressed: the outcome of an order. */
void log_each(enum log_level level, enum log_file file, const char *uniqueid, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

/* A line under another name than this process's, to stderr only: a supervisor's line about a
 * workshop. Never suppressed. */
void log_about(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Also write lines of level LOG_DEBUG (option -v); they are never suppressed. */
void log_verbose(bool verbose);
bool log_is_verbose(void);

/* From now on this process's own lines below LOG_WARNING are left out. */
void log_quiet(void);

#define log_debug(uniqueid, ...)                                                                   \
    (log_is_verbose() ? log_each(LOG_DEBUG, LOG_ORDERLINE, uniqueid, __VA_ARGS__) : (void)0)
#define log_error(...) log_write(LOG_ERROR, LOG_API, NULL, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, LOG_API, NULL, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, LOG_API, NULL, __VA_ARGS__)

#endif
