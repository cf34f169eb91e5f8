/* The command that asks the ERP about a worksheet before pumping. */
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/term/text.h"

/* Adds "?NAME=VALUE" or "&NAME=VALUE"; takes over path. */
static char *
with_parameter(char *path, const char *name, const char *value)
{
    char *encoded, *longer;

    if (!value)
        return path;
    encoded = client_encode(value);
    longer = mem_format("%s%c%s=%s", path, strchr(path, '?') ? '&' : '?', name, encoded);
    free(encoded);
    free(path);
    return longer;
}

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static void
put_line(struct table *table, const char *label, const char *state, const char *words,
         const char *more)
{
    table_row(table);
    table_cell(table, 0, COLOUR_BOLD, "%s", label);
    table_cell(table, 1, COLOUR_NONE, "%s", state);
    table_cell(table, 2, COLOUR_NONE, "%s%s%s", words, *words && *more ? ", " : "", more);
}

static void
print_worksheet(const struct ctl *ctl, const json_t *reply)
{
    static const struct column columns[] = {{0}, {0}, {0}};
    const json_t *product = json_object_get(reply, "product"),
                 *amount = json_object_get(reply, "amount");
    struct screen uncut = {.colour = ctl->screen.colour};
    struct table *table = table_new(columns, 3);

    put_line(table, "worksheet", text_of(reply, "state"), text_of(reply, "title"),
             text_of(reply, "text"));
    if (json_is_object(product))
        put_line(table, "product", text_of(product, "state"), text_of(product, "name"),
                 text_of(product, "unit"));
    if (json_is_object(amount))
        put_line(table, "amount", text_of(amount, "state"), text_of(amount, "text"), "");
    table_print(table, &uncut);
    table_free(table);
}

int
command_check_worksheet(struct ctl *ctl)
{
    char *worksheet = client_encode(ctl->args[1]);
    char *rest = mem_format("worksheets/%s", worksheet), *path;

    rest = with_parameter(rest, "product_nr", ctl->options[OPTION_PRODUCT]);
    rest = with_parameter(rest, "product_amount", ctl->options[OPTION_AMOUNT]);
    path = ctl_path(ctl, rest);
    free(rest);
    free(worksheet);
    return ctl_run(ctl, "GET", path, NULL, print_worksheet);
}
