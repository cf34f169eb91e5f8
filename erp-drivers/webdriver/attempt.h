/* One attempt at one order in a browser: its state, its requests, and how a step fails or is
 * retried.
 *
 * The other files build on each other in this order: report (what people see of it), values (the
 * recipe's texts), condition (conditions and error rules), page (queries of the page), lifecycle (a
 * browser's start and end) and the verbs; then run (a section's steps), failure (the meaning of a
 * failure) and webdriver (the phases of an attempt). */
#ifndef ERP_DRIVERS_WEBDRIVER_ATTEMPT_H
#define ERP_DRIVERS_WEBDRIVER_ATTEMPT_H

#include "erp-drivers/engine/verbs.h"
#include "erp-drivers/webdriver/browser.h"
#include "erp-drivers/webdriver/wire.h"

enum section { LOGIN, CHECK, LOOKUP, CREATE, COMMIT, VERIFY, LOGOUT, SECTION_COUNT };

/* The result of a function that takes a reply. */
enum result {
    SENT, /* the job's request is filled */
    DONE,
    AGAIN, /* start the step again */
    FAILED /* attempt.failure says why */
};

struct failure {
    /* static; outcome_unknown: set only by the engine, not by a recipe; NULL: unknown: the error
     * rules are evaluated */
    const char *code;
    char message[ORDER_REASON_TEXT_MAX + 1];
    char dialog[256]; /* the text of an open dialog */
    bool dialog_open;
    bool window_closed;
};

/* The current step. */
struct step {
    const json_t *json;
    const char *verb;
    int stage;
    int64_t began_ms, deadline_ms;
    int64_t until_ms;  /* until then a condition may become true; not later than the deadline */
    unsigned delay_ms; /* before the last check */
    char *element;     /* what was found */
    char page[32];     /* the page of that element; see "left" of page.js */
    unsigned wait_ms;  /* of the next request */
    bool acting;       /* the current request changes something */
    bool asking;       /* … is a query of the page */
    int asked;         /* what the condition waits for, see verbs/verbs.c */
    bool finding_row;
    bool holds;    /* the condition's result */
    char why[320]; /* … why not */
    bool dialog_known, dialog_open, windows_known;
    char dialog[256];
    size_t windows;
};

/* How far the end of a browser has come. */
struct ending {
    bool looked;    /* searched, until enough were found or the time was up */
    unsigned ended; /* deadline of the search */
    bool asked;     /* its driver was asked to close it */
    bool doubt;     /* … without an answer */
};

struct attempt {
    struct engine engine;
    struct browser *browser;
    struct erp_job *job;
    int phase, stage, cleanings; /* phase, owned by webdriver.c */
    enum section section;
    json_t *vars;
    struct step step;
    json_t *frames; /* the path of the current frame, resolved; to enter it again */
    size_t entered; /* the current depth */
    int frame_stage;
    bool frames_lost; /* to be entered again */
    char *window;     /* the current window; NULL: the main one */
    bool at_start;    /* of a section: back in the top document of the main window */
    bool committed;   /* a request that may store the line has been sent in this attempt */
    bool opens_gate;  /* for the next request: what an earlier section has sent is finished */
    bool stored;      /* the ERP has confirmed it; another browser has to verify it */
    char cut_off[ORDER_REASON_TEXT_MAX + 1]; /* why the browser cannot reach the ERP; or empty */
    bool renewed;                            /* has logged in a second time */
    bool lost;                               /* the session was lost: log in again */
    bool leaving;                            /* logging out, to close the browser */
    int64_t leave_by_ms;
    bool password_typed;
    int64_t settled_ms; /* not looked up before; see settle_s */
    struct ending ending;
    int64_t appears_ms;    /* until then a requested browser may still appear; 0: unknown */
    size_t duplicate_rows; /* lines of our id in this section, if there are several */
    json_t *duplicates;    /* their known references */
    char changed[ORDER_REASON_TEXT_MAX + 1]; /* by the save, besides our line; see verb_unchanged */
    struct failure failure;
    int failure_stage;
    struct failure refusal; /* what was reported after the commit: it counts if nothing is found */
    bool ended;             /* verdict and outcome are final; only cleaning up follows */
    enum erp_verdict verdict;
    struct erp_outcome outcome;
};

struct attempt *attempt_new(struct browser *browser, struct erp_job *job,
                            const struct engine_calls *calls);
void attempt_free(struct attempt *a);

/* Whether a request that may have stored the line has left, in this attempt or an earlier one. */
bool attempt_in_doubt(const struct attempt *a);

/* --- sending --- */

/* A command to the browser: method, path below the session, body (taken over, may be NULL). */
enum result attempt_send(struct attempt *a, const char *method, const char *command, json_t *body);

/* The same for a command that changes something: the only place that decides what commits. command:
 * taken over. */
enum result attempt_act(struct attempt *a, const char *method, char *command, json_t *body);

/* Takes its reply: the command was executed even if it closed the window that it was executed in.
 */
enum result attempt_acted(struct attempt *a, const struct wire_reply *reply);

/* --- what fails, and what is tried again --- */

/* FAILED with this message; code NULL: the error rules are evaluated. */
enum result attempt_fail(struct attempt *a, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* AGAIN, after a short delay; FAILED when the step's time is up. message: why. */
enum result attempt_again(struct attempt *a, const char *message);

/* The meaning of a reply that is not WIRE_OK: AGAIN or FAILED. */
enum result attempt_take_error(struct attempt *a, const struct wire_reply *reply);

/* --- where it is: window, section, levels of steps --- */

/* The current document is now the top document of another window; NULL: of the main one. */
void attempt_enter_window(struct attempt *a, const char *handle);

void attempt_section(struct attempt *a, enum section section);
void attempt_section_again(struct attempt *a); /* from its first step, as at its start */

/* The innermost current row, and the surrounding one; NULL: none. */
struct level *attempt_row(struct attempt *a);
struct level *attempt_outer_row(struct attempt *a, const struct level *inner);

/* The current step is done, or has pushed its own steps. */
void attempt_step_done(struct attempt *a);

/* No step or level is left. */
void attempt_clear_steps(struct attempt *a);

/* "create/3 click" */
void attempt_label(const struct attempt *a, char *text, size_t size);

#endif
