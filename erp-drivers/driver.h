/* The contract between the worker and an ERP driver.
 *
 * A driver is a pure translation: step() gets an order and the last reply, and returns the next
 * request or the result. It does no I/O, reads no clock and sets no timer; the worker sends, waits,
 * retries and remembers, and passes the time to each step. So a driver can be tested with a file of
 * replies, and a new ERP is one file and its rows in drivers.c and common/config/erp.c.
 *
 * Exactly once: a request that can create the line has `commits` set; the worker records on disk
 * that it is about to be sent before it sends it. A driver that can look a line up does so first in
 * EVERY attempt and writes the order's uniqueid into the line that it creates, so an attempt after
 * a lost reply finds what the lost one did.
 *
 * What a session opens in another program (a browser) outlives a killed process. Such a driver has
 * a note of it, which the worker keeps on disk, and closing jobs, which end it: they have no order,
 * and take only a few requests. The note is on disk before the request that opens it is sent. What
 * no request can end any more is killed (ERP_KILL_BROWSERS). */
#ifndef ERP_DRIVERS_DRIVER_H
#define ERP_DRIVERS_DRIVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/order/order.h"
#include "erp-drivers/facts.h"

enum erp_verdict {
    ERP_SEND, /* *request is filled: send it, then step again with the reply */
    ERP_WAIT, /* another job of this session does what this one needs (a login): step again without
                 a reply when any job of the session has stepped */
    ERP_CREATED, /* the line is in the ERP; outcome.reference is its id */
    ERP_RETRY,   /* may succeed later; outcome says why */
    ERP_REJECT,  /* the ERP refuses this order */
    ERP_PARK     /* the ERP refuses the credentials */
};

enum erp_request_kind {
    ERP_HTTP,
    ERP_FILE_READ,
    ERP_FILE_WRITE,   /* replaces the file; 200 when its content and its name are on disk */
    ERP_FILE_RENAME,  /* url → target, atomically; 200 when both folders are on disk */
    ERP_KILL_BROWSERS /* kills every browser on this machine that has the workshop's mark
                         (common/ipc/browser_kill.h); only timeout_ms and delay_ms are used. 200,
                         and `ended` */
};

/* What a request means for the gate between a browser and its ERP. A request with `commits` arms
 * it: from then on a connection to the ERP that ends before its reply shuts the gate, and what the
 * browser repeats by itself is blocked (worker/proxy/gate.h). */
enum erp_gate {
    ERP_GATE_STAYS,
    ERP_GATE_OPENS, /* the commit is over and its page has been left; a shut gate stays shut */
    ERP_GATE_RENEWS /* a browser is opened; requests of earlier ones no longer matter */
};

/* What to send. The driver's job owns strings and body: valid until the next step or job_free. */
struct erp_request {
    enum erp_request_kind kind;
    const char *method; /* HTTP: "GET", "POST", "DELETE" */
    char *url;          /* HTTP: absolute URL; files: absolute path */
    char *target;       /* rename: the new absolute path */
    char **headers; /* HTTP: "Name: value", NULL-terminated; may hold a session key: never logged */
    size_t header_count;
    char *body;
    size_t body_length;
    bool commits; /* may create the line: recorded on disk before it is sent, and never repeated.
                     Several requests of an attempt may have it set */
    bool secret;  /* HTTP: the body or its reply holds a password or a session key: never logged */
    bool fresh;   /* HTTP: on a connection of its own, so that nothing repeats it */
    bool gzip;    /* HTTP: the reply may be compressed; its bound is that of the whole body */
    enum erp_gate gate;
    const char *what;    /* for logs and reasons: of a recipe, its section; static */
    unsigned timeout_ms; /* 0: the worker's default of 30,000 */
    unsigned delay_ms;   /* HTTP and kills: send it that much later, for polling. 0: at once */
};

/* A JSON reply with more values is invalid: two rows have some dozens, a long list on a page some
 * thousands. Parsing it would block the loop for seconds, and take two hundred megabytes. */
#define ERP_REPLY_VALUES_MAX 100000u

/* What came back. */
struct erp_reply {
    bool sent;     /* whether any byte of the request may have reached the peer */
    bool complete; /* whether the whole reply arrived; false: connection failed, cut or timed out */
    int status;    /* HTTP status; files: 200, 404 (no such file), 507 (no room), 500 */
    unsigned ended;      /* ERP_KILL_BROWSERS: number of browsers */
    const char *cut_off; /* why the gate has shut since the browser was opened; or NULL */
    const char *body;    /* NUL-terminated for convenience, may be NULL */
    size_t body_length;
    const char *headers;    /* HTTP: "Name: value" in lines, of the last head; may be NULL */
    const char *error;      /* where !complete or a file failed: words for people */
    int64_t retry_after_ms; /* from Retry-After; 0: none */
};

/* What people need to repair a recipe: a screenshot, a page's source, the browser's requests. It
 * contains no password: its creator has masked it. */
struct erp_evidence {
    const char *kind; /* "png", "html", or "txt": the browser's requests; static */
    char *bytes;      /* owned; NUL-terminated */
    size_t length;
};

#define ERP_EVIDENCE_MAX 3

/* The result. Strings are cut to fit; the ERP's own message goes into reason_text. */
struct erp_outcome {
    /* static. ERP_RETRY: erp_unreachable, erp_busy, erp_failure, browser_failure (the browser or
     * its driver), or worksheet_locked (retried without limit). ERP_REJECT: worksheet_not_found,
     * worksheet_closed, product_not_found, amount_refused, erp_rejected, outcome_unknown,
     * ui_changed (a page is not as its recipe says; after a request with `commits` it is an
     * ERP_RETRY). ERP_PARK: auth_failed. ERP_CREATED: "". */
    const char *reason_code;
    char reason_text[ORDER_REASON_TEXT_MAX + 1];
    char reference[ORDER_REFERENCE_MAX + 1];
    int64_t retry_after_ms; /* as requested by the ERP; 0: not requested */
    struct erp_evidence evidence[ERP_EVIDENCE_MAX];
    size_t evidence_count;
};

/* What a job is for. All but ERP_PLACE leave the ERP as it is: none of their requests has
 * `commits`. They end with ERP_CREATED where the ERP has answered, with *facts filled; a refusal
 * (ERP_REJECT) is an answer, too. */
enum erp_purpose {
    ERP_PLACE,   /* creates the order's line, exactly once */
    ERP_CHECK,   /* asks about the order's worksheet; where they are not empty, also about its
                    product and amount. The order has no uniqueid */
    ERP_LOOK_UP, /* looks for the order's line */
    ERP_LOG_IN   /* logs in, and out if the ERP can. Where a login alone proves nothing (a key in
                    each request), it asks for something that is not there. For a process that ends
                    with it */
};

/* One attempt at one order; or a closing job, which logs out and ends what the session has opened,
 * and then ends with ERP_CREATED, even if that failed. */
struct erp_job {
    enum erp_purpose purpose;
    struct erp_facts *facts; /* of ERP_CHECK and ERP_LOOK_UP, which fill it; else NULL */
    bool hurry; /* an order waits for the session: a job that is not for an order ends as soon as
                   what the order needs as well (a browser, a login) is there */
    bool abandoned; /* a dry run stops here: the request that was last given is not sent; what was
                       begun in the ERP is taken back */
    const char *workshop; /* the name that this workshop has in its orders */
    const struct order
        *order; /* commit_sent: an earlier request may have made the line. NULL: closing job */
    const struct credentials *auth; /* NULL: none; always NULL in a closing job */
    int64_t now_ms;                 /* monotonic; updated before each step */
    void *state;                    /* owned by the driver, NULL initially, released by job_free */
    const json_t *secrets;      /* the session's tokens, which no log shows; borrowed; or NULL */
    struct erp_request request; /* erp_request_clear()ed between steps by the worker */
};

struct erp_driver {
    const char *system;     /* erp.system of the configuration */
    unsigned max_in_flight; /* default for a workshop */
    bool needs_credentials;
    bool can_look_up;             /* false: a person has to clear up a lost outcome */
    bool one_session;             /* a job with other credentials first ends the current session */
    unsigned max_in_flight_limit; /* no configuration may exceed it; 0: no limit */
    /* A session is what jobs with the same credentials share: a login, a cookie. erp: the
     * workshop's erp object, valid for the session's life. Never fails: the configuration has been
     * checked. */
    void *(*session_new)(const json_t *erp);
    void (*session_free)(void *session);
    /* reply: NULL in the first step and after ERP_WAIT. *outcome is filled only when the job ends.
     */
    enum erp_verdict (*step)(void *session, struct erp_job *job, const struct erp_reply *reply,
                             struct erp_outcome *outcome);
    /* Releases job->state; also if a job is abandoned. */
    void (*job_free)(void *session, struct erp_job *job);

    /* Whether it can look up a line only on the worksheet that the order names, so that a line on
     * another worksheet would not be found. NULL: it finds a line anywhere. */
    bool (*looks_in_worksheet)(const json_t *erp);

    /* Whether it can answer ERP_CHECK. NULL: it can. */
    bool (*can_check)(const json_t *erp);

    /* The rest is NULL for a driver whose sessions need not be closed. */

    /* What a later process needs to end what this session has opened: UTF-8, no secret, valid until
     * the session's next step. NULL: nothing is open. The worker writes it to disk before it sends
     * the next request. */
    const char *(*session_note)(void *session);
    /* Makes a new session represent the one that a dead process left with this note; its only job
     * will be a closing job. */
    void (*session_adopt)(void *session, const char *note);
    /* After how many seconds without a job the session is closed; 0: never. */
    unsigned (*session_idle_s)(void *session);

    /* NULL for a driver that has nothing to remember. */

    /* What the next session with these credentials must know, also in another process: UTF-8 with
     * secrets in it (a token that takes the place of a password), valid until the session's next
     * step. NULL: nothing. The worker has it on disk, sealed, before it sends the next request. */
    const char *(*session_memory)(void *session);
    /* Gives it to a new session. */
    void (*session_remember)(void *session, const char *memory);
};

/* The table is in drivers.c. NULL if there is none of that name. */
const struct erp_driver *erp_driver_find(const char *system);

/* For drivers. */
void erp_request_header(struct erp_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void erp_request_clear(struct erp_request *request);

/* The credentials as Basic authentication has them; NULL: there are none. template_free() it. */
char *erp_job_basic(const struct erp_job *job);

/* Replaces the job's password, also as Basic authentication encodes it, and its session's tokens in
 * text by as many '*' (common/json/mask.h). */
void erp_job_mask(const struct erp_job *job, char *text);

/* Fills *outcome anew and returns verdict, so that a step can end in one line. Evidence is added
 * afterwards. */
enum erp_verdict erp_end(struct erp_outcome *outcome, enum erp_verdict verdict,
                         const char *reason_code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Takes over bytes, which are NUL-terminated. Beyond ERP_EVIDENCE_MAX they are dropped. */
void erp_outcome_evidence(struct erp_outcome *outcome, const char *kind, char *bytes,
                          size_t length);
void erp_outcome_clear(struct erp_outcome *outcome);

/* For a reply that no driver needs to inspect: incomplete → erp_unreachable, 429 and 503 → erp_busy
 * (with its Retry-After), other 5xx → erp_failure. True for these, with *outcome filled: the
 * verdict is ERP_RETRY. */
bool erp_reply_technical(const struct erp_reply *reply, const char *what,
                         struct erp_outcome *outcome);

#endif
