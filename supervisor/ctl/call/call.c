/* How a command talks to the daemon, and how replies and refusals are shown. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/err.h"
#include "supervisor/ctl/call/hint.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/net/client.h"
#include "supervisor/ctl/term/text.h"

#define INSTALLED_CONFIG "/etc/pumpline/pumpline.json"

char *
ctl_path(const struct ctl *ctl, const char *rest)
{
    char *workshop = client_encode(ctl->args[0]);
    char *path = mem_format("/workshops/%s%s%s", workshop, rest ? "/" : "", rest ? rest : "");

    free(workshop);
    return path;
}

char *
ctl_path_of_second(const struct ctl *ctl, const char *before, const char *after)
{
    char *second = client_encode(ctl->args[1]);
    char *rest = mem_format("%s%s%s", before, second, after);
    char *path = ctl_path(ctl, rest);

    free(rest);
    free(second);
    return path;
}

void
ctl_print_json(const json_t *reply, bool indented)
{
    char *text =
        json_dumps(reply, (indented ? JSON_INDENT(2) : JSON_COMPACT) | JSON_REAL_PRECISION(15));

    if (!text)
        abort();
    char *safe = text_escape_json(text);
    puts(safe);
    free(safe);
    free(text);
}

static void
print_fault(const json_t *fault)
{
    const char *file = json_string_value(json_object_get(fault, "file"))
                           ?: json_string_value(json_object_get(fault, "slug")) ?: "";
    const char *pointer = json_string_value(json_object_get(fault, "pointer")) ?: "";
    const char *detail = json_string_value(json_object_get(fault, "detail"));
    char *whole = text_of_json(fault);

    if (detail)
        text_complain("  %s%s%s%s%s", file, *file && *pointer ? " " : "", pointer,
                      *file || *pointer ? ": " : "", detail);
    else
        text_complain("  %s", whole);
    free(whole);
}

/* A bad configuration is refused with all its faults; each is printed on its own line. */
static void
print_faults(const json_t *problem)
{
    const char *name;
    json_t *member, *fault;
    size_t i;

    json_object_foreach((json_t *)problem, name, member)
    {
        json_array_foreach(member, i, fault)
        {
            if (json_is_object(fault))
                print_fault(fault);
        }
    }
}

/* One workshop's reply is printed; of several, it is kept for the one object at the end. A problem
 * names no workshop by itself. */
static void
give_json(const struct ctl *ctl, json_t *reply)
{
    if (!ctl->results) {
        ctl_print_json(reply, true);
        return;
    }
    if (!json_object_get(reply, "workshop"))
        json_object_set_new(reply, "workshop", json_string(ctl->args[0]));
    json_array_append(ctl->results, reply);
}

static void
print_problem(const struct ctl *ctl, int status, const json_t *problem)
{
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *code = json_string_value(json_object_get(problem, "code"));

    text_complain("%s%s%s%s%s (%s%s%d)", ctl->results ? ctl->args[0] : "", ctl->results ? ": " : "",
                  title ? title : "refused", detail ? ": " : "", detail ? detail : "",
                  code ? code : "", code ? ", " : "", status);
    print_faults(problem);
}

int
ctl_refused(const struct ctl *ctl, int status, json_t *problem)
{
    print_problem(ctl, status, problem);
    hint_print(ctl, problem);
    if (ctl->options[OPTION_JSON])
        give_json(ctl, problem);
    json_decref(problem);
    return CTL_REFUSED;
}

int
ctl_call(struct ctl *ctl, const char *method, char *path, const json_t *body, json_t **reply)
{
    int status = client_call(ctl->client, method, path, body, reply);

    free(path);
    if (status < 0) {
        text_complain("%s", client_error(ctl->client));
        return CTL_UNREACHED;
    }
    if (status < 400)
        return CTL_OK;
    json_t *problem = *reply;

    *reply = NULL;
    return ctl_refused(ctl, status, problem);
}

void
ctl_show(const struct ctl *ctl, json_t *reply,
         void (*print)(const struct ctl *ctl, const json_t *reply))
{
    if (ctl->options[OPTION_JSON])
        give_json(ctl, reply);
    else
        print(ctl, reply);
    json_decref(reply);
}

int
ctl_run(struct ctl *ctl, const char *method, char *path, json_t *body,
        void (*print)(const struct ctl *ctl, const json_t *reply))
{
    json_t *reply;
    int result = ctl_call(ctl, method, path, body, &reply);

    json_decref(body);
    if (result == CTL_OK)
        ctl_show(ctl, reply, print);
    return result;
}

const char *
ctl_workshop(const struct ctl *ctl, const json_t *reply)
{
    const char *name = json_string_value(json_object_get(reply, "workshop"));

    return name ? name : ctl->args[0];
}

const char *
ctl_config(const struct ctl *ctl)
{
    const char *given = ctl->options[OPTION_CONFIG];

    if (given || access(INSTALLED_CONFIG, F_OK) == 0)
        return given ? given : INSTALLED_CONFIG;
    text_complain("%s: %s; name the daemon's configuration with --config FILE", INSTALLED_CONFIG,
                  strerror(errno));
    return NULL;
}

char *
ctl_process_text(const json_t *reply)
{
    const char *process = json_string_value(json_object_get(reply, "process"));
    const char *error = json_string_value(json_object_get(reply, "last_error"));
    bool fails = process && (strcmp(process, "backoff") == 0 || strcmp(process, "failed") == 0);

    return mem_format("%s%s%s%s", process ? "; process " : "", process ?: "",
                      fails && error ? ": " : "", fails && error ? error : "");
}

long long
ctl_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

int
ctl_body_set(json_t *body, const char *name, const char *value)
{
    if (!value || json_object_set_new(body, name, json_string(value)) == 0)
        return CTL_OK;
    text_complain("%s is not valid UTF-8", name);
    return CTL_USAGE;
}
