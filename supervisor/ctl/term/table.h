/* A readable table: aligned by display width; on a terminal with a bold header and coloured states
 * (if it has colours), fitted to its width. */
#ifndef SUPERVISOR_CTL_TERM_TABLE_H
#define SUPERVISOR_CTL_TERM_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct screen {
    bool colour;
    size_t columns; /* 0: not a terminal, nothing is cut */
    size_t rows;    /* maximum of a table; 0: unlimited, for output that scrolls */
};

enum colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_GOOD, COLOUR_BUSY, COLOUR_BAD };

struct column {
    const char *title; /* NULL in the first column: the table has no header */
    bool right;        /* numbers */
    bool flexible;     /* shrinks first if the screen is narrow */
    bool optional;     /* omitted if all its cells are empty */
    bool spare;        /* omitted if the screen is narrow; the last one goes first */
    bool whole;        /* never cut: if it is too long, the row goes on in the next line */
    int below;         /* if the screen is narrow, its cells go on lines of their own below the row:
                        * those with 1 first, then 2 …; 0: never */
};

struct table;

/* The properties of stdout: a terminal or not, its width, and whether NO_COLOR or TERM=dumb forbid
 * colours. */
struct screen screen_open(void);

/* The terminal's height, for a screen that is redrawn. */
size_t screen_lines(void);

/* The colour of a process's, a worker's or an order's state; COLOUR_NONE for any other word or
 * NULL. */
enum colour table_state_colour(const char *state);

/* columns must outlive the table. */
struct table *table_new(const struct column *columns, size_t columns_count);
void table_free(struct table *table);

/* Starts the next row; its cells are "-" until set. */
void table_row(struct table *table);

/* Sets a cell of the current row. The text is escaped here. */
void table_cell(struct table *table, size_t column, enum colour colour, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with a JSON value's text; null or NULL leaves "-". */
void table_json(struct table *table, size_t column, enum colour colour, const json_t *value);

/* A time of the API, in local time with its age. */
void table_time(struct table *table, size_t column, const json_t *time);

/* A state, in its colour. */
void table_state(struct table *table, size_t column, const json_t *state);

void table_print(const struct table *table, const struct screen *screen);

#endif
