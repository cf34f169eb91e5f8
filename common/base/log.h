/* One line a record to stderr, and to a workshop's own files where a log folder is set.
 *
 * A line is `WORKSHOP: [UNIQUEID] TIME LEVEL message`, the uniqueid where it is about an order;
 * control characters are escaped, so no input can forge a line. Callers never pass a secret.
 *
 * A supervisor's child has neither of both to write to: its records go through a pipe to the
 * supervisor, which says whose they are and when, so that a child that was taken over can neither
 * pass for another nor rewrite what it has said. Nothing here blocks: a line for which stderr has
 * no room is dropped, and their number is told once there is some. */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Which of a workshop's files a record goes to as well. */
enum log_file { LOG_NO_FILE, LOG_API, LOG_ORDERLINE, LOG_FILES };

/* Descriptors by enum log_file; -1: none. */
struct log_files {
    int fds[LOG_FILES];
};

/* Starts logging as `name` (a program or a workshop, shown in each line); copied. With
 * JOURNAL_STREAM in the environment each line bears systemd's <N> priority prefix. */
void log_open(const char *name);

/* The name of log_open. */
const char *log_name(void);

void log_files_close(struct log_files *files);

/* This process's own records go to these files too, which are taken over, and those before are
 * closed. NULL: to none. */
void log_use_files(const struct log_files *files);

/* This process is a supervisor's child: stderr is a pipe to log_relayed. */
void log_relay(void);

/* Logs a record of a child's, as log_relay sends it or whatever else came on its stderr: a line of
 * name's, to these files too. record is changed. */
void log_relayed(const char *name, const struct log_files *files, char *record);

void log_close(void);

/* Lines of one kind, which is a format, are limited (common/base/log_limit.h): what outsiders can
 * cause fills no disk. The others are counted, and the count is told when the kind may log again,
 * when it has been quiet for a while, and at log_close. */
void log_write(enum log_level level, enum log_file file, const char *uniqueid, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* A line that is never left out: what became of an order. */
void log_each(enum log_level level, enum log_file file, const char *uniqueid, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

/* A line of another name than this process's, to stderr alone: a supervisor's about a workshop.
 * Never left out. */
void log_about(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Lines of level LOG_DEBUG are written as well (option -v); they are never left out. */
void log_verbose(bool verbose);
bool log_is_verbose(void);

#define log_debug(uniqueid, ...)                                                                   \
    (log_is_verbose() ? log_each(LOG_DEBUG, LOG_ORDERLINE, uniqueid, __VA_ARGS__) : (void)0)
#define log_error(...) log_write(LOG_ERROR, LOG_API, NULL, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, LOG_API, NULL, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, LOG_API, NULL, __VA_ARGS__)

#endif
