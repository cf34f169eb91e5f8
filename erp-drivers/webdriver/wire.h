/* W3C WebDriver on the wire: commands as requests, replies as values or kinds of failure. Knows no
 * recipes. */
#ifndef ERP_DRIVERS_WEBDRIVER_WIRE_H
#define ERP_DRIVERS_WEBDRIVER_WIRE_H

#include "erp-drivers/driver.h"

#define WIRE_ELEMENT "element-6066-11e4-a52e-4f735466cecf" /* the key of a reference, W3C */
#define WIRE_ID_MAX 256                                    /* bytes; browsers' have 36 to 120 */

/* A reply, as far as it matters for the next step. */
enum wire_kind {
    WIRE_OK,
    WIRE_CUT,       /* no complete reply: the driver is gone, or the browser hangs */
    WIRE_GONE,      /* the browser is gone, or unusable */
    WIRE_NO_WINDOW, /* the current window is closed */
    WIRE_STALE,     /* an element that was found is no longer on the page */
    WIRE_AGAIN,     /* nothing was done: an element is covered, a frame is not there; retry */
    WIRE_DIALOG,    /* an alert, confirm or prompt is open; its text is in dialog */
    WIRE_NO_DIALOG,
    WIRE_SLOW,        /* the page did not answer in time */
    WIRE_UNREACHABLE, /* the browser cannot reach the ERP */
    WIRE_REFUSED      /* a fault of the recipe: its script, a selector */
};

struct wire_reply {
    enum wire_kind kind;
    bool sent;           /* of a WIRE_CUT: bytes may have been sent */
    unsigned ended;      /* browsers that were killed; the rest is then unused */
    const json_t *value; /* of a WIRE_OK; may be JSON null */
    char message[256];   /* of all but WIRE_OK: what is wrong, for people */
    char dialog[256];
    json_t *root; /* owned */
};

void wire_read(const struct erp_reply *reply, struct wire_reply *wire);
void wire_clear(struct wire_reply *wire);

/* Fills a request: METHOD base/session/SESSION/command, with body (taken over; NULL: an empty
 * object where the method is POST). session NULL: METHOD base/session. */
void wire_send(struct erp_request *request, const char *method, const char *base,
               const char *session, const char *command, json_t *body);

/* The id of a session, a window or an element from a server; NULL: missing, or not usable in a URL.
 */
const char *wire_id(const json_t *value);

/* The id of an element reference; NULL: it is not one. */
const char *wire_element(const json_t *value);

#endif
