/* The layout of a table: widths, shrinking, colours. text.c escapes the cells. */
#include "supervisor/ctl/term/table.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/base/err.h"
#include "supervisor/ctl/term/text.h"

enum { GAP = 2, FLEXIBLE_MIN = 12, COLUMNS_MAX = 16, BELOW_MAX = 9, INDENT = 4 };

struct cell {
    char *text; /* owned; NULL: empty */
    enum colour colour;
};

struct table {
    const struct column *columns;
    size_t columns_count;
    struct cell *cells; /* rows_count * columns_count */
    size_t rows_count;
};

/* The layout of one printing. A width of 0 omits a column from the row. */
struct layout {
    size_t widths[COLUMNS_MAX];
    bool below[COLUMNS_MAX];
    const struct screen *screen;
};

static const char *const colour_codes[] = {
    [COLOUR_NONE] = "",         [COLOUR_BOLD] = "\033[1m", [COLOUR_GOOD] = "\033[32m",
    [COLOUR_BUSY] = "\033[33m", [COLOUR_BAD] = "\033[31m",
};

struct screen
screen_open(void)
{
    struct screen screen = {0};
    struct winsize size;
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    if (!isatty(STDOUT_FILENO))
        return screen;
    screen.colour = !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
    screen.columns = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        screen.columns = size.ws_col;
    return screen;
}

size_t
screen_lines(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

enum colour
table_state_colour(const char *state)
{
    static const struct {
        const char *state;
        enum colour colour;
    } states[] = {
        {"running", COLOUR_GOOD},    {"created", COLOUR_GOOD}, {"starting", COLOUR_BUSY},
        {"stopping", COLOUR_BUSY},   {"stopped", COLOUR_BUSY}, {"placed", COLOUR_BUSY},
        {"processing", COLOUR_BUSY}, {"backoff", COLOUR_BAD},  {"failed", COLOUR_BAD},
        {"parked", COLOUR_BAD},      {"error", COLOUR_BAD},
    };

    for (size_t i = 0; state && i < sizeof(states) / sizeof(states[0]); i++)
        if (strcmp(state, states[i].state) == 0)
            return states[i].colour;
    return COLOUR_NONE;
}

struct table *
table_new(const struct column *columns, size_t columns_count)
{
    struct table *table = mem_alloc(sizeof *table);

    if (columns_count > COLUMNS_MAX)
        abort();
    table->columns = columns;
    table->columns_count = columns_count;
    return table;
}

void
table_free(struct table *table)
{
    for (size_t i = 0; i < table->rows_count * table->columns_count; i++)
        free(table->cells[i].text);
    free(table->cells);
    free(table);
}

static struct cell *
cell_at(const struct table *table, size_t row, size_t column)
{
    return &table->cells[row * table->columns_count + column];
}

void
table_row(struct table *table)
{
    size_t rows = table->rows_count + 1;

    /* Doubling, so that a queue of a million orders is not copied a million times. */
    if ((table->rows_count & (table->rows_count - 1)) == 0) {
        size_t capacity = table->rows_count ? 2 * table->rows_count : 1;
        table->cells =
            mem_resize(table->cells, capacity * table->columns_count * sizeof(*table->cells));
    }
    memset(cell_at(table, rows - 1, 0), 0, table->columns_count * sizeof(*table->cells));
    table->rows_count = rows;
}

void
table_cell(struct table *table, size_t column, enum colour colour, const char *format, ...)
{
    struct cell *cell = cell_at(table, table->rows_count - 1, column);
    va_list args;

    va_start(args, format);
    char *raw = text_vformat(format, args);
    va_end(args);
    free(cell->text);
    cell->text = text_escape(raw);
    cell->colour = colour;
    free(raw);
}

void
table_json(struct table *table, size_t column, enum colour colour, const json_t *value)
{
    if (!value || json_is_null(value))
        return;
    char *text = text_of_json(value);

    table_cell(table, column, colour, "%s", text);
    free(text);
}

void
table_time(struct table *table, size_t column, const json_t *time)
{
    if (!json_is_string(time))
        return;
    char *text = text_time(json_string_value(time));

    table_cell(table, column, COLOUR_NONE, "%s", text);
    free(text);
}

void
table_state(struct table *table, size_t column, const json_t *state)
{
    table_json(table, column, table_state_colour(json_string_value(state)), state);
}

static size_t
column_width(const struct table *table, size_t column)
{
    const struct column *shape = &table->columns[column];
    size_t width = shape->title ? text_width(shape->title) : 1;
    bool used = !shape->optional;

    for (size_t row = 0; row < table->rows_count; row++) {
        const char *text = cell_at(table, row, column)->text;
        size_t cell_width = text ? text_width(text) : 1;

        used = used || text;
        if (cell_width > width)
            width = cell_width;
    }
    return used ? width : 0;
}

static size_t
total_width(const struct table *table, const struct layout *layout)
{
    size_t total = 0;

    for (size_t i = 0; i < table->columns_count; i++)
        if (layout->widths[i] > 0)
            total += layout->widths[i] + (total ? GAP : 0);
    return total;
}

static bool
is_narrow(const struct table *table, const struct layout *layout)
{
    return layout->screen->columns && total_width(table, layout) > layout->screen->columns;
}

static void
layout_drop_spare(const struct table *table, struct layout *layout)
{
    for (size_t i = table->columns_count; i-- > 0 && is_narrow(table, layout);)
        if (table->columns[i].spare)
            layout->widths[i] = 0;
}

/* Reduces the flexible columns, the widest first. */
static void
layout_shrink(const struct table *table, struct layout *layout)
{
    while (is_narrow(table, layout)) {
        size_t *widest = NULL;

        for (size_t i = 0; i < table->columns_count; i++)
            if (table->columns[i].flexible && (!widest || layout->widths[i] > *widest))
                widest = &layout->widths[i];
        if (!widest || *widest <= FLEXIBLE_MIN)
            return;
        --*widest;
    }
}

static void
layout_move_below(const struct table *table, struct layout *layout)
{
    for (int rank = 1; rank <= BELOW_MAX; rank++)
        for (size_t i = 0; i < table->columns_count && is_narrow(table, layout); i++)
            if (table->columns[i].below == rank && layout->widths[i] > 0) {
                layout->widths[i] = 0;
                layout->below[i] = true;
            }
}

/* A column that is never cut gets what the others leave. */
static void
layout_fit_whole(const struct table *table, struct layout *layout)
{
    for (size_t i = 0; i < table->columns_count; i++)
        while (table->columns[i].whole && layout->widths[i] > FLEXIBLE_MIN &&
               is_narrow(table, layout))
            layout->widths[i]--;
}

static void
print_padding(size_t columns)
{
    printf("%*s", (int)columns, "");
}

static void
print_cell(const struct screen *screen, enum colour colour, const char *text)
{
    if (screen->colour && colour != COLOUR_NONE)
        printf("%s%s\033[0m", colour_codes[colour], text);
    else
        fputs(text, stdout);
}

/* Prints one cell at column `start` of the screen and returns the column where its text ends. */
static size_t
print_column(const struct screen *screen, const struct column *shape, size_t width, size_t start,
             const struct cell *cell)
{
    if (screen->columns && start + width > screen->columns)
        width = screen->columns - start;
    char *text = shape->whole ? mem_string(cell->text ?: "-") : text_cut(cell->text ?: "-", width);
    size_t taken = text_width(text);

    if (shape->right && taken < width)
        print_padding(width - taken);
    print_cell(screen, cell->colour, text);
    free(text);
    return start + (shape->right && taken < width ? width : taken);
}

static void
print_row(const struct table *table, const struct layout *layout, const struct cell *cells)
{
    size_t at = 0, start = 0; /* padding is only printed before a cell, never at a line's end */

    for (size_t i = 0; i < table->columns_count; i++) {
        if (layout->widths[i] == 0)
            continue;
        if (layout->screen->columns && start + GAP >= layout->screen->columns)
            break;
        if (start && at + GAP > start) {
            putchar('\n');
            at = 0;
        }
        print_padding(start - at);
        at = print_column(layout->screen, &table->columns[i], layout->widths[i], start, &cells[i]);
        start += layout->widths[i] + GAP;
    }
    putchar('\n');
}

/* "reason text: …" on lines of their own, for the cells that did not fit into the row. */
static void
print_below(const struct table *table, const struct layout *layout, const struct cell *cells)
{
    for (size_t i = 0; i < table->columns_count; i++) {
        if (!layout->below[i] || !cells[i].text)
            continue;
        char *line = mem_format("%s: %s", table->columns[i].title, cells[i].text);

        for (char *c = line; *c != ':'; c++)
            *c = (char)tolower((unsigned char)*c);
        text_print_wrapped(line, INDENT, layout->screen->columns);
        free(line);
    }
}

static void
print_header(const struct table *table, const struct layout *layout)
{
    struct cell titles[COLUMNS_MAX] = {0};

    for (size_t i = 0; i < table->columns_count; i++)
        titles[i] = (struct cell){(char *)table->columns[i].title, COLOUR_BOLD};
    print_row(table, layout, titles);
}

void
table_print(const struct table *table, const struct screen *screen)
{
    struct layout layout = {.screen = screen};
    size_t rows = table->rows_count;

    for (size_t i = 0; i < table->columns_count; i++)
        layout.widths[i] = column_width(table, i);
    layout_drop_spare(table, &layout);
    layout_shrink(table, &layout);
    layout_move_below(table, &layout);
    layout_fit_whole(table, &layout);
    if (table->columns[0].title)
        print_header(table, &layout);
    if (screen->rows && screen->rows < rows)
        rows = screen->rows;
    for (size_t row = 0; row < rows; row++) {
        print_row(table, &layout, cell_at(table, row, 0));
        print_below(table, &layout, cell_at(table, row, 0));
    }
    if (rows < table->rows_count)
        printf("… and %zu more\n", table->rows_count - rows);
}
