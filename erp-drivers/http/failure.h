/* What a failure means for the order. */
#ifndef ERP_DRIVERS_HTTP_FAILURE_H
#define ERP_DRIVERS_HTTP_FAILURE_H

#include "erp-drivers/http/attempt.h"

enum next {
    NEXT_END,    /* verdict and outcome are known */
    NEXT_LOG_IN, /* and begin again */
    NEXT_LOOK_UP /* the ERP has refused a line that it may have stored */
};

enum next failure_conclude(struct attempt *a);

/* Forgets a login, unless another attempt has renewed it since. */
void failure_drop_login(struct attempt *a);

#endif
