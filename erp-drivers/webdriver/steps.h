/* The verbs that act, and those about lists: each is a step_function. */
#ifndef ERP_DRIVERS_WEBDRIVER_STEPS_H
#define ERP_DRIVERS_WEBDRIVER_STEPS_H

#include "erp-drivers/webdriver/attempt.h"

step_function do_goto, do_click, do_type, do_clear, do_press, do_select, do_check, do_dialog,
    do_script, do_list, do_unchanged;

#endif
