/* What page recipes and API recipes make of texts: the values that do not depend on the ERP's
 * answers, comparisons, and what it means that a value can't be written as the ERP wants it. */
#ifndef ERP_DRIVERS_ENGINE_TEXTS_H
#define ERP_DRIVERS_ENGINE_TEXTS_H

#include "common/template/template.h"
#include "erp-drivers/driver.h"

struct texts {
    const json_t *recipe, *options; /* options: the workshop's, may be NULL */
    const char *erp_url;
    const struct erp_job *job;
};

/* {order.…}, {options.…}, {credentials.username}, {credentials.password}, {erp.url}. *known:
 * whether it is one of those; the value may be NULL all the same. Valid until the next call. */
const char *texts_value(const struct texts *texts, const char *name, bool *known);

/* Why a template could not be expanded: the value that it asked for last, and what was wrong. */
struct misfit {
    char name[TEMPLATE_NAME_MAX + 1];
    const char *value; /* NULL: there was none */
};

/* template_expand(text, value, arg, wrong), which notes in *misfit what the text asked for last. */
char *texts_expand(const char *text, template_lookup *value, void *arg, struct misfit *misfit,
                   char wrong[TEMPLATE_WRONG_BYTES]);

/* An order that can't be written as the ERP wants it is refused: neither the ERP nor another
 * attempt is going to change that. The reason code, with words; NULL: it is not the order's fault.
 */
const char *texts_misfit(const struct order *order, const struct misfit *misfit, const char *text,
                         char *words, size_t size);

/* Whether two texts are the same; as_number: as plain decimals. */
bool texts_equal(const char *one, const char *other, bool as_number);

#endif
