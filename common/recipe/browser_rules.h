/* Browser settings that neither a recipe nor a workshop's file may change: the way to the ERP,
 * which the gate relies on (worker/proxy/gate.h). */
#ifndef COMMON_RECIPE_BROWSER_RULES_H
#define COMMON_RECIPE_BROWSER_RULES_H

/* Why the browser may not get this argument; NULL: it may. */
const char *browser_argument_fault(const char *argument);

#endif
