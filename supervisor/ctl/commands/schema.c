/* pumplinectl schema, pumplinectl recipe schema: for editors that check a file. Needs no daemon. */
#include <string.h>

#include "common/config/json_schema.h"
#include "common/recipe/json_schema.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

static int
show(json_t *schema)
{
    ctl_print_json(schema, true);
    json_decref(schema);
    return CTL_OK;
}

int
command_recipe_schema(struct ctl *ctl)
{
    (void)ctl;
    return show(recipe_json_schema());
}

int
command_schema(struct ctl *ctl)
{
    static const struct {
        const char *name;
        json_t *(*schema)(void);
    } files[] = {{"daemon", config_json_schema_daemon}, {"workshop", config_json_schema_workshop}};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(files[i].name, ctl->args[0]) == 0)
            return show(files[i].schema());
    text_complain("schema takes daemon or workshop");
    return CTL_USAGE;
}
