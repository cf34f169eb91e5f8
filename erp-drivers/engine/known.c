/* The worksheet comes first, then the product, then the amount: each only where it was asked for.
 */
#include "erp-drivers/engine/known.h"

#include <string.h>

#include "common/recipe/recipe.h"

static const char *const members[KNOWN_MEMBERS] = {"title", "unit"};
enum { TITLE, UNIT };

bool
known_can_check(const json_t *erp)
{
    return json_object_get(json_object_get(erp, "$recipe"), "check") != NULL;
}

bool
known_looks_in_worksheet(const json_t *erp)
{
    return recipe_looks_in_worksheet(json_object_get(erp, "$recipe"));
}

bool
known_asks_for_line(const struct erp_job *job)
{
    return job->purpose == ERP_PLACE || job->purpose == ERP_LOOK_UP;
}

const char *
known_member(size_t i)
{
    return i < KNOWN_MEMBERS ? members[i] : NULL;
}

static bool
take_worksheet(const struct erp_job *job, char *const texts[KNOWN_MEMBERS])
{
    erp_facts_open(job->facts, texts[TITLE]);
    return !*job->order->product_nr;
}

static bool
take_product(const struct erp_job *job, char *const texts[KNOWN_MEMBERS])
{
    erp_facts_product(job->facts, texts[TITLE], texts[UNIT]);
    return !*job->order->product_amount;
}

static bool
take_amount(const struct erp_job *job, char *const texts[KNOWN_MEMBERS])
{
    (void)texts;
    erp_facts_amount(job->facts);
    return true;
}

bool
known_take(const struct erp_job *job, const char *what, char *const texts[KNOWN_MEMBERS])
{
    static const struct {
        const char *what;
        bool (*take)(const struct erp_job *job, char *const texts[KNOWN_MEMBERS]);
    } kinds[] = {{"worksheet", take_worksheet}, {"product", take_product}, {"amount", take_amount}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].what, what) == 0)
            return kinds[i].take(job, texts);
    return false;
}

enum erp_verdict
known_end(const struct erp_job *job, struct erp_outcome *outcome)
{
    if (!job->facts->state)
        erp_facts_open(job->facts, NULL);
    return erp_end(outcome, ERP_CREATED, NULL, "%s", "");
}

bool
known_proves_login(const struct erp_job *job, const char *reason_code)
{
    struct erp_facts facts = {.state = NULL};

    return job->purpose == ERP_LOG_IN && erp_facts_refused(&facts, reason_code, "");
}
