/* What a dry run of a recipe sees of an attempt, besides the contract. */
#ifndef ERP_DRIVERS_WEBDRIVER_DRYRUN_H
#define ERP_DRIVERS_WEBDRIVER_DRYRUN_H

#include "erp-drivers/driver.h"

struct webdriver_event {
    enum {
        WEBDRIVER_BEGINS, /* a step */
        WEBDRIVER_SETS,   /* a variable */
        WEBDRIVER_ENDS,   /* the step that began last */
        WEBDRIVER_FAILS,  /* the attempt, or its logging out */
        WEBDRIVER_RENEWS  /* the session was lost: it logs in and begins again */
    } kind;
    const char *name; /* "create/3 click", where it begins or fails; a variable's */
    const char
        *message; /* why it fails, or ends without having done anything; a variable's value */
    int64_t now_ms;
};

/* The event holds no password, and is valid during the call. */
typedef void webdriver_tell(const struct webdriver_event *event, void *arg);

/* From now on tell hears of the session's attempts from inside step(), and each failure comes with
 * its evidence. */
void webdriver_trace(void *session, webdriver_tell *tell, void *arg);

/* Whether the job's request only asks the page: it changes nothing, and waits for a page that is
 * being loaded. */
bool webdriver_asks(const struct erp_job *job);

/* Makes request a picture of the session's page. false: no browser is open. */
bool webdriver_picture(void *session, struct erp_request *request);

/* Takes the answer: the PNG's bytes, which the caller frees; NULL: there is none, and words say why
 * not. */
char *webdriver_picture_take(const struct erp_reply *reply, size_t *length, char *message,
                             size_t size);

#endif
