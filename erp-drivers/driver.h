/* The contract between the worker and an ERP driver.
 *
 * A driver is a pure translation: step() gets an order and the last reply and says which request
 * comes next or how it ended. It does no I/O, keeps no clock and sets no timer; the worker sends,
 * waits, retries and remembers. So a driver is tested by a file of replies, and a new ERP is one
 * file and its rows in drivers.c and common/config_erp.c.
 *
 * Exactly once: a request that can create the line has `commits` set; the worker records on disk
 * that it leaves before it leaves. A driver that can look a line up does so first in EVERY attempt
 * and writes the order's uniqueid into the line that it creates, so an attempt after a lost reply
 * finds what the lost one did. */
#ifndef ERP_DRIVERS_DRIVER_H
#define ERP_DRIVERS_DRIVER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/order.h"

enum erp_verdict {
    ERP_SEND, /* *request is filled: send it, then step again with the reply */
    ERP_WAIT, /* another job of this session does what this one needs (a login): step again with no
                 reply when any job of the session has stepped */
    ERP_CREATED, /* the line is in the ERP; outcome.reference is its id */
    ERP_RETRY,   /* may succeed later; outcome says why */
    ERP_REJECT,  /* the ERP refuses this order */
    ERP_PARK     /* the ERP refuses the credentials */
};

enum erp_request_kind {
    ERP_HTTP,
    ERP_FILE_READ,
    ERP_FILE_WRITE, /* replaces the file; 200 when its content and its name are on disk */
    ERP_FILE_RENAME /* url → target, atomically; 200 when both folders are on disk */
};

/* What to send. Strings and body are the driver's job's: valid until the next step or job_free. */
struct erp_request {
    enum erp_request_kind kind;
    const char *method; /* HTTP: "GET", "POST", "DELETE" */
    char *url;          /* HTTP: absolute URL; files: absolute path */
    char *target;       /* rename: the new absolute path */
    char **headers; /* HTTP: "Name: value", NULL at the end; may hold a session key: never logged */
    size_t header_count;
    char *body;
    size_t body_length;
    bool commits;        /* may create the line: the worker has it on disk before it leaves */
    const char *what;    /* a word for logs and reasons: "login", "look-up", … static */
    unsigned timeout_ms; /* 0: the worker's default of 30,000 */
};

/* What came back. */
struct erp_reply {
    bool sent;     /* whether any byte of the request may have reached the peer */
    bool complete; /* whether the whole reply arrived; false: connection failed, cut or timed out */
    int status;    /* HTTP status; files: 200, 404 (no such file), 507 (no room), 500 */
    const char *body; /* NUL-terminated for convenience, may be NULL */
    size_t body_length;
    const char *error;      /* where !complete or a file failed: words for people */
    int64_t retry_after_ms; /* from Retry-After; 0: none */
};

/* How it ended. Strings are cut to fit; the ERP's own words go into reason_text. */
struct erp_outcome {
    /* static. ERP_RETRY: erp_unreachable, erp_busy, erp_failure, or worksheet_locked (asked for as
     * long as it takes). ERP_REJECT: worksheet_not_found, worksheet_closed, product_not_found,
     * amount_refused, erp_rejected, outcome_unknown. ERP_PARK: auth_failed. ERP_CREATED: "". */
    const char *reason_code;
    char reason_text[ORDER_REASON_TEXT_MAX + 1];
    char reference[ORDER_REFERENCE_MAX + 1];
    int64_t retry_after_ms; /* the ERP's wish; 0: none */
};

/* One attempt at one order. */
struct erp_job {
    const char *workshop;           /* the name that this workshop has in its orders */
    const struct order *order;      /* commit_sent: an earlier request may have created the line */
    const struct credentials *auth; /* NULL: none */
    void *state;                    /* the driver's, NULL at first, released by job_free */
    struct erp_request request;     /* erp_request_clear()ed between steps by the worker */
};

struct erp_driver {
    const char *system;     /* erp.system of the configuration */
    unsigned max_in_flight; /* default for a workshop */
    bool needs_credentials;
    bool can_look_up; /* false: a lost outcome is for a person */
    /* A session is what jobs with the same credentials share: a login, a cookie. erp: the
     * workshop's erp object, valid for the session's life. Never fails: the configuration was
     * checked. */
    void *(*session_new)(const json_t *erp);
    void (*session_free)(void *session);
    /* reply: NULL in the first step and after ERP_WAIT. */
    enum erp_verdict (*step)(void *session, struct erp_job *job, const struct erp_reply *reply,
                             struct erp_outcome *outcome);
    /* Releases job->state; also where a job is given up in the middle. */
    void (*job_free)(void *session, struct erp_job *job);
};

/* NULL where there is none of that name. */
const struct erp_driver *erp_driver_find(const char *system);

/* For drivers. */
void erp_request_header(struct erp_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void erp_request_clear(struct erp_request *request);

/* Fills *outcome and returns verdict, so that a step ends in one line. */
enum erp_verdict erp_end(struct erp_outcome *outcome, enum erp_verdict verdict,
                         const char *reason_code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* For a reply that no driver needs to look into: incomplete → erp_unreachable, 429 and 503 →
 * erp_busy (with its Retry-After), other 5xx → erp_failure. Returns true where it was one, with
 * *outcome filled: the verdict is ERP_RETRY. */
bool erp_reply_technical(const struct erp_reply *reply, const char *what,
                         struct erp_outcome *outcome);

#endif
