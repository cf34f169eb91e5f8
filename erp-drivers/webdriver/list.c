/* Lists of rows: what is in the other lines before a save, and what has become of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "erp-drivers/webdriver/steps.h"

#define ROW_BYTES 160

static const json_t *
member(const struct attempt *a, const char *name)
{
    return json_object_get(a->step.json, name);
}

enum result
do_list(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *rows;
    enum result result;
    char *text;

    if (!reply)
        return ask_rows(a, a->step.json, run_row(a));
    result = ask_until(a, reply);
    if (result != DONE)
        return result;
    rows = json_object_get(reply->value, "value");
    text = json_is_array(rows) ? json_dumps(rows, JSON_COMPACT) : NULL;
    if (!text)
        return run_again(a, "unexpected answer from the page");
    ask_set(a, json_string_value(member(a, "into")), text);
    free(text);
    return DONE;
}

/* --- what has changed --- */

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

/* The first row that is not as it was; false: they all are. */
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

/* Texts that are no lists are compared as they are. */
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

/* Before the commit nothing is stored. Behind it the line may be there, and must not be lost sight
 * of: what has changed is said together with it (failure_compare). Takes words over. */
static enum result
take_change(struct attempt *a, char *message)
{
    if (a->job->auth)
        secret_mask(message, a->job->auth->password);
    text_copy(a->step.why, sizeof a->step.why, message);
    if (!a->committed)
        fail_with(a, "erp_rejected", "%s", message);
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
    own = message ? ask_text(a, message) : mem_string("other lines have changed");
    if (!own)
        return FAILED;
    result = take_change(a, mem_format("%s: %s", own, change));
    template_free(own);
    return result;
}

enum result
do_unchanged(struct attempt *a, const struct wire_reply *reply)
{
    const json_t *pair = member(a, "unchanged");
    char *before = ask_text(a, json_array_get(pair, 0));
    char *after = before ? ask_text(a, json_array_get(pair, 1)) : NULL;
    enum result result = after ? compare(a, before, after) : FAILED;

    (void)reply;
    template_free(before);
    template_free(after);
    return result;
}
