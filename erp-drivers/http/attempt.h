/* One attempt at one order by an HTTP API: its state, and the session that attempts share.
 *
 * The files build on each other in this order: attempt (state, failures), reply (what came back),
 * value (texts and variables), condition, rules (error rules), body (JSON bodies), request (what a
 * step sends), answer (what its reply means), verbs (the other verbs), run (a section's steps),
 * failure (what a failure means for the order) and http (from section to section). */
#ifndef ERP_DRIVERS_HTTP_ATTEMPT_H
#define ERP_DRIVERS_HTTP_ATTEMPT_H

#include "common/recipe/recipe.h"
#include "erp-drivers/driver.h"
#include "erp-drivers/engine/verbs.h"

enum section { LOGIN, LOOKUP, CREATE, COMMIT, VERIFY, UNDO, CHECK, LOGOUT, SECTION_COUNT };

/* What a function that goes through steps came to. */
enum result {
    SENT, /* the job's request is filled */
    DONE,
    FAILED /* attempt.failure says why */
};

struct attempt;
struct xml;

struct session {
    const json_t *recipe, *options;
    char *url;      /* of the ERP, without a slash at its end */
    json_t *kept;   /* values by name, such as a token; all that is stored, too */
    json_t *stored; /* those that outlive the session */
    json_t *seen;   /* rules that count only when seen twice: by index, when they were seen first */
    char *memory;   /* stored and seen, as text; guarded */
    bool logged_in;
    bool left_open;     /* by a process that is gone, with a token that is lost */
    uint64_t number;    /* tells one login from the next */
    int64_t expires_ms; /* of what is kept; 0: never */
    int64_t next_ms;    /* no request leaves before, see requests_per_s */
    unsigned timeout_ms;
    const struct attempt *logging_in, *holder; /* holder: the order that is being worked on */
    char *refused;                             /* words of the refusal; NULL: not refused */
};

enum reply_type { REPLY_EMPTY, REPLY_JSON, REPLY_HTML, REPLY_XML, REPLY_TEXT };

/* The last exchange. */
struct reply {
    bool is;
    int status;
    enum reply_type type;
    char *headers, *body;
    struct xml *xml; /* NULL: it is none */
    json_t *json;    /* numbers with a fraction are marked: json_number_mark */
    int64_t retry_after_ms;
    char *request;    /* as it is shown as evidence; empty where the request was secret */
    const char *name; /* of its step; NULL: none */
};

struct failure {
    const char *code; /* static; outcome_unknown: the engine's own; NULL: none */
    char words[ORDER_REASON_TEXT_MAX + 1];
    int64_t retry_after_ms;
    bool unexpected; /* the recipe does not know this: the exchange is evidence */
};

/* The pages of a request. */
struct paging {
    json_t *rows, *last; /* owned; rows NULL: none are being read */
    size_t count;
    char *next; /* the URL of the next one, as the ERP says it; owned */
};

struct attempt {
    struct engine engine;
    struct session *session;
    struct erp_job *job;
    enum section section;
    bool
        second_look; /* the look-up right before the commit, where an earlier request may be late */
    json_t *vars, *kept_vars; /* kept_vars: from before the second look-up */
    struct reply reply;
    struct paging paging;
    bool committed; /* a request that may store the line has left in this attempt */
    bool touched;   /* create has sent what may have changed something */
    bool renewed;   /* has logged in a second time */
    bool logging_in;
    bool begun;
    uint64_t session_number; /* of the login that the request under way uses */
    unsigned wait_ms;        /* before the next request */
    int64_t settled_ms;      /* not looked up before; see settle_s */
    struct failure failure;
    struct failure refusal; /* what was said after the commit: counts if nothing is found */
    bool ended;             /* verdict and outcome are known */
    enum erp_verdict verdict;
    struct erp_outcome outcome;
    char *scratch; /* a value as text */
};

struct attempt *http_attempt_new(struct session *session, struct erp_job *job,
                                 const struct engine_calls *calls);
void http_attempt_free(struct attempt *a);

/* Whether a request that may have stored the line has left, in this attempt or an earlier one. */
bool http_attempt_in_doubt(const struct attempt *a);

/* As in the recipe. */
const char *http_attempt_section_name(const struct attempt *a);

/* FAILED with these words. */
enum result http_attempt_fail(struct attempt *a, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what the recipe does not know: erp_failure, with the exchange as evidence. */
enum result http_attempt_unexpected(struct attempt *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The last exchange in one line, without secrets: "GET /lines: status 500, WHAT: No such table";
 * template_free() it. */
char *http_attempt_reply_words(const struct attempt *a, const char *what);

void http_attempt_section(struct attempt *a, enum section section);
void http_attempt_clear_steps(struct attempt *a);
void http_attempt_paging_end(struct attempt *a);

/* "create/3" */
void http_attempt_label(const struct attempt *a, char *text, size_t size);

#endif
