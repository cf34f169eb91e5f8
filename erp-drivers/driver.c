/* Helpers of all drivers: requests that free what they own, and outcomes in one line. */
#include "erp-drivers/driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/json/mask.h"
#include "common/order/reason.h"
#include "common/template/template.h"

#define TOO_MANY_REQUESTS 429
#define UNAVAILABLE 503

void
erp_request_header(struct erp_request *request, const char *format, ...)
{
    va_list arguments;
    char *line;

    va_start(arguments, format);
    if (vasprintf(&line, format, arguments) < 0)
        die_abort("out of memory");
    va_end(arguments);
    request->headers =
        mem_resize(request->headers, (request->header_count + 2) * sizeof *request->headers);
    request->headers[request->header_count++] = line;
    request->headers[request->header_count] = NULL;
}

static void
free_wiped(char *text, size_t length)
{
    if (text)
        secret_wipe(text, length);
    free(text);
}

/* Bodies, headers and the URL of a login may contain a password or a session key. */
void
erp_request_clear(struct erp_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        free_wiped(request->headers[i], strlen(request->headers[i]));
    free(request->headers);
    free_wiped(request->body, request->body_length);
    free_wiped(request->url, request->url ? strlen(request->url) : 0);
    free(request->target);
    *request = (struct erp_request){0};
}

char *
erp_job_basic(const struct erp_job *job)
{
    const struct credentials *auth = job->auth;
    char *plain, *text;

    if (!auth || !auth->username || !auth->password)
        return NULL;
    plain = mem_format("%s:%s", auth->username, auth->password);
    text = secret_base64(plain, strlen(plain));
    template_free(plain);
    return text;
}

void
erp_job_mask(const struct erp_job *job, char *text)
{
    char *basic = erp_job_basic(job);

    if (basic)
        secret_mask(text, basic);
    template_free(basic);
    if (job->auth && job->auth->password)
        mask_password(text, job->auth->password);
    mask_secrets(text, job->secrets);
}

enum erp_verdict
erp_end(struct erp_outcome *outcome, enum erp_verdict verdict, const char *reason_code,
        const char *format, ...)
{
    char message[2 * sizeof outcome->reason_text];
    va_list arguments;

    *outcome = (struct erp_outcome){.reason_code = reason_code};
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);

    text_copy(outcome->reason_text, sizeof outcome->reason_text, message);
    text_clean(outcome->reason_text);
    return verdict;
}

void
erp_outcome_evidence(struct erp_outcome *outcome, const char *kind, char *bytes, size_t length)
{
    if (outcome->evidence_count == ERP_EVIDENCE_MAX)
        free(bytes);
    else
        outcome->evidence[outcome->evidence_count++] = (struct erp_evidence){kind, bytes, length};
}

void
erp_outcome_clear(struct erp_outcome *outcome)
{
    for (size_t i = 0; i < outcome->evidence_count; i++)
        free(outcome->evidence[i].bytes);
    *outcome = (struct erp_outcome){.reason_code = ""};
}

static const char *
technical_code(const struct erp_reply *reply)
{
    if (!reply->complete)
        return REASON_ERP_UNREACHABLE;
    if (reply->status == TOO_MANY_REQUESTS || reply->status == UNAVAILABLE)
        return REASON_ERP_BUSY;
    return reply->status >= 500 ? REASON_ERP_FAILURE : NULL;
}

bool
erp_reply_technical(const struct erp_reply *reply, const char *what, struct erp_outcome *outcome)
{
    const char *code = technical_code(reply);

    if (!code)
        return false;
    if (reply->error)
        erp_end(outcome, ERP_RETRY, code, "%s: %s", what, reply->error);
    else if (reply->complete)
        erp_end(outcome, ERP_RETRY, code, "%s: status %d", what, reply->status);
    else
        erp_end(outcome, ERP_RETRY, code, "%s: %s", what,
                reply->sent ? "the connection was lost before the reply arrived"
                            : "cannot connect");
    outcome->retry_after_ms = reply->retry_after_ms;
    return true;
}
