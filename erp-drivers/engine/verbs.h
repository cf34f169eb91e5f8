/* The verbs that mean the same in recipes for pages and for APIs. Only conditions differ: those on
 * a page are evaluated in the page, by a script; those on a reply at once. */
#ifndef ERP_DRIVERS_ENGINE_VERBS_H
#define ERP_DRIVERS_ENGINE_VERBS_H

#include "erp-drivers/driver.h"
#include "erp-drivers/engine/levels.h"
#include "erp-drivers/engine/line.h"

/* What they need of an attempt. */
struct engine_calls {
    /* A text with its values, for template_free(). NULL: the attempt has failed. */
    char *(*text)(void *attempt, const json_t *template);
    void (*set)(void *attempt, const char *variable, const char *value);
    /* code: static; NULL: the recipe gives none. */
    void (*fail)(void *attempt, const char *code, const char *words);
};

struct engine {
    const struct engine_calls *calls;
    void *attempt;
    const json_t *recipe;
    const struct erp_job *job;
    struct levels levels;
    struct found found;
};

/* Each takes the step's JSON. False: the attempt has failed. */
bool engine_set(const struct engine *e, const json_t *values);
bool engine_call(struct engine *e, const json_t *step);
bool engine_known(struct engine *e, const json_t *step);

/* `found`: reads what the step names of our line. */
bool engine_found(struct engine *e, const json_t *step);

/* … and takes it as the section's result: its amount becomes a plain decimal. */
bool engine_found_take(struct engine *e, const json_t *step);

/* `when`, with its condition's result. */
void engine_when(struct engine *e, const json_t *step, bool holds);

/* An `assert` that does not hold. code: the recipe's, NULL: none. otherwise: the words of a step
 * that has none. */
void engine_fail(const struct engine *e, const json_t *step, const char *code,
                 const char *otherwise);

/* `fail`. */
void engine_fail_step(const struct engine *e, const json_t *step);

#endif
