/* From a reason to a verdict. What is said after the commit is no proof that nothing was stored:
 * the look-up decides. */
#include "erp-drivers/http/failure.h"

#include <stdlib.h>
#include <string.h>

#include "common/order/reason.h"
#include "common/template/template.h"
#include "erp-drivers/http/reply.h"
#include "erp-drivers/http/session.h"

#define SHOWN_BYTES 20000

void
failure_drop_login(struct attempt *a)
{
    struct session *session = a->session;

    if (session->number != a->session_number)
        return;
    session->logged_in = false;
    session->expires_ms = 0;
    http_session_clear_kept(session);
}

/* Cookies are sessions, which whoever reads the evidence could take over. */
static void
mask_cookies(char *headers)
{
    static const char name[] = "set-cookie:";

    for (char *line = headers; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncasecmp(line, name, sizeof name - 1) == 0)
            for (char *at = line + sizeof name - 1; *at && !strchr("\r\n", *at); at++)
                *at = '*';
}

/* The exchange that failed, for the person who mends the recipe. A login holds keys. */
static void
add_evidence(struct attempt *a)
{
    char *headers, *text;

    if (!a->reply.is || a->section == LOGIN || !a->reply.request)
        return;
    headers = mem_string(a->reply.headers);
    mask_cookies(headers);
    text =
        mem_format("%s\n\n%d\n%s\n%s\n", a->reply.request, a->reply.status, headers, a->reply.body);
    template_free(headers);
    erp_job_mask(a->job, text); /* before it is cut */
    if (strlen(text) > SHOWN_BYTES)
        text[SHOWN_BYTES] = '\0';
    erp_outcome_evidence(&a->outcome, "txt", text, strlen(text));
}

static enum erp_verdict
verdict_of(struct attempt *a)
{
    const char *code = a->failure.code;
    enum reason_action action;

    action = reason_find(code)->action;
    /* Repeated attempts with a wrong password lock the account. */
    if (a->section == LOGIN && action == REASON_REJECT) {
        a->failure.code = REASON_AUTH_FAILED;
        return ERP_PARK;
    }
    if (action == REASON_RETRY || action == REASON_WAIT)
        return ERP_RETRY;
    return action == REASON_PARK ? ERP_PARK : ERP_REJECT;
}

static void
end(struct attempt *a, enum erp_verdict verdict)
{
    char label[200];

    a->verdict = verdict;
    http_attempt_label(a, label, sizeof label);
    if (verdict == ERP_RETRY)
        erp_end(&a->outcome, verdict, a->failure.code, "%s: %s", label, a->failure.words);
    else
        erp_end(&a->outcome, verdict, a->failure.code, "%s", a->failure.words);
    a->outcome.retry_after_ms = a->failure.retry_after_ms;
    if (a->failure.unexpected || verdict == ERP_REJECT)
        add_evidence(a);
    if (verdict == ERP_PARK) {
        failure_drop_login(a);
        free(a->session->refused);
        a->session->refused = mem_string(a->failure.words);
    }
    a->ended = true;
}

/* Refused before it could be looked up whether an earlier request stored the line. */
static void
doubt(struct attempt *a)
{
    char *words = mem_format("the line may be in the ERP, but the look-up was refused: %s: %s",
                             a->failure.code, a->failure.words);

    text_copy(a->failure.words, sizeof a->failure.words, words);
    a->failure.code = REASON_OUTCOME_UNKNOWN;
    free(words);
}

enum next
failure_conclude(struct attempt *a)
{
    enum erp_verdict verdict;
    bool refused;

    if (strcmp(a->failure.code, REASON_SESSION_LOST) == 0) {
        failure_drop_login(a);
        if (!a->renewed) {
            a->renewed = true;
            return NEXT_LOG_IN;
        }
        a->failure.code = REASON_ERP_FAILURE;
    }
    verdict = verdict_of(a);
    refused = verdict == ERP_REJECT && strcmp(a->failure.code, REASON_OUTCOME_UNKNOWN);
    if (refused && a->committed && (a->section == COMMIT || a->section == VERIFY)) {
        a->refusal = a->failure;
        return NEXT_LOOK_UP;
    }
    if (refused && a->section == LOOKUP && http_attempt_in_doubt(a))
        doubt(a);
    end(a, verdict);
    return NEXT_END;
}
