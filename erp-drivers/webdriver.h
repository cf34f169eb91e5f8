/* What the trial of a recipe sees of an attempt, besides the contract. */
#ifndef ERP_DRIVERS_WEBDRIVER_H
#define ERP_DRIVERS_WEBDRIVER_H

#include "erp-drivers/driver.h"

/* The step that a job of the WebDriver driver is at: "create/3 click". */
void webdriver_where(const struct erp_job *job, char *text, size_t size);

/* Makes request a picture of the session's page. false: no browser is open. */
bool webdriver_picture(void *session, struct erp_request *request);

/* Takes the answer: the PNG's bytes, which the caller frees; NULL: there is none. */
char *webdriver_picture_take(const struct erp_reply *reply, size_t *length);

#endif
