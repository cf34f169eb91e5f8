/* What a worker that was taken over would try. Each attempt is one function and one line of the
 * report: {"attempt": NAME, "errno": NUMBER, "error": NAME of it}, 0 where it succeeded. */
#ifndef TEST_HOSTILE_ATTEMPTS_H
#define TEST_HOSTILE_ATTEMPTS_H

#include <jansson.h>
#include <stddef.h>

/* 0 where it succeeded, an errno where it was refused. plan: what to aim at, see test_sandbox.py.
 */
typedef int attempt_run(const json_t *plan);

struct attempt {
    const char *name;
    attempt_run *run;
};

extern const struct attempt file_attempts[], process_attempts[], network_attempts[];
extern const size_t file_attempt_count, process_attempt_count, network_attempt_count;

/* Runs all of them by FOLDER/hostile.json, each in a process of its own where one can be made, and
 * puts the report in FOLDER/findings.jsonl. Does nothing without a plan. */
void attempts_run(const char *folder);

/* errno where result says that the call failed. */
int attempt_result(long result);

const char *plan_text(const json_t *plan, const char *name);
int plan_number(const json_t *plan, const char *name);

#endif
