/* W3C WebDriver on the wire: commands as requests, replies as values or kinds of failure. Knows no
 * recipe. */
#ifndef ERP_DRIVERS_WEBDRIVER_WIRE_H
#define ERP_DRIVERS_WEBDRIVER_WIRE_H

#include "erp-drivers/driver.h"

#define WIRE_ELEMENT "element-6066-11e4-a52e-4f735466cecf" /* the key of a reference, W3C */
#define WIRE_ID_MAX 256                                    /* bytes; browsers' have 36 to 120 */

/* What came back, as far as it matters what to do next. */
enum wire_kind {
    WIRE_OK,
    WIRE_CUT,       /* no whole reply: the driver is gone, or the browser hangs */
    WIRE_GONE,      /* the browser is gone, or can't be talked to any more */
    WIRE_NO_WINDOW, /* the window that we were in is closed */
    WIRE_STALE,     /* an element that was found is not on the page any more */
    WIRE_AGAIN,     /* not now; nothing was done: an element is covered, a frame is not there */
    WIRE_DIALOG,    /* alert, confirm or prompt is in the way; its text is in dialog */
    WIRE_NO_DIALOG,
    WIRE_SLOW,        /* the page did not answer in time */
    WIRE_UNREACHABLE, /* the browser can't reach the ERP */
    WIRE_REFUSED      /* a fault of the recipe: its script, a selector */
};

struct wire_reply {
    enum wire_kind kind;
    bool sent;           /* of a WIRE_CUT: bytes may have left */
    unsigned ended;      /* browsers that were killed; nothing else is of interest then */
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

/* The id of a session, a window or an element that a server gave; NULL: it is none, or none that
 * can stand in a URL. */
const char *wire_id(const json_t *value);

/* The id of an element reference; NULL: it is none. */
const char *wire_element(const json_t *value);

#endif
