/* One file per order, in a folder that an importer may empty at any time.
 *
 * The content is written under a name that importers ignore, and is on disk before the one request
 * that commits: the rename. So after that request the file has one of its two names, or an importer
 * took it, or the folder is no longer the same: then a person has to check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"
#include "erp-drivers/file/file.h"
#include "erp-drivers/file/record.h"
#include "erp-drivers/file/worksheets.h"

#define OK 200
#define NOT_FOUND 404

struct file_session {
    struct file_format format;
    char *folder;           /* without a trailing slash */
    const char *worksheets; /* the name of a file in it; NULL: not configured */
};

struct file_attempt {
    const struct file_step *step;
    bool commit_sent; /* before this attempt */
    bool rewritten;
    char *name; /* including its extension */
    char *path;
    char *aside;
    char *content;
    char *worksheets; /* a path; NULL: not configured */
};

enum step_name {
    LOOK,
    LOOK_ASIDE,
    LOOK_FOLDER,
    WRITE,
    RENAME,
    SYNC,
    CHECK,
    REPORT,
    REACH,
    REACH_FOLDER
};

typedef enum erp_verdict file_result(struct file_session *session, struct erp_job *job,
                                     const struct erp_reply *reply, struct erp_outcome *outcome);

/* A request and what its status means. */
struct file_step {
    const char *what;
    enum erp_request_kind kind;
    bool commits;
    file_result *found, *missing; /* NULL: go on with `next` */
    enum step_name next;
};

static const struct file_step steps[];

static enum erp_verdict
go_on(struct erp_job *job, enum step_name next)
{
    struct file_attempt *attempt = job->state;

    attempt->step = &steps[next];
    return ERP_SEND;
}

static bool
holds_order(const struct file_session *session, const struct erp_job *job,
            const struct erp_reply *reply)
{
    return file_record_same(&session->format, reply->body ? reply->body : "", reply->body_length,
                            job->order, job->workshop);
}

static enum erp_verdict
created(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
        struct erp_outcome *outcome)
{
    const struct file_attempt *attempt = job->state;

    (void)session;
    (void)reply;
    erp_end(outcome, ERP_CREATED, NULL, "%s", "");
    text_copy(outcome->reference, sizeof outcome->reference, attempt->name);
    return ERP_CREATED;
}

/* Most likely an importer was fast. But an unmounted share looks the same, and then the line would
 * be lost. */
static enum erp_verdict
neither_there(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
              struct erp_outcome *outcome)
{
    const struct file_attempt *attempt = job->state;

    (void)reply;
    return erp_end(outcome, ERP_REJECT, REASON_OUTCOME_UNKNOWN,
                   "%s is not in %s: either an importer took it before the outcome was recorded, "
                   "or the folder has changed",
                   attempt->name, session->folder);
}

static enum erp_verdict
folder_missing(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
               struct erp_outcome *outcome)
{
    (void)job;
    (void)reply;
    return erp_end(outcome, ERP_RETRY, REASON_ERP_UNREACHABLE, "the folder %s does not exist",
                   session->folder);
}

static enum erp_verdict
file_found(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
           struct erp_outcome *outcome)
{
    const struct file_attempt *attempt = job->state;

    if (holds_order(session, job, reply))
        return go_on(job, SYNC);
    erp_end(outcome, ERP_REJECT, REASON_ERP_REJECTED,
            "the file %s exists, but does not match the order", attempt->name);
    text_copy(outcome->reference, sizeof outcome->reference, attempt->name);
    return ERP_REJECT;
}

/* A file still here was not renamed. It may be incomplete, or older than a correction. */
static enum erp_verdict
aside_found(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
            struct erp_outcome *outcome)
{
    (void)outcome;
    return go_on(job, holds_order(session, job, reply) ? RENAME : WRITE);
}

static enum erp_verdict
aside_missing(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
              struct erp_outcome *outcome)
{
    const struct file_attempt *attempt = job->state;

    (void)session;
    (void)reply;
    (void)outcome;
    return go_on(job, attempt->commit_sent ? LOOK_FOLDER : WRITE);
}

/* Nothing was renamed: someone removed the file. The next attempt could not distinguish that from
 * an importer, so this one writes it again. */
static enum erp_verdict
aside_gone(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
           struct erp_outcome *outcome)
{
    struct file_attempt *attempt = job->state;

    if (attempt->rewritten)
        return folder_missing(session, job, reply, outcome);
    attempt->rewritten = true;
    return go_on(job, WRITE);
}

/* --- questions --- */

static enum erp_verdict
answered(struct erp_outcome *outcome)
{
    return erp_end(outcome, ERP_CREATED, NULL, "%s", "");
}

static enum erp_verdict
worksheets_found(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
                 struct erp_outcome *outcome)
{
    char title[sizeof job->facts->title];

    if (!file_worksheets_find(reply->body ? reply->body : "", reply->body_length,
                              session->format.delimiter, job->order->worksheet, title,
                              sizeof title))
        return erp_end(outcome, ERP_REJECT, REASON_WORKSHEET_NOT_FOUND,
                       "worksheet %s is not listed as open in %s", job->order->worksheet,
                       session->worksheets);
    erp_facts_open(job->facts, title);
    return answered(outcome);
}

static enum erp_verdict
worksheets_missing(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
                   struct erp_outcome *outcome)
{
    (void)reply;
    snprintf(job->facts->state_text, sizeof job->facts->state_text, "%s is not in %.300s",
             session->worksheets, session->folder);
    return answered(outcome);
}

static enum erp_verdict
report_found(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
             struct erp_outcome *outcome)
{
    const struct file_attempt *attempt = job->state;

    job->facts->line = holds_order(session, job, reply) ? ERP_LINE_SAME : ERP_LINE_CHANGED;
    text_copy(job->facts->reference, sizeof job->facts->reference, attempt->name);
    return answered(outcome);
}

/* An importer is there to take it. */
static enum erp_verdict
report_missing(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
               struct erp_outcome *outcome)
{
    const struct file_attempt *attempt = job->state;

    (void)reply;
    return erp_end(outcome, ERP_REJECT, REASON_OUTCOME_UNKNOWN,
                   "%s is no longer in %s: an importer has taken it", attempt->name,
                   session->folder);
}

static enum erp_verdict
reached(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
        struct erp_outcome *outcome)
{
    (void)session;
    (void)job;
    (void)reply;
    return answered(outcome);
}

static const struct file_step steps[] = {
    [LOOK] = {"look-up", ERP_FILE_READ, .found = file_found, .next = LOOK_ASIDE},
    [LOOK_ASIDE] = {"look-up", ERP_FILE_READ, .found = aside_found, .missing = aside_missing},
    /* In a removed folder neither file is found, which does not prove that an importer took it. If
     * the folder exists, the errors differ. */
    [LOOK_FOLDER] = {"folder", ERP_FILE_READ, .found = neither_there, .missing = folder_missing},
    [WRITE] = {"write", ERP_FILE_WRITE, .missing = folder_missing, .next = RENAME},
    [RENAME] = {"rename", ERP_FILE_RENAME, true, .found = created, .missing = aside_gone},
    /* Renamed onto itself: the rename that put it there may not be on disk yet. */
    [SYNC] = {"sync", ERP_FILE_RENAME, .found = created, .missing = created},
    [CHECK] = {"worksheets", ERP_FILE_READ, .found = worksheets_found,
               .missing = worksheets_missing},
    [REPORT] = {"look-up", ERP_FILE_READ, .found = report_found, .missing = report_missing},
    /* Of a file that does not exist: who may look for it has access to the folder. */
    [REACH] = {"folder", ERP_FILE_READ, .next = REACH_FOLDER},
    [REACH_FOLDER] = {"folder", ERP_FILE_READ, .found = reached, .missing = folder_missing},
};

static enum step_name
first_step(enum erp_purpose purpose)
{
    static const enum step_name first[] = {
        [ERP_PLACE] = LOOK, [ERP_CHECK] = CHECK, [ERP_LOOK_UP] = REPORT, [ERP_LOG_IN] = REACH};

    return first[purpose];
}

static struct file_attempt *
attempt_new(const struct file_session *session, const struct erp_job *job)
{
    struct file_attempt *attempt = mem_alloc(sizeof *attempt);
    char *name = file_record_name(job->order->uniqueid);

    attempt->step = &steps[first_step(job->purpose)];
    attempt->commit_sent = job->order->commit_sent;
    attempt->name = mem_format("%s.%s", name, session->format.json ? "json" : "csv");
    attempt->path = mem_format("%s/%s", session->folder, attempt->name);
    attempt->aside = mem_format("%s/.%s.tmp", session->folder, name);
    attempt->content = file_record(&session->format, job->order, job->workshop);
    if (session->worksheets)
        attempt->worksheets = mem_format("%s/%s", session->folder, session->worksheets);
    free(name);
    return attempt;
}

static void
fill_request(const struct file_session *session, struct erp_job *job)
{
    const struct file_attempt *attempt = job->state;
    const struct file_step *step = attempt->step;
    const char *paths[] = {[LOOK] = attempt->path,          [LOOK_ASIDE] = attempt->aside,
                           [LOOK_FOLDER] = session->folder, [WRITE] = attempt->aside,
                           [RENAME] = attempt->aside,       [SYNC] = attempt->path,
                           [CHECK] = attempt->worksheets,   [REPORT] = attempt->path,
                           [REACH] = attempt->aside,        [REACH_FOLDER] = session->folder};

    job->request.kind = step->kind;
    job->request.what = step->what;
    job->request.commits = step->commits;
    job->request.url = mem_string(paths[step - steps]);
    if (step->kind == ERP_FILE_RENAME)
        job->request.target = mem_string(attempt->path);
    if (step->kind == ERP_FILE_WRITE) {
        job->request.body = mem_string(attempt->content);
        job->request.body_length = strlen(attempt->content);
    }
}

static enum erp_verdict
take_reply(struct file_session *session, struct erp_job *job, const struct erp_reply *reply,
           struct erp_outcome *outcome)
{
    const struct file_attempt *attempt = job->state;
    const struct file_step *step = attempt->step;
    file_result *result;

    if (reply->complete && (reply->status == OK || reply->status == NOT_FOUND)) {
        result = reply->status == OK ? step->found : step->missing;
        return result ? result(session, job, reply, outcome) : go_on(job, step->next);
    }
    if (reply->complete && step == &steps[LOOK_FOLDER])
        return neither_there(session, job, reply, outcome);
    if (reply->complete && step == &steps[REACH_FOLDER])
        return reached(session, job, reply, outcome);
    if (!erp_reply_technical(reply, step->what, outcome))
        erp_end(outcome, ERP_RETRY, REASON_ERP_FAILURE, "%s: status %d", step->what, reply->status);
    return ERP_RETRY;
}

static enum erp_verdict
file_step(void *handle, struct erp_job *job, const struct erp_reply *reply,
          struct erp_outcome *outcome)
{
    struct file_session *session = handle;
    enum erp_verdict verdict = ERP_SEND;

    if (!job->state)
        job->state = attempt_new(session, job);
    if (reply)
        verdict = take_reply(session, job, reply, outcome);
    if (verdict == ERP_SEND)
        fill_request(session, job);
    return verdict;
}

static void
file_job_free(void *handle, struct erp_job *job)
{
    struct file_attempt *attempt = job->state;

    (void)handle;
    if (!attempt)
        return;
    free(attempt->name);
    free(attempt->path);
    free(attempt->aside);
    free(attempt->content);
    free(attempt->worksheets);
    free(attempt);
    job->state = NULL;
}

static void *
file_session_new(const json_t *erp)
{
    struct file_session *session = mem_alloc(sizeof *session);
    size_t length;

    file_format_read(&session->format, erp);
    session->worksheets = json_string_value(json_object_get(erp, "worksheets"));
    session->folder = mem_string(json_string_value(json_object_get(erp, "folder")));
    for (length = strlen(session->folder); length > 1 && session->folder[length - 1] == '/';)
        session->folder[--length] = '\0';
    return session;
}

static void
file_session_free(void *handle)
{
    struct file_session *session = handle;

    free(session->folder);
    free(session);
}

static bool
file_can_check(const json_t *erp)
{
    return json_object_get(erp, "worksheets") != NULL;
}

const struct erp_driver *
file_driver(void)
{
    static const struct erp_driver driver = {.system = "file",
                                             .max_in_flight = 32,
                                             .can_look_up = true,
                                             .session_new = file_session_new,
                                             .session_free = file_session_free,
                                             .step = file_step,
                                             .job_free = file_job_free,
                                             .can_check = file_can_check};

    return &driver;
}
