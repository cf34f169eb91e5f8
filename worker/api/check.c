/* GET /worksheets/{worksheet}: asks the ERP before pumping. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/loop.h"
#include "common/base/text_value.h"
#include "common/order/reason.h"
#include "common/order/rules.h"
#include "worker/api/internal.h"
#include "worker/delivery/inquiry.h"

#define PATIENCE_MS 4500 /* the contract's 5 s, less the way back */
#define KEPT_MS 2000     /* who asks twice gets the same answer */
#define UNHEARD_MS 10000 /* … and who asks again after a 504 the one that came since */
#define KEPT_MAX 16

/* One question; without a call, it was answered by 504. */
struct api_asking {
    struct api *api;
    struct api_asking *next;
    struct call *call;
    struct order asked; /* as the client says it */
    struct err refused; /* what the workshop's own rules refuse of it; code empty: nothing */
    struct inquiry *inquiry;
    struct event *timer;
};

/* An answer that may be given once more. */
struct api_checked {
    struct order asked;
    json_t *answer;
    int64_t at_ms, until_ms; /* monotonic */
};

/* --- answers --- */

static bool
is_same(const struct order *a, const struct order *b)
{
    return strcmp(a->worksheet, b->worksheet) == 0 && strcmp(a->product_nr, b->product_nr) == 0 &&
           strcmp(a->product_amount, b->product_amount) == 0;
}

static struct api_checked *
kept_find(struct api *api, const struct order *asked)
{
    int64_t now_ms = clock_monotonic_ms();

    for (size_t i = 0; api->checked && i < KEPT_MAX; i++) {
        struct api_checked *kept = &api->checked[i];

        if (kept->answer && now_ms < kept->until_ms && is_same(&kept->asked, asked))
            return kept;
    }
    return NULL;
}

static void
keep(struct api *api, const struct order *asked, const json_t *answer, int64_t for_ms)
{
    int64_t now_ms = clock_monotonic_ms();
    struct api_checked *oldest;

    if (!api->checked)
        api->checked = mem_alloc(KEPT_MAX * sizeof *api->checked);
    oldest = api->checked;
    for (size_t i = 1; i < KEPT_MAX; i++)
        if (api->checked[i].at_ms < oldest->at_ms)
            oldest = &api->checked[i];
    json_decref(oldest->answer);
    *oldest = (struct api_checked){.asked = *asked,
                                   .answer = json_deep_copy(answer),
                                   .at_ms = now_ms,
                                   .until_ms = now_ms + for_ms};
}

/* The worksheet and product are named as the client has named them. */
static json_t *
answer_of(const struct erp_facts *facts, const struct order *asked)
{
    json_t *answer = erp_facts_json(facts, asked);
    char now[CLOCK_TEXT_BYTES];

    clock_text(clock_wall_ms(), now);
    json_object_set_new(answer, "checked_at", json_string(now));
    return answer;
}

static void
reply_unknown(struct call *call, const struct order *asked, const char *why)
{
    struct erp_facts facts = {.state = NULL};

    text_copy(facts.state_text, sizeof facts.state_text, why);
    call_reply(call, 200, answer_of(&facts, asked));
}

/* --- a question under way --- */

static void
asking_free(struct api_asking *asking)
{
    for (struct api_asking **link = &asking->api->askings; *link; link = &(*link)->next)
        if (*link == asking) {
            *link = asking->next;
            break;
        }
    event_free(asking->timer);
    free(asking);
}

static void
refuse(struct api_asking *asking, const struct erp_outcome *outcome)
{
    struct err err;

    if (!asking->call)
        return;
    err_set(&err, outcome->reason_code, "%s", outcome->reason_text);
    api_unavailable(asking->call, &err);
}

static void
on_answer(enum erp_verdict verdict, const struct erp_outcome *outcome,
          const struct erp_facts *facts, void *arg)
{
    struct api_asking *asking = arg;
    struct erp_facts all = *facts;
    bool known = verdict == ERP_CREATED ||
                 erp_facts_refused(&all, outcome->reason_code, outcome->reason_text);
    json_t *answer;

    asking->inquiry = NULL;
    if (*asking->refused.code)
        erp_facts_refused(&all, asking->refused.code, asking->refused.text);
    if (!known && verdict != ERP_REJECT) {
        refuse(asking, outcome);
    } else {
        if (!known)
            text_copy(all.state_text, sizeof all.state_text, outcome->reason_text);
        answer = answer_of(&all, &asking->asked);
        keep(asking->api, &asking->asked, answer, asking->call ? KEPT_MS : UNHEARD_MS);
        if (asking->call)
            call_reply(asking->call, 200, answer);
        else
            json_decref(answer);
    }
    asking_free(asking);
}

/* What is under way goes on: its answer may be there when it is asked for again. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct api_asking *asking = arg;

    (void)fd;
    (void)what;
    call_problem(asking->call, 504, "erp_timeout", NULL,
                 "the ERP did not answer within 5 s: ask again, or pump and let the order wait");
    asking->call = NULL;
}

void
api_check_end(struct api *api)
{
    while (api->askings) {
        struct api_asking *asking = api->askings;

        if (asking->call)
            api_unavailable(asking->call, &api_stopping);
        if (asking->inquiry)
            inquiry_forget(asking->inquiry);
        asking_free(asking);
    }
    for (size_t i = 0; api->checked && i < KEPT_MAX; i++)
        json_decref(api->checked[i].answer);
    free(api->checked);
}

/* The one place where the workshop's product and amount become the ERP's. What the workshop's rules
 * refuse, the ERP is not asked about. */
static void
map(struct api_asking *asking, struct order *for_erp)
{
    const struct order_rules *rules = &asking->api->setup.workshop->rules;
    const char *amount = *for_erp->product_amount ? for_erp->product_amount : NULL;
    struct order_mapped mapped;

    if (!*for_erp->product_nr)
        return;
    if (rules_map(rules, for_erp->product_nr, amount, false, &mapped, &asking->refused) == 0) {
        text_copy(for_erp->product_nr, sizeof for_erp->product_nr, mapped.product);
        if (amount)
            text_copy(for_erp->product_amount, sizeof for_erp->product_amount, mapped.amount);
        return;
    }
    *for_erp->product_amount = '\0';
    if (strcmp(asking->refused.code, REASON_PRODUCT_UNMAPPED) == 0)
        *for_erp->product_nr = '\0';
    else if (rules_map(rules, for_erp->product_nr, NULL, false, &mapped, &(struct err){0}) == 0)
        text_copy(for_erp->product_nr, sizeof for_erp->product_nr, mapped.product);
}

/* The same question under way, whose client was told to ask again: it does not start over. */
static bool
rejoin(struct api *api, struct call *call, const struct order *asked)
{
    struct timeval patience = clock_timeval(PATIENCE_MS);

    for (struct api_asking *asking = api->askings; asking; asking = asking->next)
        if (!asking->call && is_same(&asking->asked, asked)) {
            asking->call = call;
            evtimer_add(asking->timer, &patience);
            return true;
        }
    return false;
}

static void
ask(struct api *api, struct call *call, const struct order *asked)
{
    struct timeval patience = clock_timeval(PATIENCE_MS);
    struct order for_erp = *asked;
    struct api_asking *asking;
    struct err err;

    if (rejoin(api, call, asked))
        return;
    asking = mem_alloc(sizeof *asking);
    *asking = (struct api_asking){.api = api, .next = api->askings, .call = call, .asked = *asked};
    map(asking, &for_erp);
    asking->timer = loop_timer(api->setup.base, on_timer, asking);
    api->askings = asking;
    asking->inquiry =
        delivery_ask(api->setup.delivery, ERP_CHECK, &for_erp, on_answer, asking, &err);
    if (asking->inquiry) {
        evtimer_add(asking->timer, &patience);
        return;
    }
    api_unavailable(call, &err);
    asking_free(asking);
}

/* --- the question --- */

static bool
check_value(struct call *call, const char *name, const char *text)
{
    const char *wrong = *text ? text_value_wrong(text, strlen(text)) : NULL;

    if (!wrong && strlen(text) > ORDER_VALUE_MAX)
        wrong = "is longer than 128 bytes";
    if (wrong)
        api_bad_parameter(call, name, wrong);
    return !wrong;
}

/* value: ORDER_VALUE_MAX + 1 bytes; empty: it is not asked for. */
static bool
take_value(struct call *call, const char *name, char *value)
{
    char text[CALL_PARAM_BYTES] = "";

    if (call_query(call, name, text, sizeof text) < 0) {
        api_bad_parameter(call, name, "badly encoded or longer than 128 bytes");
        return false;
    }
    text_nfc_in_place(text, sizeof text);
    if (!check_value(call, name, text))
        return false;
    text_copy(value, ORDER_VALUE_MAX + 1, text);
    return true;
}

static bool
take_question(struct call *call, struct order *asked)
{
    if (!check_value(call, "worksheet", call->params[0]) ||
        !take_value(call, "product_nr", asked->product_nr) ||
        !take_value(call, "product_amount", asked->product_amount))
        return false;
    text_copy(asked->worksheet, sizeof asked->worksheet, call->params[0]);
    if (*asked->product_amount && !amount_valid(asked->product_amount)) {
        api_bad_parameter(call, "product_amount",
                          "must be a decimal greater than 0, with at most 9 digits before the "
                          "point and 6 after it");
        return false;
    }
    if (*asked->product_amount && !*asked->product_nr) {
        api_bad_parameter(call, "product_amount", "requires product_nr");
        return false;
    }
    return true;
}

void
api_check(struct call *call, void *context)
{
    struct api *api = context;
    struct order asked = {.status = ORDER_PLACED};
    const struct api_checked *kept;
    const char *cannot;
    struct err err;

    if (!take_question(call, &asked))
        return;
    if (delivery_askable(api->setup.delivery, &err)) {
        api_unavailable(call, &err);
        return;
    }
    cannot = delivery_cannot_check(api->setup.delivery);
    kept = kept_find(api, &asked);
    if (cannot)
        reply_unknown(call, &asked, cannot);
    else if (kept)
        call_reply(call, 200, json_deep_copy(kept->answer));
    else
        ask(api, call, &asked);
}
