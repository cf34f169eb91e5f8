/* One attempt at one order in a browser: what its parts share.
 *
 * webdriver.c has the walk from phase to phase, webdriver_browser.c knows browsers,
 * webdriver_life.c opens and ends them, webdriver_run.c goes through a section's steps,
 * webdriver_steps.c, webdriver_acts.c and webdriver_list.c have the verbs, webdriver_ask.c asks the
 * page, webdriver_twins.c meets two lines of one id, webdriver_failure.c finds out what a failure
 * means, webdriver_evidence.c keeps what shows it, and webdriver_trace.c tells a trial. */
#ifndef ERP_DRIVERS_WEBDRIVER_ATTEMPT_H
#define ERP_DRIVERS_WEBDRIVER_ATTEMPT_H

#include "common/recipe/recipe.h"
#include "erp-drivers/driver.h"
#include "erp-drivers/webdriver/dryrun.h"
#include "erp-drivers/webdriver/wire.h"

/* The driver's session: one browser, or none. */
struct browser {
    const json_t *recipe, *options, *setup; /* setup: erp.browser */
    const char *mark; /* of our browsers' processes; NULL: they can't be swept */
    char *url;        /* of the browser's driver */
    const char *erp_url;
    const char *proxy;   /* that the browser reaches the ERP through, HOST:PORT; NULL: none */
    unsigned timeout_ms; /* of one command */
    char *id;            /* WebDriver's session; NULL: no browser is open */
    char *main_window;
    char *note;    /* see session_note; NULL: no browser */
    bool starting; /* one was asked for, and no answer says what became of it; id is NULL */
    bool logged_in;
    bool dirty;   /* the last attempt left it in the middle of something */
    bool useless; /* it must be closed before anything else */
    unsigned orders;
    int64_t opened_ms;
    webdriver_tell *tell; /* NULL: no trial */
    void *tell_arg;
};

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
    char page[32];     /* that it is on; see "left" of webdriver_page.c */
    unsigned wait_ms;  /* of the next request */
    bool acting;       /* the request under way changes something */
    bool asking;       /* … is a question to the page */
    int asked;         /* what the condition waits for, see webdriver_condition.c */
    bool finding_row;
    bool holds;    /* the condition's answer */
    char why[320]; /* … why not */
    bool dialog_known, dialog_open, windows_known;
    char dialog[256];
    size_t windows;
};

struct found {
    bool is;
    char *reference, *product_nr, *amount, *worksheet;
};

/* How far the end of a browser has come. */
struct ending {
    bool looked;    /* swept, until enough were found or the time was up */
    unsigned ended; /* by that */
    bool asked;     /* its driver was asked to end it */
    bool doubt;     /* … without an answer */
};

struct attempt {
    struct browser *browser;
    struct erp_job *job;
    int phase, stage, cleanings; /* webdriver.c's */
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
    size_t twin_rows; /* lines of our id in this section, where there are several */
    json_t *twins;    /* their references, as far as they are known */
    char changed[ORDER_REASON_TEXT_MAX + 1]; /* by the save, besides our line; see do_unchanged */
    struct failure failure;
    int failure_stage;
    struct failure refusal; /* what was said after the commit: it counts if nothing is found */
    bool ended;             /* verdict and outcome are known; what follows is cleaning up */
    enum erp_verdict verdict;
    struct erp_outcome outcome;
};

/* --- sending (webdriver_run.c) --- */

/* A command to the browser: method, path behind the session, body (taken over, may be NULL). */
enum result send_command(struct attempt *a, const char *method, const char *command, json_t *body);

/* The same for one that changes something: the one place that knows what commits. */
enum result send_act(struct attempt *a, const char *method, char *command, json_t *body);

/* FAILED with these words; code NULL: the error rules are asked. */
enum result fail_with(struct attempt *a, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a reply means that is no WIRE_OK: AGAIN or FAILED. */
enum result take_trouble(struct attempt *a, const struct wire_reply *reply);

/* --- steps (webdriver_run.c) --- */

void run_section(struct attempt *a, enum section section);
void run_section_again(struct attempt *a); /* from its first step, as it was begun */

/* DONE: the section is through. */
enum result run_continue(struct attempt *a, const struct wire_reply *reply);
void run_clear(struct attempt *a);

/* The step under way is through, or has put its own steps on top. */
void run_step_done(struct attempt *a);

/* The browser reaches the ERP no more: what is still waited for comes at once or never. */
void run_cut_off(struct attempt *a, const char *why);

/* We are in the top document of another window; NULL: of the main one. */
void run_enter_window(struct attempt *a, const char *handle);

/* A level of steps on top. steps NULL or empty: nothing. */
void run_push(struct attempt *a, const json_t *steps, const char *word, bool piece);

/* The innermost row that we are in, and the one around it; NULL: none. */
struct level *run_row(struct attempt *a);
struct level *run_outer_row(struct attempt *a, const struct level *inner);

/* AGAIN, a little later; FAILED when the step's time is up. words: why. */
enum result run_again(struct attempt *a, const char *message);

void found_clear(struct found *found);

/* The function of a verb. reply: NULL in the first call and after AGAIN. */
typedef enum result step_function(struct attempt *a, const struct wire_reply *reply);
step_function *step_find(const char *verb);

/* "create/3 click" */
void run_label(const struct attempt *a, char *text, size_t size);

/* --- asking the page (webdriver_ask.c, webdriver_condition.c) --- */

/* A text with its values; template_free() it. NULL: FAILED is set. */
char *ask_text(struct attempt *a, const json_t *text);

/* A variable; value is copied. */
void ask_set(struct attempt *a, const char *name, const char *value);

/* A copy of a value with all its templates expanded; NULL: FAILED is set. */
json_t *ask_resolve(struct attempt *a, const json_t *value);

/* An array of what `one` makes of each element; NULL where it gives NULL: FAILED is set. */
json_t *ask_each(struct attempt *a, const json_t *array,
                 json_t *(*one)(struct attempt *a, const json_t *element));

/* Asks op with its members (taken over; NULL: FAILED is set already), finding the row first that
 * they are about. */
enum result ask(struct attempt *a, const char *op, json_t *question);

/* The same where no row is meant. */
enum result ask_plainly(struct attempt *a, const char *op, json_t *question);

/* Asks for the rules that hold at once, and nothing else: the answer is no, why, or a rule. */
enum result ask_rules_alone(struct attempt *a, const char *why);

/* The error rules for the page: all, or those that a waiting step looks at; an array. */
json_t *ask_rules(struct attempt *a, bool at_once);

/* Asks for an element; need is "present", "enabled", "type" or "click". */
enum result ask_element(struct attempt *a, const json_t *locator, const char *need);

/* Takes an answer: DONE with *yes, and step.why where it is no. */
enum result ask_take(struct attempt *a, const struct wire_reply *reply, bool *yes);

/* The same where only yes will do: it is asked again until the time is up. */
enum result ask_until(struct attempt *a, const struct wire_reply *reply);

/* Keeps the element of an answer as step.element. */
enum result ask_found(struct attempt *a, const struct wire_reply *reply);

/* A condition: DONE with step.holds, and step.why where it does not. reply: NULL to begin. */
enum result ask_condition(struct attempt *a, const json_t *condition,
                          const struct wire_reply *reply);

/* What of a condition the page must answer; the rest is in it as constants. NULL: FAILED is set. */
json_t *condition_reduce(struct attempt *a, const json_t *condition);

/* Enters the frames of a->frames, from the top document. DONE: all are entered. */
enum result ask_frames(struct attempt *a, const struct wire_reply *reply);

/* Looks for the rows of an each, or asks for a list; row: the row that "row" means among its
 * locators. */
enum result ask_rows(struct attempt *a, const json_t *step, const struct level *row);

/* --- several lines of one id (webdriver_twins.c) --- */

/* Whether so many rows of an each are lines of our id: then it goes through one alone, the first
 * whose reference is not known. */
bool twins_are(struct attempt *a, const json_t *each, size_t count);

/* attempt.found is one of them. DONE: on to the next; FAILED: all are known. */
enum result twins_add(struct attempt *a);

/* At the end of a section. FAILED: there were several, and not each was said to be found. */
enum result twins_end(struct attempt *a);

/* --- browsers (webdriver_browser.c) --- */

struct browser *browser_new(const json_t *erp);
void browser_free(struct browser *b);

/* The body of the request that opens one. */
json_t *browser_capabilities(const struct browser *b);
void browser_starting(struct browser *b);
void browser_opened(struct browser *b, const char *id, int64_t now_ms);
void browser_forget(struct browser *b);

/* It has served its orders or its time. */
bool browser_is_due(const struct browser *b, int64_t now_ms);

/* As session_note and session_adopt of the contract. */
const char *browser_note(const struct browser *b);
void browser_adopt(struct browser *b, const char *note);

/* --- opening and ending (webdriver_life.c) --- */

/* Opens a browser, where there is none. DONE: it shows its main window; FAILED: attempt.ended, with
 * what there may be of it left to life_end. reply: NULL to begin. */
enum result life_open(struct attempt *a, const struct wire_reply *reply);

/* Whether there is anything to be ended. */
bool life_is_on(const struct browser *b);

/* Ends it, by its driver or off this machine. DONE: it is gone; or it is still noted, since nobody
 * knows whether it is. reply: NULL to begin. */
enum result life_end(struct attempt *a, const struct wire_reply *reply);

/* --- ends (webdriver_failure.c) --- */

/* Whether a request that may have stored the line has left, in this attempt or an earlier one. */
bool attempt_in_doubt(const struct attempt *a);

/* FAILED by the error rule of this number; words: what the page says; NULL: nothing. */
enum result failure_rule(struct attempt *a, json_int_t number, const char *message);

/* Finds out what attempt.failure means. DONE: attempt.ended and how, or else it goes on with a new
 * log-in (attempt.lost) or a look-up (attempt.refusal). reply: NULL to begin. */
enum result failure_continue(struct attempt *a, const struct wire_reply *reply);

/* Looks whether an error rule holds after the commit: DONE: none does. reply: NULL to begin. */
enum result failure_look(struct attempt *a, const struct wire_reply *reply);

/* Ends by what was found against what was ordered; amount_code: where the amount alone differs. */
void failure_compare(struct attempt *a, const char *amount_code);

/* --- evidence (webdriver_evidence.c) --- */

/* Adds to the outcome what a reply's value holds; nothing where it is none. */
void evidence_picture(struct attempt *a, const json_t *value);
void evidence_source(struct attempt *a, const json_t *value);

/* A picture's bytes from a reply's value; the caller frees them. NULL: it is none. */
char *evidence_png(const json_t *value, size_t *length);

/* Masks the password in text, as it is or as a page may have escaped it. */
void evidence_mask(char *text, const char *password);

/* --- a trial (webdriver_trace.c): nothing where there is none --- */

void trace_begins(const struct attempt *a);
void trace_sets(const struct attempt *a, const char *name, const char *value);
void trace_ends(const struct attempt *a, enum result result);
void trace_fails(const struct attempt *a);
void trace_renews(const struct attempt *a);

#endif
