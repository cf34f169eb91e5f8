/* An outcome with evidence, and the names of what is kept of it. */
#ifndef TEST_UNIT_WORKER_EVIDENCE_H
#define TEST_UNIT_WORKER_EVIDENCE_H

#include "test/unit/worker/fixture.h"

#include "erp-drivers/driver.h"

static inline struct erp_outcome
outcome_with(const char *picture, const char *page)
{
    struct erp_outcome outcome;

    erp_end(&outcome, ERP_REJECT, "ui_changed", "create/3 \"save\": #save not visible");
    if (picture)
        erp_outcome_evidence(&outcome, "png", mem_string(picture), strlen(picture));
    if (page)
        erp_outcome_evidence(&outcome, "html", mem_string(page), strlen(page));
    return outcome;
}

static inline const char *
name_at(const json_t *names, size_t i)
{
    const char *name = json_string_value(json_array_get(names, i));

    assert_non_null(name);
    return name;
}

#endif
