/* One line a record to stderr, and to a workshop's own files where a log folder is set.
 *
 * A line is `WORKSHOP: [UNIQUEID] TIME LEVEL message`, the uniqueid where it is about an order;
 * control characters are escaped, so no input can forge a line. Callers never pass a secret.
 * Nothing here blocks for longer than a write() does. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Which of a workshop's files a record goes to as well. */
enum log_file { LOG_NO_FILE, LOG_API, LOG_ORDERLINE, LOG_FILES };

struct log_files;

/* Starts logging as `name` (a program or a workshop, shown in each line); copied. With
 * JOURNAL_STREAM in the environment each line bears systemd's <N> priority prefix. */
void log_open(const char *name);

/* Opens the workshop's files in this process (common/log_files.h says how), which log_reopen opens
 * again. */
void log_open_files(const char *folder, const char *slug);

/* From now on these are the files: they are taken over, those before are closed. */
void log_take_files(struct log_files *files);

/* Opens the files of log_open_files again under the same names, after they were rotated. */
void log_reopen(void);

void log_close(void);

void log_write(enum log_level level, enum log_file file, const char *uniqueid, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* A line of another name than this process's, to stderr alone: a supervisor's about a workshop. */
void log_about(enum log_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...) log_write(LOG_ERROR, LOG_API, NULL, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, LOG_API, NULL, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, LOG_API, NULL, __VA_ARGS__)

#endif
