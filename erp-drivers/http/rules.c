/* The first rule that holds gives the reason. */
#include "erp-drivers/http/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"
#include "common/template/template.h"
#include "erp-drivers/http/condition.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/http/value.h"

#define HEADER_BYTES 1024
#define WAIT_MAX_S 86400
#define SEEN_MS 7200000 /* longer than any pause between two attempts */

/* All that a rule names must hold. What its texts ask for may not be in this reply: then the rule
 * is about another. */
static bool
rule_holds(struct attempt *a, const json_t *rule)
{
    const json_t *when = json_object_get(rule, "when");
    struct failure before = a->failure;
    char why[CONDITION_WHY_BYTES];
    bool holds;

    holds = condition_all(a, rule, why) == YES && (!when || condition_holds(a, when, why) == YES);
    a->failure = before;
    return holds;
}

/* Whether there is a session is a question only where there was one, and no order is refused in a
 * login. */
static bool
rule_counts(const struct attempt *a, const json_t *rule)
{
    const char *code = json_string_value(json_object_get(rule, "code"));

    return a->section != LOGIN ||
           (reason_find(code)->action != REASON_REJECT && strcmp(code, REASON_SESSION_LOST));
}

static int64_t
seconds_ms(const char *text)
{
    double seconds = text ? strtod(text, NULL) : 0;

    return seconds > 0 && seconds <= WAIT_MAX_S ? (int64_t)(1000 * seconds) : 0;
}

static int64_t
rule_wait_ms(const struct attempt *a, const json_t *rule)
{
    const char *name = json_string_value(json_object_get(rule, "wait_header"));
    const json_t *between = json_object_get(rule, "wait_between");
    char value[HEADER_BYTES], *text;
    int64_t wait_ms = a->reply.retry_after_ms;

    if (name && reply_header(&a->reply, name, value, sizeof value))
        wait_ms = seconds_ms(value);
    text = between ? reply_between(a->reply.body, between) : NULL;
    if (text)
        wait_ms = seconds_ms(text);
    free(text);
    return wait_ms;
}

/* Whether a rule that has to be seen twice was seen long enough ago: within SEEN_MS, as what was
 * seen once and is over says nothing. The clock may have begun anew since (another boot of the
 * machine); then less time has passed by it than in truth. */
static bool
is_seen_again(struct attempt *a, const json_t *rule, size_t index)
{
    int64_t after_ms = (int64_t)(1000 * json_number_value(json_object_get(rule, "twice_s")));
    const json_t *first;
    int64_t passed_ms;
    char key[24];

    snprintf(key, sizeof key, "%zu", index);
    first = json_object_get(a->session->seen, key);
    passed_ms = a->job->now_ms - json_integer_value(first);
    if (!first || passed_ms < 0 || passed_ms > after_ms + SEEN_MS) {
        json_object_set_new(a->session->seen, key, json_integer(a->job->now_ms));
        return false;
    }
    return passed_ms >= after_ms;
}

static enum result
fail_by_rule(struct attempt *a, const json_t *rule, size_t index)
{
    const char *code = json_string_value(json_object_get(rule, "code"));
    const json_t *own = json_object_get(rule, "words");
    char *words = own ? value_text(a, own) : NULL;

    if (!words)
        words = http_attempt_reply_words(a, "");
    if (json_object_get(rule, "twice_s") && !is_seen_again(a, rule, index))
        code = REASON_ERP_BUSY;
    http_attempt_fail(a, reason_find(code)->code, "%s", words);
    a->failure.retry_after_ms = rule_wait_ms(a, rule);
    template_free(words);
    return FAILED;
}

enum result
rules_check(struct attempt *a)
{
    const json_t *rule;
    size_t i;

    json_array_foreach(json_object_get(a->session->recipe, "errors"), i, rule)
    {
        if (rule_counts(a, rule) && rule_holds(a, rule))
            return fail_by_rule(a, rule, i);
    }
    return DONE;
}
