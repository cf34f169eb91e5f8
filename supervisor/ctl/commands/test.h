/* Tests a workshop's connection to its ERP. */
#ifndef SUPERVISOR_CTL_COMMANDS_TEST_H
#define SUPERVISOR_CTL_COMMANDS_TEST_H

#include "supervisor/ctl/ctl.h"

/* Warns on stderr if the ERP is unreachable or refuses the login. */
void test_warn(struct ctl *ctl, const char *slug);

#endif
