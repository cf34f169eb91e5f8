/* Text for a terminal: everything is printed through text_escape(). All strings are UTF-8. Returned
 * char * are to be freed; aborts if out of memory. */
#ifndef SUPERVISOR_CTL_TERM_TEXT_H
#define SUPERVISOR_CTL_TERM_TEXT_H

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>

/* Sets LC_CTYPE to the user's if it is UTF-8, else to C.UTF-8. Call it before all others. */
void text_init(void);

char *text_vformat(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* A copy in which each control, bidirectional override or unprintable character is written as
 * \uXXXX, so that text from the server can neither control the terminal nor break a line. */
char *text_escape(const char *text);

/* The same for serialised JSON and other whole texts: newlines stay, and JSON stays the same JSON.
 * Needed because jansson leaves DEL and U+0080-U+009F as they are. */
char *text_escape_json(const char *json);

/* A word quoted for the shell, so that a hint can be pasted. */
char *text_shell_quote(const char *word);

/* The number of terminal columns of an escaped text. */
size_t text_width(const char *text);

/* An escaped text of at most `columns` columns; ends in … if it was cut. */
char *text_cut(const char *text, size_t columns);

/* Prints an escaped text on lines of at most `columns` columns, all of them indented; broken at
 * spaces where there are any. */
void text_print_wrapped(const char *text, size_t indent, size_t columns);

/* "42s", "3m", "2h 5m", "4d 3h". Negative ages (clocks differ) are "0s". */
char *text_age(long long seconds);

/* A time of the API ("2026-11-24T08:15:30.123Z") in local time with its zone and age; anything else
 * is returned as it is, NULL as "-". A future time is given as "in 3m". */
char *text_time(const char *iso);

/* A JSON value on one line: a string's text, a number, "-" for null or an empty value, a list's
 * members separated by ", ", other values as compact JSON. Not escaped. */
char *text_of_json(const json_t *value);

/* Printed escaped and with a newline: text_say on stdout, text_complain on stderr after
 * "pumplinectl: ". */
void text_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void text_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
