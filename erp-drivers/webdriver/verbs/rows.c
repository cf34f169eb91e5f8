/* The verbs of rows and lists, and what they show of our line. */
#include "common/order/reason.h"
#include "erp-drivers/webdriver/verbs/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "erp-drivers/webdriver/page.h"
#include "erp-drivers/webdriver/values.h"

#define READ_MAX 5 /* references; more lines of one id need not be listed */
#define ROW_BYTES 160

/* --- several lines of one id --- */

/* It is unknown which of them is the order's, so a person has to delete the others, and needs their
 * references. The section is run once for each of them, since a row's steps may leave the page that
 * shows the others. */

/* Whether these rows of an each are lines of our id: then it handles only the first whose reference
 * is not known yet. An each nested in a row's steps is about that row. */
static bool
duplicates_are(struct attempt *a, const json_t *each, size_t count)
{
    bool looks = a->section == LOOKUP || a->section == VERIFY;

    if (count < 2 || a->duplicate_rows || !looks || !recipe_each_is_of_id(a->browser->recipe, each))
        return false;
    a->duplicate_rows = count;
    return true;
}

/* "558/1, 558/3 and 559/1" */
static void
list_references(const struct attempt *a, char *text, size_t size)
{
    size_t count = json_array_size(a->duplicates), used = 0;
    const json_t *reference;
    size_t i;

    *text = '\0';
    json_array_foreach(a->duplicates, i, reference)
    {
        const char *glue = !i ? "" : i + 1 == count && count == a->duplicate_rows ? " and " : ", ";

        if (used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", glue,
                                     json_string_value(reference));
    }
    if (count < a->duplicate_rows && used < size)
        snprintf(text + used, size - used, " and %zu more", a->duplicate_rows - count);
}

/* attempt.found is one of them. DONE: on to the next; FAILED: all are known. */
static enum result
duplicates_add(struct attempt *a)
{
    char references[2 * ORDER_REFERENCE_MAX];
    size_t wanted = a->duplicate_rows < READ_MAX ? a->duplicate_rows : READ_MAX;

    json_array_append_new(a->duplicates, json_string(a->engine.found.reference));
    found_clear(&a->engine.found);
    if (json_array_size(a->duplicates) < wanted) {
        attempt_section_again(a);
        return DONE;
    }
    list_references(a, references, sizeof references);
    if (a->duplicate_rows == 2)
        return attempt_fail(a, REASON_OUTCOME_UNKNOWN,
                            "the line exists twice: %s; delete one, then retry", references);
    return attempt_fail(a, REASON_OUTCOME_UNKNOWN,
                        "the line exists %zu times: %s; delete all but one, then retry",
                        a->duplicate_rows, references);
}

enum result
duplicates_end(struct attempt *a)
{
    bool unsaid = a->duplicate_rows || json_array_size(a->duplicates);

    if (!unsaid || a->engine.found.is)
        return DONE;
    return attempt_fail(a, REASON_UI_CHANGED, "%zu rows match, expected one",
                        a->duplicate_rows > 1 ? a->duplicate_rows
                                              : json_array_size(a->duplicates) + 1);
}

/* --- rows --- */

static enum result
enter_rows(struct attempt *a, const json_t *answer, bool duplicates)
{
    size_t first = duplicates ? json_array_size(a->duplicates) : 0;
    json_t *rows = json_object_get(answer, "rows"), *row = json_array_get(rows, first);
    const char *element = wire_element(json_array_get(json_object_get(answer, "elements"), first));
    const json_t *step = a->step.json;
    struct level *level;
    char number[24];

    if (!json_is_integer(row) || !element)
        return attempt_fail(a, NULL, "unexpected answer from the page");
    if (!json_array_size(member(a, "do")))
        return DONE;
    level = levels_push(&a->engine.levels, member(a, "do"), "do", false);
    level->loop = step;
    level->rows = duplicates ? json_pack("[O]", row) : json_incref(rows);
    level->element = mem_string(element);
    snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(row));
    values_set(a, "row", number);
    return DONE;
}

enum result
verb_each(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *rows;
    enum result result;
    size_t count;
    bool duplicates;

    if (!reply)
        return page_ask_rows(a, a->step.json, attempt_row(a));
    result = page_take_yes(a, reply);
    if (result != DONE)
        return result;
    rows = json_object_get(reply->value, "rows");
    if (!json_is_array(rows)) /* not the same as none: that could mean that nothing is billed yet */
        return attempt_again(a, "unexpected answer from the page");
    count = json_array_size(rows);
    if (!count && a->job->now_ms < a->step.until_ms)
        return attempt_again(a, "no row matches");
    if (!count && !member(a, "none"))
        return attempt_fail(a, NULL, "no row matches");
    duplicates = duplicates_are(a, a->step.json, count);
    if (count > 1 && !duplicates && !json_is_false(member(a, "only")))
        return attempt_fail(a, REASON_UI_CHANGED, "%zu rows match, expected one", count);
    if (count)
        return enter_rows(a, reply->value, duplicates);
    levels_push(&a->engine.levels, member(a, "none"), "none", false);
    return DONE;
}

/* --- our line --- */

enum result
verb_found(struct attempt *a, const struct wire_reply *reply)
{
    (void)reply;
    if (!engine_found(&a->engine, a->step.json))
        return FAILED;
    if (a->duplicate_rows)
        return duplicates_add(a);
    return engine_found_take(&a->engine, a->step.json) ? DONE : FAILED;
}

enum result
verb_known(struct attempt *a, const struct wire_reply *reply)
{
    (void)reply;
    return engine_known(&a->engine, a->step.json) ? DONE : FAILED;
}

/* --- lists --- */

enum result
verb_list(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *rows;
    enum result result;
    char *text;

    if (!reply)
        return page_ask_rows(a, a->step.json, attempt_row(a));
    result = page_take_yes(a, reply);
    if (result != DONE)
        return result;
    rows = json_object_get(reply->value, "value");
    text = json_is_array(rows) ? json_dumps(rows, JSON_COMPACT) : NULL;
    if (!text)
        return attempt_again(a, "unexpected answer from the page");
    values_set(a, json_string_value(member(a, "into")), text);
    free(text);
    return DONE;
}

/* --- comparing before and after --- */

/* As many cells as there is room for: a page may have any number. */
static void
row_text(const json_t *row, char text[ROW_BYTES])
{
    char joined[2 * ROW_BYTES] = "";
    const json_t *cell;
    size_t i, used = 0;

    json_array_foreach(row, i, cell)
    {
        const char *message = json_string_value(cell);

        if (used >= ROW_BYTES)
            break;
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", i ? " | " : "",
                                 message ? message : "");
    }
    text_copy(text, ROW_BYTES, joined);
}

/* The first row that has changed; false: none has. */
static bool
find_change(const json_t *before, const json_t *after, char *message, size_t size)
{
    size_t i = 0, had = json_array_size(before), has = json_array_size(after);
    char was[ROW_BYTES], is[ROW_BYTES];

    while (i < had && i < has && json_equal(json_array_get(before, i), json_array_get(after, i)))
        i++;
    row_text(json_array_get(before, i), was);
    row_text(json_array_get(after, i), is);
    if (i < had && i < has)
        snprintf(message, size, "row %zu was \"%s\" and is \"%s\"", i + 1, was, is);
    else if (i < had)
        snprintf(message, size, "row %zu, \"%s\", is gone", i + 1, was);
    else if (i < has)
        snprintf(message, size, "row %zu, \"%s\", is new", i + 1, is);
    return i < had || i < has;
}

/* Texts that are not lists are compared as they are. */
static bool
texts_differ(const char *before, const char *after, char *message, size_t size)
{
    json_t *one = json_loads(before, 0, NULL), *other = json_loads(after, 0, NULL);
    bool differ = strcmp(before, after) != 0;

    if (json_is_array(one) && json_is_array(other))
        differ = find_change(one, other, message, size);
    else if (differ)
        snprintf(message, size, "\"%.*s\" has become \"%.*s\"", ROW_BYTES, before, ROW_BYTES,
                 after);
    json_decref(one);
    json_decref(other);
    return differ;
}

/* Before the commit nothing is stored. After it the line may exist, and must not be lost: the
 * change is reported together with it (failure_compare). Takes over words. */
static enum result
take_change(struct attempt *a, char *message)
{
    if (a->job->auth)
        secret_mask(message, a->job->auth->password);
    text_copy(a->step.why, sizeof a->step.why, message);
    if (!a->committed)
        attempt_fail(a, REASON_ERP_REJECTED, "%s", message);
    else if (!*a->changed)
        text_copy(a->changed, sizeof a->changed, message);
    template_free(message);
    return a->committed ? DONE : FAILED;
}

static enum result
compare(struct attempt *a, const char *before, const char *after)
{
    const json_t *message = member(a, "words");
    char change[3 * ROW_BYTES], *own;
    enum result result;

    a->step.holds = !texts_differ(before, after, change, sizeof change);
    if (a->step.holds)
        return DONE;
    own = message ? values_text(a, message) : mem_string("other lines have changed");
    if (!own)
        return FAILED;
    result = take_change(a, mem_format("%s: %s", own, change));
    template_free(own);
    return result;
}

enum result
verb_unchanged(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *pair = member(a, "unchanged");
    char *before = values_text(a, json_array_get(pair, 0));
    char *after = before ? values_text(a, json_array_get(pair, 1)) : NULL;
    enum result result = after ? compare(a, before, after) : FAILED;

    (void)reply;
    template_free(before);
    template_free(after);
    return result;
}
