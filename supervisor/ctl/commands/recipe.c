/* pumplinectl recipe: needs no daemon. The dry run is done by the worker program, which has the
 * drivers. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/recipe/recipe.h"
#include "supervisor/ctl/commands/document.h"
#include "supervisor/ctl/ctl.h"
#include "supervisor/ctl/term/input.h"
#include "supervisor/ctl/term/text.h"

#define DEFAULT_FOLDER "recipe-run"

/* --- check --- */

static void
print_sound(const struct ctl *ctl, const json_t *reply)
{
    const json_t *note;
    size_t i;

    text_say("%s: valid", ctl->args[0]);
    json_array_foreach(json_object_get(reply, "notes"), i, note)
    {
        text_say("%s: note: %s", ctl->args[0], json_string_value(note));
    }
}

static void
print_faults(const struct ctl *ctl, const json_t *reply)
{
    const json_t *fault;
    size_t i;

    (void)ctl;
    json_array_foreach(json_object_get(reply, "faults"), i, fault)
    {
        const char *pointer = json_string_value(json_object_get(fault, "pointer"));
        char position[64] = "";

        if (json_object_get(fault, "line"))
            snprintf(position, sizeof position, ":%lld:%lld",
                     (long long)json_integer_value(json_object_get(fault, "line")),
                     (long long)json_integer_value(json_object_get(fault, "column")));
        text_say("%s%s: %s%s%s", json_string_value(json_object_get(fault, "file")), position,
                 pointer, *pointer ? ": " : "",
                 json_string_value(json_object_get(fault, "detail")));
    }
}

int
command_recipe_check(struct ctl *ctl)
{
    json_t *report = recipe_report(ctl->args[0]);
    bool sound = json_is_true(json_object_get(report, "sound"));

    ctl_show(ctl, report, sound ? print_sound : print_faults);
    return sound ? CTL_OK : CTL_REFUSED;
}

/* --- run --- */

/* A JSON object, or a file that contains one. */
static json_t *
read_order(const char *text)
{
    json_t *order = *text == '{' ? json_loads(text, 0, NULL) : document_read(text);
    char *uniqueid;

    if (!json_is_object(order)) {
        text_complain("--order requires a JSON object {\"worksheet\": …, \"product_nr\": …, "
                      "\"product_amount\": …}, or a file that holds one");
        json_decref(order);
        return NULL;
    }
    if (!json_object_get(order, "uniqueid")) {
        uniqueid = uniqueid_new();
        json_object_set_new(order, "uniqueid", json_string(uniqueid));
        free(uniqueid);
    }
    return order;
}

static const char *
option_or(const struct ctl *ctl, enum ctl_option option, const char *otherwise)
{
    return ctl->options[option] ? ctl->options[option] : otherwise;
}

/* The user to log in as, if not the configured one. */
static int
add_user(const struct ctl *ctl, json_t *request)
{
    char *password;

    if (!ctl->options[OPTION_USERNAME])
        return CTL_OK;
    password = password_read(ctl->options[OPTION_PASSWORD_FILE]);
    if (!password)
        return CTL_USAGE;
    json_object_set_new(request, "username", json_string(ctl->options[OPTION_USERNAME]));
    json_object_set_new(request, "password", json_string(password));
    secret_free(password);
    return CTL_OK;
}

static json_t *
request_new(const struct ctl *ctl)
{
    const char *config;
    char path[PATH_MAX];
    json_t *order, *request;

    if (!realpath(ctl->args[0], path)) {
        text_complain("%s: %s", ctl->args[0], strerror(errno));
        return NULL;
    }
    config = ctl_config(ctl);
    order = config ? read_order(ctl->options[OPTION_ORDER]) : NULL;
    if (!order)
        return NULL;
    request = json_pack("{s:s s:s s:s s:o s:s s:s s:b}", "config", config, "workshop",
                        ctl->options[OPTION_WORKSHOP], "recipe", path, "order", order, "folder",
                        option_or(ctl, OPTION_FOLDER, DEFAULT_FOLDER), "until",
                        option_or(ctl, OPTION_UNTIL, "create"), "show",
                        ctl->options[OPTION_SHOW] != NULL);
    if (!request || add_user(ctl, request) != CTL_OK) {
        json_decref(request);
        return NULL;
    }
    return request;
}

/* Relative to bin or sbin, and to a build folder. */
static int
find_worker(char *path)
{
    static const char *const folders[] = {"../lib/pumpline", "."};
    char program[PATH_MAX] = "";

    if (readlink("/proc/self/exe", program, sizeof program - 1) <= 0)
        return -1;
    dirname(program);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, 2UL * PATH_MAX, "%s/%s/pumpline-worker", program, folders[i]);
        if (access(path, X_OK) == 0)
            return 0;
    }
    text_complain("cannot find pumpline-worker: it is not installed beside this program");
    return -1;
}

/* The request goes through a pipe: it may contain a password. */
static void
send_request(int to, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    FILE *pipe_end = fdopen(to, "w");

    if (!text || !pipe_end)
        abort();
    setvbuf(pipe_end, NULL, _IONBF, 0);
    fputs(text, pipe_end);
    fclose(pipe_end);
    explicit_bzero(text, strlen(text));
    free(text);
}

static int
run_worker(const char *path, const json_t *request)
{
    int ends[2], status;
    pid_t pid;

    if (pipe(ends) || (pid = fork()) < 0) {
        text_complain("cannot start a process: %s", strerror(errno));
        return CTL_REFUSED;
    }
    if (pid == 0) {
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(path, path, "--recipe-run", (char *)NULL);
        _exit(127);
    }
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* from the terminal: the worker gets it too, and closes the browser */
    send_request(ends[1], request);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CTL_OK : CTL_REFUSED;
}

/* What an API's run has left in its folder, which is the workshop's user's, as a file of whoever
 * runs this. */
static int
keep_record(const struct ctl *ctl)
{
    char *path = mem_format("%s/dialogue.json", option_or(ctl, OPTION_FOLDER, DEFAULT_FOLDER));
    json_error_t error;
    json_t *dialogue = json_load_file(path, 0, &error);
    int result = CTL_OK;

    if (!dialogue) {
        text_complain("--record: %s: %s", path, error.text);
        result = CTL_REFUSED;
    } else if (json_dump_file(dialogue, ctl->options[OPTION_RECORD], JSON_INDENT(1))) {
        text_complain("--record: cannot write %s: %s", ctl->options[OPTION_RECORD],
                      strerror(errno));
        result = CTL_REFUSED;
    }
    json_decref(dialogue);
    free(path);
    return result;
}

int
command_recipe_run(struct ctl *ctl)
{
    char path[2 * PATH_MAX];
    json_t *request;
    int result;

    if (strcmp(option_or(ctl, OPTION_UNTIL, "end"), "end") &&
        strcmp(ctl->options[OPTION_UNTIL], "commit")) {
        text_complain("--until accepts commit or end");
        return CTL_USAGE;
    }
    request = request_new(ctl);
    if (!request)
        return CTL_USAGE;
    fflush(stdout);
    result = find_worker(path) ? CTL_REFUSED : run_worker(path, request);
    json_decref(request);
    if (ctl->options[OPTION_RECORD] && keep_record(ctl) != CTL_OK)
        result = CTL_REFUSED;
    return result;
}

/* --- test --- */

/* The worker program's, which has the drivers. */
int
command_recipe_test(struct ctl *ctl)
{
    char path[2 * PATH_MAX], **arguments;

    if (find_worker(path))
        return CTL_REFUSED;
    arguments = mem_alloc((ctl->args_count + 3) * sizeof *arguments);
    arguments[0] = path;
    arguments[1] = (char *)"--recipe-test";
    for (size_t i = 0; i < ctl->args_count; i++)
        arguments[i + 2] = (char *)ctl->args[i];
    execv(path, arguments);
    text_complain("cannot start %s: %s", path, strerror(errno));
    free(arguments);
    return CTL_REFUSED;
}
