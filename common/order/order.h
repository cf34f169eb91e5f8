/* An order: what OilMat sent, and its state.
 *
 * Owns the order object of every reply, the names of states, and the rules of POST /create. Does
 * not know the queue, the ERP or HTTP. */
#ifndef COMMON_ORDER_ORDER_H
#define COMMON_ORDER_ORDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/json/author.h"
#include "common/order/amount.h"

#define ORDER_VALUE_MAX 128 /* bytes of UTF-8, as in the contract */
#define ORDER_PASSWORD_MAX 512
#define ORDER_BODY_MAX 16384
#define ORDER_REASON_TEXT_MAX 511
#define ORDER_REFERENCE_MAX 127
#define ORDER_WRITE_OFF_MAX 15 /* bytes of the reason why it is never billed */

enum order_status { ORDER_PLACED = 1, ORDER_PROCESSING, ORDER_CREATED, ORDER_ERROR };

struct order {
    char uniqueid[ORDER_VALUE_MAX + 1];
    char worksheet[ORDER_VALUE_MAX + 1];
    char product_nr[ORDER_VALUE_MAX + 1];
    char product_amount[ORDER_VALUE_MAX + 1]; /* decimal text exactly as ordered */
    enum order_status status;
    char reason_code[32]; /* empty: null */
    char reason_text[ORDER_REASON_TEXT_MAX + 1];
    char erp_reference[ORDER_REFERENCE_MAX + 1]; /* the ERP's own id of the line; empty: null */
    uint32_t attempts;
    int64_t placed_ms, updated_ms;
    int64_t next_attempt_ms; /* 0: null */
    int64_t trusted_ms; /* updated_ms in the queue's own time, see queue_trusted_ms; 0: unknown */
    uint64_t seq;       /* number in the queue, given by the queue; a retry gets a new one */
    uint64_t born;      /* its first seq, which it keeps */
    uint32_t history_length; /* entries of its history so far */
    bool commit_sent;        /* a request that may have created the line has left */
    bool by_hand;            /* a person entered its line, and resolved it */
    bool confirm;            /* a person said that the amount is right, although implausible */
    bool mapped;             /* erp_product and erp_amount are settled until a person retries it */
    bool held;               /* it has waited for its worksheet, since retry_since_ms */
    bool own_credentials;    /* credentials of its own are kept, sealed, by the queue */
    int64_t queued_ms;       /* when it was placed last, by its client or by a retry */
    int64_t retry_since_ms;  /* first failure of the present series of attempts, or the first wait
                                for  its worksheet, in queue_run_ms's time; 0: none yet */
    char erp_product[ORDER_VALUE_MAX + 1]; /* what the line holds where a mapping made it differ; */
    char erp_amount[ORDER_VALUE_MAX + 1];  /* empty: null */
    char written_off[ORDER_WRITE_OFF_MAX + 1]; /* why it is never billed; empty: it may be */
    char placed_by[AUTHOR_TEXT_BYTES];         /* author_pack; empty: unknown */
};

/* Credentials in sodium_malloc memory. */
struct credentials {
    char *username; /* plain text, never NULL once set */
    char *password; /* secret_free() it */
};

/* One refused member of an order. */
struct order_faults {
    char code[32]; /* missing_fields, invalid_fields, wrong_workshop or invalid_json */
    char detail[512];
    json_t *fields; /* owned array of member names, may be NULL */
};

/* Reads the body of POST /create. body: UTF-8 JSON; workshop: the name that this port serves;
 * need_credentials: whether username and password are required. Returns 0 with *order filled
 * (status placed, no times, no seq) and *credentials set if the order has its own (the caller frees
 * them by credentials_clear), or -1 with *faults (order_faults_clear). */
int order_parse(const char *body, size_t length, const char *workshop, bool need_credentials,
                struct order *order, struct credentials *credentials, struct order_faults *faults);

/* Reads the corrections of PUT /orders/{uniqueid}/retry (worksheet, product_nr, product_amount,
 * confirm, each optional, and no other member; the body may be empty) into *order. A confirmation
 * of earlier counts as long as product and amount are the same. Returns 0, or -1 with *faults and
 * *order unchanged. */
int order_parse_corrections(const char *body, size_t length, struct order *order,
                            struct order_faults *faults);

void order_faults_clear(struct order_faults *faults);
void credentials_clear(struct credentials *credentials);

/* Whether worksheet, product and amount (numerically) are the same. */
bool order_same_content(const struct order *a, const struct order *b);

/* Whether this is a reason why an order is never billed: spill, test, warranty, other. */
bool order_write_off_valid(const char *reason);

/* In error and not written off. */
bool order_needs_attention(const struct order *order);

/* The order as its ERP gets it: with the product and the amount that it is mapped to. */
void order_for_erp(const struct order *order, struct order *for_erp);

/* The order object of the contract; the caller owns it. */
json_t *order_json(const struct order *order, const char *workshop);

const char *order_status_name(enum order_status status);

/* 0 if name is not a status. */
enum order_status order_status_parse(const char *name);

#endif
