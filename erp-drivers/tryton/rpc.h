/* Tryton's JSON-RPC: calls as text, replies as results or verdicts.
 *
 * Calls are composed as text, because a JSON library keeps numbers in binary, which must never be
 * used for an amount. In replies each number with a fraction is read as a string of its text. Knows
 * neither sessions nor orders. */
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
 * the verdict, with *outcome filled. secret: masked in the ERP's message. */
enum erp_verdict tryton_rpc_result(const struct erp_reply *reply, const char *what,
                                   const char *secret, json_t **result,
                                   struct erp_outcome *outcome);

/* A successful reply with an unexpected result: retried. */
enum erp_verdict tryton_rpc_nonsense(struct erp_outcome *outcome, const char *what);

/* The plain decimal text of a float, integer or Decimal in a result; false: none of these. */
bool tryton_rpc_number(const json_t *value, char *text, size_t size);

#endif
