/* Output of pumplinectl: events are the same however they are split; no control sequence or line
 * end gets through; no table is wider than the screen. */
#include <stdbool.h>
#include <wchar.h>

#include "common/http/sse.h"
#include "supervisor/ctl/term/table.h"
#include "supervisor/ctl/term/text.h"
#include "test/fuzz/fuzz.h"

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    text_init();
    return freopen("/dev/null", "w", stdout) ? 0 : -1;
}

/* --- events --- */

struct heard {
    unsigned events;
    char *all;
};

static void
hear(const char *name, const char *data, void *arg)
{
    struct heard *heard = arg;
    char *more = mem_format("%s%s|%s;", heard->all ? heard->all : "", name, data);

    free(heard->all);
    heard->all = more;
    heard->events++;
}

static struct heard
feed(const uint8_t *data, size_t size, size_t piece)
{
    struct heard heard = {.all = NULL};
    struct sse *sse = sse_new(hear, &heard);

    for (size_t at = 0; at < size; at += piece)
        REQUIRE(sse_feed(sse, (const char *)data + at, at + piece < size ? piece : size - at) == 0);
    sse_free(sse);
    return heard;
}

static void
events(const uint8_t *data, size_t size)
{
    struct heard whole = feed(data, size, size + 1), pieces = feed(data, size, 1);

    REQUIRE(whole.events == pieces.events);
    REQUIRE(!whole.events || strcmp(whole.all, pieces.all) == 0);
    free(whole.all);
    free(pieces.all);
}

/* --- text --- */

static bool
is_tame(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f ||
            ((unsigned char)*text == 0xc2 && (unsigned char)text[1] < 0xa0))
            return false;
    return true;
}

static void
escape(const char *text, size_t columns)
{
    char *escaped = text_escape(text), *again = text_escape(escaped),
         *cut = text_cut(escaped, columns), *at = text_time(text);

    REQUIRE(is_tame(escaped) && strcmp(escaped, again) == 0);
    REQUIRE(text_width(cut) <= columns && is_tame(cut));
    free(at);
    free(cut);
    free(again);
    free(escaped);
}

static const struct column columns[] = {{.title = "A", .flexible = true},
                                        {.title = "B", .right = true},
                                        {.title = "C", .optional = true}};

static void
show(const json_t *value, size_t width)
{
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    const struct screen screen = {.colour = true, .columns = width};
    json_t *member;
    size_t i;

    json_array_foreach(value, i, member)
    {
        table_row(table);
        table_json(table, 0, COLOUR_GOOD, member);
        table_state(table, 1, member);
        table_time(table, 2, member);
    }
    table_print(table, &screen);
    table_free(table);
}

static void
json(const char *text, size_t width)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL), *again;
    char *plain = value ? json_dumps(value, JSON_DECODE_ANY | JSON_INDENT(2)) : NULL,
         *escaped = plain ? text_escape_json(plain) : NULL, *line = text_of_json(value);

    if (escaped) {
        again = json_loads(escaped, JSON_DECODE_ANY, NULL);
        REQUIRE(json_equal(value, again));
        json_decref(again);
    }
    show(value, width);
    free(line);
    free(escaped);
    free(plain);
    json_decref(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned choice = take_choice(&data, &size);
    char *text;

    if (choice % 4 == 0) {
        events(data, size);
        return 0;
    }
    text = take_text(&data, &size, '\0');
    if (choice % 4 == 1)
        json(text, choice / 4);
    else
        escape(text, choice / 4);
    free(text);
    return 0;
}
