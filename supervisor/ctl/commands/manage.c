/* The commands that add, change and remove integrations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "supervisor/ctl/commands/document.h"
#include "supervisor/ctl/commands/test.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/term/text.h"

static void
print_configuration(const struct ctl *ctl, const json_t *reply)
{
    const json_t *configuration = json_object_get(reply, "configuration");

    (void)ctl;
    ctl_print_json(json_is_object(configuration) ? configuration : reply, true); /* its faults */
}

int
command_show(struct ctl *ctl)
{
    return ctl_run(ctl, "GET", ctl_path(ctl, NULL), NULL, print_configuration);
}

/* ---- add ---- */

/* To be freed. */
static char *
workshop_path(const char *workshop, const char *rest)
{
    char *encoded = client_encode(workshop);
    char *path = mem_format("/workshops/%s%s", encoded, rest);

    free(encoded);
    return path;
}

/* The workshop's name for the path; NULL after reporting that none is given. The daemon makes a
 * slug from a name that is new to it. To be freed. */
static char *
workshop_to_add(const struct ctl *ctl, const char *file, const json_t *document)
{
    const char *name = json_string_value(json_object_get(document, "workshop"));
    char *slug = NULL;

    if (ctl->options[OPTION_SLUG])
        return mem_string(ctl->options[OPTION_SLUG]);
    if (ctl->args_count == 2)
        return mem_string(ctl->args[0]);
    if (strcmp(file, "-") != 0)
        slug = slug_of_file(file);
    if (slug || (name && *name))
        return slug ? slug : mem_string(name);
    text_complain("the document has no \"workshop\" member");
    return NULL;
}

static void
print_added(const struct ctl *ctl, const json_t *reply)
{
    const char *slug = json_string_value(json_object_get(reply, "slug"));
    bool created = json_is_true(json_object_get(reply, "created"));
    char *process;

    if (json_is_true(json_object_get(reply, "dry_run"))) {
        text_say("%s: valid; would be %s", ctl_workshop(ctl, reply),
                 created                                           ? "created"
                 : json_is_true(json_object_get(reply, "changed")) ? "changed"
                                                                   : "left as it is");
        return;
    }
    process = ctl_process_text(reply);
    text_say(created ? "%s: created as %s%s" : "%s (%s): changed%s", ctl_workshop(ctl, reply),
             slug ?: "?", process);
    free(process);
}

int
command_add(struct ctl *ctl)
{
    const char *file = ctl->args[ctl->args_count - 1];
    json_t *document;

    if (ctl->args_count == 2 && ctl->options[OPTION_SLUG]) {
        text_complain("add accepts WORKSHOP or --slug, not both");
        return CTL_USAGE;
    }
    document = document_read(file);
    if (!document)
        return CTL_USAGE;
    char *workshop = workshop_to_add(ctl, file, document);

    if (!workshop) {
        json_decref(document);
        return CTL_USAGE;
    }
    int result = ctl_run(
        ctl, "PUT", workshop_path(workshop, ctl->options[OPTION_DRY_RUN] ? "?dry_run=true" : ""),
        document, print_added);

    if (result == CTL_OK && !ctl->options[OPTION_DRY_RUN])
        test_warn(ctl, workshop);
    free(workshop);
    return result;
}

/* ---- remove, rekey ---- */

static void
print_removed(const struct ctl *ctl, const json_t *reply)
{
    const char *kept = json_string_value(json_object_get(reply, "queue_kept"));
    long long waiting = ctl_number(reply, "waiting");

    text_say("%s: removed", ctl_workshop(ctl, reply));
    if (json_is_null(json_object_get(reply, "waiting")))
        text_say("the number of waiting orders is unknown");
    else if (waiting > 0)
        text_say("%lld order%s still in its queue", waiting, plural(waiting));
    if (kept)
        text_say("its queue is kept in %s", kept);
}

int
command_remove(struct ctl *ctl)
{
    char *path = workshop_path(ctl->args[0], ctl->options[OPTION_FORCE] ? "?force=true" : "");

    return ctl_run(ctl, "DELETE", path, NULL, print_removed);
}

static void
print_rekeyed(const struct ctl *ctl, const json_t *reply)
{
    long long count = ctl_number(reply, "rekeyed");

    (void)ctl;
    text_say("the new master key is in use; %lld workshop%s resealed (removed ones "
             "included)",
             count, plural((long long)count));
}

int
command_rekey(struct ctl *ctl)
{
    client_set_timeout(ctl->client, 0);
    return ctl_run(ctl, "PUT", mem_string("/rekey"), NULL, print_rekeyed);
}
