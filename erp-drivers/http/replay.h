/* Recorded exchanges in the place of a server: the regression test of a recipe.
 *
 * A dialogue is an object:
 *   about        what is shown
 *   url, options, credentials   of the workshop's erp object; "http://erp.example.com/" and
 *                {"username": "bot", "password": "secret"} unless given
 *   attempts     a list of these; or the members of the only one:
 *     purpose    "order" (default), "check", "look_up" or "log_in"
 *     order      uniqueid, worksheet, product_nr, product_amount, commit_sent
 *     exchanges  {"request": {…}, "reply": {…}} in their order
 *     ends       verdict ("created", "retry", "reject", "park"), reason_code, reason_text,
 *                reference, retry_after_s; facts: what a check or a look-up has found, as in the
 *                reply of GET /worksheets/{worksheet}, or "line" ("missing", "same", "changed").
 *                Of a recording that stopped at a section: stopped_before ("commit", "verify").
 *                Absent: the recording was interrupted, and what the recipe then sends counts for
 *                nothing
 *
 * A request is what the recipe is to send: method, path, headers, body, commits, delay_ms; what is
 * not named is not compared. A body that is JSON is compared as JSON.
 *
 * A reply: status (200), headers, body; or {"lost": true}: none came.
 */
#ifndef ERP_DRIVERS_HTTP_REPLAY_H
#define ERP_DRIVERS_HTTP_REPLAY_H

#include "erp-drivers/driver.h"

/* false: the recipe does something else; difference says what, where in the dialogue. */
#define REPLAY_BYTES 2000
bool http_replay(const json_t *recipe, const json_t *dialogue, char difference[REPLAY_BYTES]);

#endif
