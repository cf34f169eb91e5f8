/* Several lines of one id: nobody knows which of them is the order's, so a person has to delete the
 * others, and needs their references. The section is gone through once for each of them, since what
 * is done with a row may leave the page that shows the others. */
#include <stdio.h>
#include <string.h>

#include "erp-drivers/webdriver/attempt.h"

#define READ_MAX 5 /* references; whoever has more lines of one id knows enough by then */

/* An each inside of what is done with one of them is about this one. */
bool
twins_are(struct attempt *a, const json_t *each, size_t count)
{
    bool looks = a->section == LOOKUP || a->section == VERIFY;

    if (count < 2 || a->twin_rows || !looks || !recipe_each_is_of_id(a->browser->recipe, each))
        return false;
    a->twin_rows = count;
    return true;
}

/* "558/1, 558/3 and 559/1" */
static void
list_references(const struct attempt *a, char *text, size_t size)
{
    size_t count = json_array_size(a->twins), used = 0;
    const json_t *reference;
    size_t i;

    *text = '\0';
    json_array_foreach(a->twins, i, reference)
    {
        const char *glue = !i ? "" : i + 1 == count && count == a->twin_rows ? " and " : ", ";

        if (used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", glue,
                                     json_string_value(reference));
    }
    if (count < a->twin_rows && used < size)
        snprintf(text + used, size - used, " and %zu more", a->twin_rows - count);
}

enum result
twins_add(struct attempt *a)
{
    char references[2 * ORDER_REFERENCE_MAX];
    size_t wanted = a->twin_rows < READ_MAX ? a->twin_rows : READ_MAX;

    json_array_append_new(a->twins, json_string(a->found.reference));
    found_clear(&a->found);
    if (json_array_size(a->twins) < wanted) {
        run_section_again(a);
        return DONE;
    }
    list_references(a, references, sizeof references);
    if (a->twin_rows == 2)
        return fail_with(a, "outcome_unknown", "the line exists twice: %s; delete one, then retry",
                         references);
    return fail_with(a, "outcome_unknown",
                     "the line exists %zu times: %s; delete all but one, then retry", a->twin_rows,
                     references);
}

enum result
twins_end(struct attempt *a)
{
    bool unsaid = a->twin_rows || json_array_size(a->twins);

    if (!unsaid || a->found.is)
        return DONE;
    return fail_with(a, "ui_changed", "%zu rows match, expected one",
                     a->twin_rows > 1 ? a->twin_rows : json_array_size(a->twins) + 1);
}
