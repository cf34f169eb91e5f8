/* What a dry run of a recipe sees of an attempt, beyond the contract. */
#ifndef ERP_DRIVERS_WEBDRIVER_DRYRUN_H
#define ERP_DRIVERS_WEBDRIVER_DRYRUN_H

#include "erp-drivers/driver.h"

struct webdriver_event {
    enum {
        WEBDRIVER_BEGINS, /* a step */
        WEBDRIVER_SETS,   /* a variable */
        WEBDRIVER_ENDS,   /* the current step */
        WEBDRIVER_FAILS,  /* the attempt, or its logout */
        WEBDRIVER_RENEWS  /* the session was lost: it logs in and starts again */
    } kind;
    const char *name; /* "create/3 click", when it starts or fails; a variable's name */
    const char
        *message; /* why it fails, or ends without having done anything; a variable's value */
    int64_t now_ms;
};

/* The event contains no password, and is valid during the call. */
typedef void webdriver_tell(const struct webdriver_event *event, void *arg);

/* From now on tell is called with the events of the session's attempts from inside step(), and each
 * failure has evidence. */
void webdriver_trace(void *session, webdriver_tell *tell, void *arg);

/* Whether the job's request only queries the page: it changes nothing, and waits for a page that is
 * loading. */
bool webdriver_asks(const struct erp_job *job);

/* Makes request a screenshot of the session's page. false: no browser is open. */
bool webdriver_picture(void *session, struct erp_request *request);

/* Takes the answer: the PNG's bytes, which the caller frees; NULL: there is none, and words say
 * why. */
char *webdriver_picture_take(const struct erp_reply *reply, size_t *length, char *message,
                             size_t size);

#endif
