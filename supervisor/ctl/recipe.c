/* pumplinectl recipe check: no daemon is asked. */
#include <string.h>

#include "common/recipe.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/text.h"

static void
print_sound(const struct ctl *ctl, const json_t *reply)
{
    (void)reply;
    text_say("%s: sound", ctl->args[1]);
}

static void
print_faults(const struct ctl *ctl, const json_t *reply)
{
    const json_t *fault;
    size_t i;

    (void)ctl;
    json_array_foreach(json_object_get(reply, "faults"), i, fault)
    {
        text_say("%s: %s%s%s", json_string_value(json_object_get(fault, "file")),
                 json_string_value(json_object_get(fault, "pointer")),
                 *json_string_value(json_object_get(fault, "pointer")) ? ": " : "",
                 json_string_value(json_object_get(fault, "detail")));
    }
}

static int
check_file(struct ctl *ctl)
{
    struct config_faults faults = {NULL, 0};
    json_t *recipe = recipe_read(ctl->args[1], &faults);

    ctl_show(ctl,
             json_pack("{s:s s:b s:o}", "file", ctl->args[1], "sound", recipe != NULL, "faults",
                       config_faults_json(&faults)),
             recipe ? print_sound : print_faults);
    config_faults_clear(&faults);
    json_decref(recipe);
    return recipe ? CTL_OK : CTL_REFUSED;
}

int
command_recipe(struct ctl *ctl)
{
    if (strcmp(ctl->args[0], "check") == 0)
        return check_file(ctl);
    text_complain("usage: pumplinectl recipe %s", ctl->command->usage);
    return CTL_USAGE;
}
