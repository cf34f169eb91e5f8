/* The `moved_out` object: the workshop is served by another machine. */
#include "common/config/parts.h"

#define TEXT_MAX 512

static const struct json_member members[] = {
    {.name = "to", .kind = JSON_KIND_TEXT, .required = true, .minimum = 1, .maximum = TEXT_MAX},
    {.name = "at", .kind = JSON_KIND_TEXT, .required = true, .minimum = 1, .maximum = TEXT_MAX},
    {.name = "id", .kind = JSON_KIND_TEXT, .required = true, .minimum = 1, .maximum = TEXT_MAX},
};

const struct json_table *
config_moved_out_table(void)
{
    static const struct json_table all = {members, sizeof members / sizeof *members};

    return &all;
}

void
config_moved_out_read(const struct workshop_config *workshop, const struct json_location *root)
{
    const struct json_location location = {root->file, "/moved_out", root->faults};
    const json_t *moved = json_object_get(workshop->document, "moved_out");

    if (json_is_object(moved))
        json_check_members(moved, members, sizeof members / sizeof *members, &location);
}

char *
config_moved_out(const json_t *document)
{
    const json_t *moved = json_object_get(document, "moved_out");
    const char *to = json_string_value(json_object_get(moved, "to")),
               *at = json_string_value(json_object_get(moved, "at"));

    return to && at ? mem_format("moved out to %s at %s: this machine no longer starts it; to take "
                                 "it back, run `pumplinectl move-in %s`",
                                 to, at, to)
                    : NULL;
}
