/* One command for several workshops, in turn: those that were named, or `all`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/text.h"

struct targets {
    const char **words;
    size_t count;
};

static bool
is_all(const struct ctl *ctl)
{
    return ctl->args_count == 1 && strcmp(ctl->args[0], "all") == 0;
}

/* An inactive workshop has no process: of `all`, only activate and deactivate concern it. */
static bool
concerns(const struct ctl *ctl, const json_t *integration)
{
    const struct put *put = &ctl->command->put;

    return (put->was && strcmp(put->was, "was_active") == 0) ||
           !json_is_false(json_object_get(integration, "active"));
}

/* `all` never means a workshop that happens to have this name. */
static int
check_name(const json_t *integration)
{
    const char *slug = json_string_value(json_object_get(integration, "slug"));
    const char *name = json_string_value(json_object_get(integration, "workshop"));

    if ((!slug || strcmp(slug, "all")) && (!name || strcmp(name, "all")))
        return CTL_OK;
    text_complain("one workshop is called \"all\": name the workshops instead");
    return CTL_USAGE;
}

/* Those that `all` stands for: their slugs, which health owns. */
static int
collect_all(const struct ctl *ctl, const json_t *health, struct targets *targets)
{
    const json_t *integrations = json_object_get(health, "integrations");
    int result = CTL_OK;
    size_t i;
    json_t *one;

    targets->words = mem_alloc((json_array_size(integrations) + 1) * sizeof *targets->words);
    json_array_foreach(integrations, i, one)
    {
        const char *slug = json_string_value(json_object_get(one, "slug"));

        if (result == CTL_OK)
            result = check_name(one);
        if (slug && concerns(ctl, one))
            targets->words[targets->count++] = slug;
    }
    return result;
}

static char *
target_text(const struct ctl *ctl, const struct targets *targets)
{
    char *text, *longer;

    if (is_all(ctl))
        return mem_format("all %zu workshop%s", targets->count, plural((long long)targets->count));
    text = mem_string(ctl->args[0]);
    for (size_t i = 1; i < targets->count; i++) {
        longer = mem_format("%s, %s", text, targets->words[i]);
        free(text);
        text = longer;
    }
    return text;
}

bool
ctl_confirm(const struct ctl *ctl, const char *question)
{
    char answer[8] = "", *safe;

    if (ctl->options[OPTION_YES] || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
        return true;
    safe = text_escape(question);
    fprintf(stderr, "%s? [y/N] ", safe);
    free(safe);
    if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y')) {
        text_complain("nothing was changed");
        return false;
    }
    return true;
}

static bool
is_confirmed(const struct ctl *ctl, const struct targets *targets)
{
    char *text, *question;
    bool confirmed;

    if (!ctl->command->ask || !targets->count)
        return true;
    text = target_text(ctl, targets);
    question = mem_format("%s: %s", ctl->command->ask, text);
    confirmed = ctl_confirm(ctl, question);
    free(question);
    free(text);
    return confirmed;
}

static int
run_each(struct ctl *ctl, const struct targets *targets, int (*run)(struct ctl *one))
{
    int worst = CTL_OK, result = CTL_OK;

    for (size_t i = 0; i < targets->count && result != CTL_UNREACHED; i++) {
        struct ctl one = *ctl;

        one.args = &targets->words[i];
        one.args_count = 1;
        result = run(&one);
        worst = result > worst ? result : worst;
    }
    return worst;
}

/* `all` is several, even if there is but one: a script gets the same shape. */
static int
run_several(struct ctl *ctl, const struct targets *targets, int (*run)(struct ctl *one))
{
    ctl->results = json_array();
    int result = run_each(ctl, targets, run);

    if (ctl->options[OPTION_JSON]) {
        json_t *whole = json_pack("{sO}", "workshops", ctl->results);

        ctl_print_json(whole, true);
        json_decref(whole);
    } else if (targets->count == 0) {
        text_say("no workshop is active");
    }
    json_decref(ctl->results);
    ctl->results = NULL;
    return result;
}

static int
run_targets(struct ctl *ctl, const struct targets *targets, int (*run)(struct ctl *one))
{
    if (!is_confirmed(ctl, targets))
        return CTL_REFUSED;
    return is_all(ctl) || targets->count > 1 ? run_several(ctl, targets, run)
                                             : run_each(ctl, targets, run);
}

int
ctl_each(struct ctl *ctl, int (*run)(struct ctl *one))
{
    struct targets targets = {(const char **)ctl->args, ctl->args_count};
    json_t *health;
    int result;

    if (!is_all(ctl))
        return run_targets(ctl, &targets, run);
    result = ctl_call(ctl, "GET", mem_string("/health"), NULL, &health);
    if (result != CTL_OK)
        return result;
    targets = (struct targets){0};
    result = collect_all(ctl, health, &targets);
    if (result == CTL_OK)
        result = run_targets(ctl, &targets, run);
    free(targets.words);
    json_decref(health);
    return result;
}
