/* One line for each request and one for each reply. */
#include "worker/delivery/trace.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/template/template.h"

#define BODY_BYTES_MAX 2000
#define PASSWORD_BYTES_MAX 4096 /* as URLs encode it */
#define MASKABLE_BYTES_MIN 4    /* secret_mask skips shorter ones: they are in ordinary words */

/* A copy of the first bytes of text without the password. Masked before it is cut, so that no part
 * of a password is left at the end. */
static char *
masked(const struct erp_job *job, const char *text)
{
    char *copy = mem_format("%.*s", BODY_BYTES_MAX + PASSWORD_BYTES_MAX, text);

    erp_job_mask(job, copy);
    return copy;
}

static bool
is_shown(const struct erp_job *job)
{
    const char *password = job->auth ? job->auth->password : NULL;

    return !job->request.secret && (!password || strlen(password) >= MASKABLE_BYTES_MIN);
}

static void
log_body(const struct erp_job *job, const char *head, const char *body, size_t length)
{
    const char *uniqueid = job->order ? job->order->uniqueid : NULL;
    bool shown = is_shown(job) && length;
    char *text = shown ? masked(job, body) : NULL;

    log_debug(uniqueid, "%s, %zu bytes%s%.*s%s", head, length, shown ? ": " : "", BODY_BYTES_MAX,
              text ?: "", shown && length > BODY_BYTES_MAX ? " …" : "");
    template_free(text);
}

void
trace_request(const struct erp_job *job)
{
    const struct erp_request *request = &job->request;
    char *url, *head;

    if (!log_is_verbose() || request->kind != ERP_HTTP)
        return;
    url = masked(job, request->url);
    head = mem_format("-> %s %s (%s)", request->method, url, request->what ?: "request");
    log_body(job, head, request->body, request->body_length);
    free(head);
    template_free(url);
}

void
trace_reply(const struct erp_job *job, const struct erp_reply *reply)
{
    char *head;

    if (!log_is_verbose() || job->request.kind != ERP_HTTP)
        return;
    head = reply->complete
               ? mem_format("<- %d (%s)", reply->status, job->request.what ?: "request")
               : mem_format("<- %s (%s): %s", reply->sent ? "incomplete reply" : "no reply",
                            job->request.what ?: "request", reply->error ?: "unknown error");
    log_body(job, head, reply->body, reply->body_length);
    free(head);
}
