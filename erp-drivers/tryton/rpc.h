/* Tryton's JSON-RPC: calls as text, replies as results or verdicts.
 *
 * Calls are put together as text, because a JSON library holds numbers in binary and an amount must
 * never be held so. Replies are read with each number that has a fraction as a string of its own
 * text. Knows neither sessions nor orders. */
#ifndef ERP_DRIVERS_TRYTON_RPC_H
#define ERP_DRIVERS_TRYTON_RPC_H

#include "erp-drivers/driver.h"

/* A JSON value as text; the caller frees it. */
char *tryton_rpc_string(const char *text);
char *tryton_rpc_dump(const json_t *value);

/* Makes request a POST of a call. params: the JSON array's text, taken over and freed. */
void tryton_rpc_call(struct erp_request *request, const char *url, const char *method,
                     char *params);

/* ERP_SEND with the result in *result (a new reference, never NULL; JSON null is json_null()), or
 * how it ended, with *outcome filled. secret: masked in the ERP's words. */
enum erp_verdict tryton_rpc_result(const struct erp_reply *reply, const char *what,
                                   const char *secret, json_t **result,
                                   struct erp_outcome *outcome);

/* An answer that is no error and yet not what was asked for: tried again. */
enum erp_verdict tryton_rpc_nonsense(struct erp_outcome *outcome, const char *what);

/* The plain decimal text of a float, integer or Decimal in a result; false: none of them. */
bool tryton_rpc_number(const json_t *value, char *text, size_t size);

#endif
