/* Browsers: capabilities, lifetime, and the note that a later process needs to close one. */
#ifndef ERP_DRIVERS_WEBDRIVER_BROWSER_H
#define ERP_DRIVERS_WEBDRIVER_BROWSER_H

#include "common/recipe/recipe.h"
#include "erp-drivers/webdriver/dryrun.h"

/* The driver's session: one browser, or none. */
struct browser {
    const json_t *recipe, *options, *setup; /* setup: erp.browser */
    const char *mark; /* of our browsers' processes; NULL: they cannot be killed */
    char *url;        /* of the browser's driver */
    const char *erp_url;
    const char *proxy;   /* through which the browser connects to the ERP, HOST:PORT; NULL: none */
    unsigned timeout_ms; /* of one command */
    char *id;            /* WebDriver's session; NULL: no browser is open */
    char *main_window;
    char *note;    /* see session_note; NULL: no browser */
    bool starting; /* one was requested, and no answer says what became of it; id is NULL */
    bool logged_in;
    bool dirty;   /* the previous attempt left it in an unknown state */
    bool useless; /* it must be closed before anything else */
    unsigned orders;
    int64_t opened_ms;
    webdriver_tell *tell; /* NULL: no dry run */
    void *tell_arg;
};

struct browser *browser_new(const json_t *erp);
void browser_free(void *session);

/* The request body that opens one. */
json_t *browser_capabilities(const struct browser *b);
void browser_starting(struct browser *b);
void browser_opened(struct browser *b, const char *id, int64_t now_ms);
void browser_forget(struct browser *b);

/* Whether there may be one that must be closed. */
bool browser_may_run(const struct browser *b);

/* It has reached its maximum number of orders or its maximum age. */
bool browser_is_due(const struct browser *b, int64_t now_ms);

/* session_note and session_adopt of the contract. */
const char *browser_note(void *session);
void browser_adopt(void *session, const char *note);

#endif
