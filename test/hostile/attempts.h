/* Attempts of a compromised worker. Each is one function and one line of the report: {"attempt":
 * NAME, "errno": NUMBER, "error": NAME of it}, 0 if it succeeded. */
#ifndef TEST_HOSTILE_ATTEMPTS_H
#define TEST_HOSTILE_ATTEMPTS_H

#include <jansson.h>
#include <stddef.h>

/* Returns 0 on success, or the errno of the refusal. plan: the targets, see test_sandbox.py. */
typedef int attempt_run(const json_t *plan);

struct attempt {
    const char *name;
    attempt_run *run;
};

extern const struct attempt file_attempts[], process_attempts[], network_attempts[];
extern const size_t file_attempt_count, process_attempt_count, network_attempt_count;

/* Runs all attempts of FOLDER/hostile.json, each in its own process if possible, and writes the
 * report to FOLDER/findings.jsonl. Does nothing without a plan. */
void attempts_run(const char *folder);

/* errno if result is a failure. */
int attempt_result(long result);

const char *plan_text(const json_t *plan, const char *name);
int plan_number(const json_t *plan, const char *name);

#endif
