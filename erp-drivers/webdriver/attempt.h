/* One attempt at one order in a browser: its state, what it sends, and how a step fails or is tried
 * again.
 *
 * The files above build on each other in this order: report (what people see of it), values (texts
 * of the recipe), condition (conditions and error rules), page (questions to the page), lifecycle
 * (a browser's start and end) and the verbs; then run (a section's steps), failure (what a failure
 * means) and webdriver (the walk from phase to phase). */
#ifndef ERP_DRIVERS_WEBDRIVER_ATTEMPT_H
#define ERP_DRIVERS_WEBDRIVER_ATTEMPT_H

#include "erp-drivers/engine/line.h"
#include "erp-drivers/webdriver/browser.h"
#include "erp-drivers/webdriver/wire.h"

enum section { LOGIN, LOOKUP, CREATE, COMMIT, VERIFY, LOGOUT, SECTION_COUNT };

/* What a function that takes a reply came to. */
enum result {
    SENT, /* the job's request is filled */
    DONE,
    AGAIN, /* the step begins anew */
    FAILED /* attempt.failure says why */
};

struct failure {
    /* static; outcome_unknown: of no recipe, the engine's own; NULL: nobody knows yet: the error
     * rules are asked */
    const char *code;
    char message[ORDER_REASON_TEXT_MAX + 1];
    char dialog[256]; /* the text of a dialog that is open */
    bool dialog_open;
    bool window_closed;
};

/* Steps that are being gone through; an inner level is on top of its outer one. */
struct level {
    const json_t *steps;
    size_t index;     /* of the step that is due or under way */
    const char *word; /* "then", a piece's name, …: for reasons */
    bool piece;
    const json_t *each; /* the step whose rows it goes through; NULL: none */
    json_t *rows;       /* their numbers, owned */
    size_t row;         /* place among them */
    char *element;      /* the row; NULL: to be found again */
};

/* The step under way. */
struct step {
    const json_t *json;
    const char *verb;
    int stage;
    int64_t began_ms, deadline_ms;
    int64_t until_ms;  /* until then a condition may come true; not later than the deadline */
    unsigned delay_ms; /* before the last look */
    char *element;     /* what was found */
    char page[32];     /* that it is on; see "left" of page.js */
    unsigned wait_ms;  /* of the next request */
    bool acting;       /* the request under way changes something */
    bool asking;       /* … is a question to the page */
    int asked;         /* what the condition waits for, see verbs.c */
    bool finding_row;
    bool holds;    /* the condition's answer */
    char why[320]; /* … why not */
    bool dialog_known, dialog_open, windows_known;
    char dialog[256];
    size_t windows;
};

/* How far the end of a browser has come. */
struct ending {
    bool looked;    /* searched, until enough were found or the time was up */
    unsigned ended; /* by that */
    bool asked;     /* its driver was asked to end it */
    bool doubt;     /* … without an answer */
};

struct attempt {
    struct browser *browser;
    struct erp_job *job;
    int phase, stage, cleanings; /* phase: webdriver.c's */
    enum section section;
    json_t *vars;
    struct level *levels;
    size_t depth;
    struct step step;
    json_t *frames; /* the path that we are in, resolved; to enter it again */
    size_t entered; /* how many of them we are in */
    int frame_stage;
    bool frames_lost; /* to be entered again */
    char *window;     /* that we are in; NULL: the main one */
    bool at_start;    /* of a section: back in the top document of the main window */
    bool committed;   /* a request that may store the line has left in this attempt */
    bool opens_gate;  /* the next request: what an earlier section has sent is over */
    bool stored;      /* the ERP has confirmed it; another browser has to read it back */
    char cut_off[ORDER_REASON_TEXT_MAX + 1]; /* why the browser reaches the ERP no more; or empty */
    bool renewed;                            /* has logged in a second time */
    bool lost;                               /* the session was lost: log in again */
    bool leaving;                            /* logging out, to close the browser */
    int64_t leave_by_ms;
    bool password_typed;
    int64_t settled_ms; /* not looked up before; see settle_s */
    struct ending ending;
    int64_t appears_ms; /* until then a browser that was asked for may still appear; 0: not known */
    struct found found;
    size_t duplicate_rows; /* lines of our id in this section, where there are several */
    json_t *duplicates;    /* their references, as far as they are known */
    char changed[ORDER_REASON_TEXT_MAX + 1]; /* by the save, besides our line; see verb_unchanged */
    struct failure failure;
    int failure_stage;
    struct failure refusal; /* what was said after the commit: it counts if nothing is found */
    bool ended;             /* verdict and outcome are known; what follows is cleaning up */
    enum erp_verdict verdict;
    struct erp_outcome outcome;
};

struct attempt *attempt_new(struct browser *browser, struct erp_job *job);
void attempt_free(struct attempt *a);

/* Whether a request that may have stored the line has left, in this attempt or an earlier one. */
bool attempt_in_doubt(const struct attempt *a);

/* --- sending --- */

/* A command to the browser: method, path behind the session, body (taken over, may be NULL). */
enum result attempt_send(struct attempt *a, const char *method, const char *command, json_t *body);

/* The same for one that changes something: the one place that knows what commits. command: taken
 * over. */
enum result attempt_act(struct attempt *a, const char *method, char *command, json_t *body);

/* Takes the reply to that: what was done is done, also where it closed the window that it was done
 * in. */
enum result attempt_acted(struct attempt *a, const struct wire_reply *reply);

/* --- what fails, and what is tried again --- */

/* FAILED with these words; code NULL: the error rules are asked. */
enum result attempt_fail(struct attempt *a, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* AGAIN, a little later; FAILED when the step's time is up. message: why. */
enum result attempt_again(struct attempt *a, const char *message);

/* What a reply means that is no WIRE_OK: AGAIN or FAILED. */
enum result attempt_take_error(struct attempt *a, const struct wire_reply *reply);

/* --- where it is: window, section, levels of steps --- */

/* We are in the top document of another window; NULL: of the main one. */
void attempt_enter_window(struct attempt *a, const char *handle);

void attempt_section(struct attempt *a, enum section section);
void attempt_section_again(struct attempt *a); /* from its first step, as it was begun */

/* A level of steps on top. steps NULL or empty: nothing. */
void attempt_push(struct attempt *a, const json_t *steps, const char *word, bool piece);
void attempt_pop(struct attempt *a);

/* The innermost row that we are in, and the one around it; NULL: none. */
struct level *attempt_row(struct attempt *a);
struct level *attempt_outer_row(struct attempt *a, const struct level *inner);

/* The step under way is through, or has put its own steps on top. */
void attempt_step_done(struct attempt *a);

/* Neither a step nor a level is left. */
void attempt_clear_steps(struct attempt *a);

/* "create/3 click" */
void attempt_label(const struct attempt *a, char *text, size_t size);

#endif
