/* Reads the plan, runs the attempts, writes the report. */
#include "test/hostile/attempts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/err.h"

#define DIED 255 /* not an errno: the attempt's process was killed */

int
attempt_result(long result)
{
    return result < 0 ? errno : 0;
}

const char *
plan_text(const json_t *plan, const char *name)
{
    const char *text = json_string_value(json_object_get(plan, name));

    if (!text)
        die_abort("hostile.json has no %s", name);
    return text;
}

int
plan_number(const json_t *plan, const char *name)
{
    return (int)json_integer_value(json_object_get(plan, name));
}

/* A successful attempt may change or end the process, so each runs in a child if fork is possible.
 */
static int
run_apart(const struct attempt *attempt, const json_t *plan)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(attempt->run(plan));
    if (pid < 0)
        return attempt->run(plan);
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return DIED;
    return WEXITSTATUS(status);
}

static void
run_all(const struct attempt *attempts, size_t count, const json_t *plan, FILE *report)
{
    for (size_t i = 0; i < count; i++) {
        int number = run_apart(&attempts[i], plan);

        fprintf(report, "{\"attempt\": \"%s\", \"errno\": %d, \"error\": \"%s\"}\n",
                attempts[i].name, number, number ? strerrorname_np(number) ?: "none" : "");
        fflush(report);
    }
}

void
attempts_run(const char *folder)
{
    char *plan_path = mem_format("%s/hostile.json", folder);
    char *draft = mem_format("%s/findings.draft", folder);
    char *final = mem_format("%s/findings.jsonl", folder);
    json_t *plan = json_load_file(plan_path, 0, NULL);
    FILE *report = plan ? fopen(draft, "we") : NULL;

    if (report) {
        run_all(file_attempts, file_attempt_count, plan, report);
        run_all(network_attempts, network_attempt_count, plan, report);
        run_all(process_attempts, process_attempt_count, plan, report);
        if (fclose(report) || rename(draft, final))
            die_abort("no report");
    }
    json_decref(plan);
    free(plan_path);
    free(draft);
    free(final);
}
