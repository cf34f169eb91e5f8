/* Columns that a person likes to read: aligned by display width, header in bold and states in
 * colour where the screen has colours, cut to its width where it has one. */
#ifndef SUPERVISOR_CTL_TERM_TABLE_H
#define SUPERVISOR_CTL_TERM_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct screen {
    bool colour;
    size_t columns; /* 0: not a terminal, nothing is cut */
    size_t rows;    /* of a table at most; 0: all, for what is cut can be scrolled back to */
};

enum colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_GOOD, COLOUR_BUSY, COLOUR_BAD };

struct column {
    const char *title; /* NULL in the first column: the table has no header */
    bool right;        /* numbers */
    bool flexible;     /* gives up its width first where the screen is narrow */
    bool optional;     /* left out where no row has anything in it */
};

struct table;

/* Stdout as it is: a terminal or not, how wide, and whether NO_COLOR or TERM=dumb forbid colours.
 */
struct screen screen_open(void);

/* The terminal's height, for one whose screen is drawn anew each time. */
size_t screen_lines(void);

/* The colour of a process's, a worker's or an order's state; COLOUR_NONE for any other word or
 * NULL. */
enum colour table_state_colour(const char *state);

/* columns must outlive the table. */
struct table *table_new(const struct column *columns, size_t columns_count);
void table_free(struct table *table);

/* Starts the next row; its cells are "-" until they are set. */
void table_row(struct table *table);

/* Sets a cell of the row begun last. The text is escaped here. */
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
